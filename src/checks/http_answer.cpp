// An answer's body as Uptime Kuma sees it: JavaScript text, JSON parsed and written again.
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "checks/http_request.hpp"

namespace higuma::checks {
namespace json = boost::json;

namespace {

// How long the UTF-8 sequence at `at` is; 0 when it is none.
std::size_t sequence_at(std::string_view text, std::size_t at) {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const unsigned first = byte(at), second = byte(at + 1);
    const auto follows = [&](std::size_t i) { return (byte(at + i) & 0xC0) == 0x80; };
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool good = !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second > 0x9F);
        return good && follows(1) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool good = !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second > 0x8F);
        return good && follows(1) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

// JavaScript's way to write a number: up to 21 digits plainly, then with an exponent.
std::string number_text(double value) {
    if (value == 0) return "0";
    char buffer[40];
    const auto [end, error] =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    (void)error;
    std::string digits(buffer, end);
    const std::string sign = value < 0 ? "-" : "";
    if (value < 0) digits.erase(0, 1);
    const std::size_t mark = digits.find('e');
    const int exponent = std::stoi(digits.substr(mark + 1));
    digits.erase(mark);
    std::erase(digits, '.');
    const int count = static_cast<int>(digits.size());
    const int point = exponent + 1;  // digits in front of the decimal point
    if (point > 21 || point < -5) {
        std::string text = sign + digits.substr(0, 1);
        if (count > 1) text += "." + digits.substr(1);
        return text + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
    }
    if (point <= 0)
        return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
    if (point >= count)
        return sign + digits + std::string(static_cast<std::size_t>(point - count), '0');
    return sign + digits.insert(static_cast<std::size_t>(point), ".");
}

// Where the string that starts at `at` ends, behind its quote.
std::size_t end_of_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
    }
    return std::min(at + 1, text.size());
}

// One token of valid JSON, written as JavaScript writes it. Boost.JSON reads long numbers less
// exactly than JavaScript does, so the text is rewritten, not the parsed value.
std::string rewritten(std::string_view token) {
    if (token[0] == '"') {
        if (token.find('\\') == std::string_view::npos) return std::string(token);
        boost::system::error_code error;
        const auto parsed = json::parse(token, error);
        return error ? std::string(token) : json::serialize(parsed);
    }
    if (token[0] != '-' && (token[0] < '0' || token[0] > '9')) return std::string(token);
    double value = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    (void)end;
    if (error != std::errc{}) return "null";  // not finite, or nothing
    return number_text(value);
}

std::string compact(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    constexpr std::string_view kMarks = "{}[]:,";
    std::string written;
    written.reserve(text.size());
    std::size_t at = 0;
    while ((at = text.find_first_not_of(kSpace, at)) != std::string_view::npos) {
        if (kMarks.find(text[at]) != std::string_view::npos) {
            written += text[at++];
            continue;
        }
        const std::size_t end =
            text[at] == '"' ? end_of_string(text, at)
                            : std::min(text.find_first_of(" \t\r\n{}[]:,", at), text.size());
        written += rewritten(text.substr(at, end - at));
        at = end;
    }
    return written;
}

}  // namespace

std::string valid_utf8(std::string text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t size = sequence_at(text, at);
        if (size == 0) break;
        at += size;
    }
    if (at == text.size()) return text;
    std::string good = text.substr(0, at);
    while (at < text.size()) {
        const std::size_t size = sequence_at(text, at);
        if (size == 0) {
            good += "\xEF\xBF\xBD";
        } else {
            good.append(text, at, size);
        }
        at += std::max<std::size_t>(size, 1);
    }
    return good;
}

std::string text_of_answer(std::string body) {
    body = valid_utf8(std::move(body));
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    constexpr std::string_view kStarts = "{[\"-0123456789tfn";
    if (first == std::string::npos || kStarts.find(body[first]) == std::string_view::npos) {
        return body;
    }
    json::parse_options limits;
    limits.max_depth = 256;
    boost::system::error_code error;
    const auto parsed = json::parse(body, error, {}, limits);
    if (error) return body;
    if (const auto* text = parsed.if_string()) return {text->data(), text->size()};
    return compact(body);
}

std::string kept_part(const std::string& text, std::size_t most) {
    std::size_t units = 0;  // of UTF-16
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = std::max<std::size_t>(sequence_at(text, at), 1);
        units += size == 4 ? 2 : 1;
        if (units > most) return text.substr(0, at) + "... (truncated)";
        at += size;
    }
    return text;
}

}  // namespace higuma::checks
