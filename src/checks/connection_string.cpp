#include "checks/connection_string.hpp"

#include <algorithm>
#include <charconv>

namespace higuma::checks {

namespace {

constexpr std::size_t kLongest = 8'192;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_scheme(std::string_view text) {
    return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    });
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// What is no escape stays as it is.
std::string decoded(std::string_view text, bool plus_is_space = false) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                            hex_digit(text[i + 2]) >= 0;
        if (escape) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

bool set_host_and_port(std::string_view text, ConnectionString& parsed) {
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return false;
        parsed.host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (!text.empty() && text[0] != ':') return false;
        port = text.empty() ? text : text.substr(1);
    } else {
        const auto colon = text.find(':');
        parsed.host = decoded(text.substr(0, colon));
        if (colon != std::string_view::npos) port = text.substr(colon + 1);
    }
    const auto bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
    if (std::any_of(parsed.host.begin(), parsed.host.end(), bad)) return false;
    if (port.empty()) return true;
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size()) return false;
    parsed.port = number;
    return true;
}

void set_options(std::string_view query, ConnectionString& parsed) {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        if (pair.empty()) continue;
        parsed.options.emplace_back(decoded(pair.substr(0, equals), true),
                                    decoded(pair.substr(std::min(equals + 1, pair.size())), true));
    }
}

}  // namespace

std::optional<std::string> ConnectionString::option(std::string_view name) const {
    std::optional<std::string> found;
    for (const auto& [key, value] : options) {
        if (key == name) found = value;
    }
    return found;
}

Result<ConnectionString> parse_connection_string(std::string_view text) {
    const auto bad = [] { return invalid("database_connection_string", "Invalid URL"); };
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || text.size() > kLongest) return bad();
    if (text.find('\0') != std::string_view::npos) return bad();
    ConnectionString parsed;
    parsed.scheme = text.substr(0, colon);
    if (!is_scheme(parsed.scheme)) return bad();
    std::transform(parsed.scheme.begin(), parsed.scheme.end(), parsed.scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    text.remove_prefix(colon + 3);
    text = text.substr(0, text.find('#'));
    if (const auto query = text.find('?'); query != std::string_view::npos) {
        set_options(text.substr(query + 1), parsed);
        text = text.substr(0, query);
    }
    if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        parsed.path = decoded(text.substr(slash + 1));
        text = text.substr(0, slash);
    }
    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
        const std::string_view login = text.substr(0, at);
        const auto separator = std::min(login.find(':'), login.size());
        parsed.user = decoded(login.substr(0, separator));
        parsed.password = decoded(login.substr(std::min(separator + 1, login.size())));
        text.remove_prefix(at + 1);
    }
    if (!set_host_and_port(text, parsed)) return bad();
    return parsed;
}

}  // namespace higuma::checks
