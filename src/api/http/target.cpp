#include "api/http/target.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace higuma::api {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> percent_decode(std::string_view raw, bool plus_is_space) {
    std::string text;
    text.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '%') {
            if (i + 2 >= raw.size()) return std::nullopt;
            const int high = hex_digit(raw[i + 1]);
            const int low = hex_digit(raw[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            text.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            text.push_back(plus_is_space && raw[i] == '+' ? ' ' : raw[i]);
        }
    }
    if (text.find('\0') != std::string::npos || !is_valid_utf8(text)) return std::nullopt;
    return text;
}

// "http://host/path" -> "/path"; a target in origin form stays as it is.
std::string_view without_origin(std::string_view raw) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!raw.starts_with(scheme)) continue;
        const auto slash = raw.find('/', scheme.size());
        return slash == std::string_view::npos ? std::string_view("/") : raw.substr(slash);
    }
    return raw;
}

Result<void> parse_query(std::string_view raw, Target& target) {
    while (!raw.empty()) {
        const auto end = raw.find('&');
        const auto pair = raw.substr(0, end);
        raw = end == std::string_view::npos ? std::string_view() : raw.substr(end + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        const auto name = percent_decode(pair.substr(0, equals), true);
        const auto value = equals == std::string_view::npos
                               ? std::optional<std::string>("")
                               : percent_decode(pair.substr(equals + 1), true);
        if (!name || !value)
            return invalid("query", "The query is not valid percent-encoded UTF-8.");
        target.query.emplace_back(*name, *value);
    }
    return {};
}

// The length of the UTF-8 sequence at `text`'s begin; 0 when there is no valid one.
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const std::uint8_t second = byte(1);
    if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
    if (lead == 0xED && second > 0x9F) return 0;  // surrogate
    if (lead == 0xF0 && second < 0x90) return 0;  // overlong
    if (lead == 0xF4 && second > 0x8F) return 0;  // behind the last code point
    return length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string percent_encode(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            encoded.push_back(c);
        } else {
            const auto byte = static_cast<std::uint8_t>(c);
            encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return encoded;
}

std::string Target::path() const {
    std::string joined;
    for (const auto& segment : segments) joined += "/" + segment;
    return joined;
}

Result<Target> parse_target(std::string_view raw) {
    raw = without_origin(raw);
    const auto bad_path = [] {
        return invalid("path", "The path is not valid percent-encoded UTF-8.");
    };
    if (raw.empty() || raw.front() != '/' || raw.find('#') != std::string_view::npos) {
        return bad_path();
    }
    const auto question = raw.find('?');
    auto path = raw.substr(0, question);
    Target target;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const auto end = std::min(path.find('/'), path.size());
        auto segment = percent_decode(path.substr(0, end), false);
        if (!segment) return bad_path();
        target.segments.push_back(std::move(*segment));
        path.remove_prefix(end);
    }
    if (question != std::string_view::npos) {
        if (auto parsed = parse_query(raw.substr(question + 1), target); !parsed) {
            return parsed.error();
        }
    }
    return target;
}

}  // namespace higuma::api
