#include "store/sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/result.hpp"

namespace higuma::store {

void append_quoted(std::string& out, std::string_view text) {
    out.reserve(out.size() + text.size() + 2);
    out += '\'';
    for (const char c : text) {
        switch (c) {
            case '\0':
                out += "\\0";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\x1a':
                out += "\\Z";
                break;
            case '\'':
            case '"':
            case '\\':
                out += '\\';
                out += c;
                break;
            default:
                out += c;
        }
    }
    out += '\'';
}

void append_literal(std::string& out, double value) {
    if (std::isfinite(value)) {
        fmt::format_to(std::back_inserter(out), "{}", value);
    } else {
        out += "NULL";
    }
}

void append_literal(std::string& out, WallTime time) {
    out += '\'';
    out += format_sql_time(time);
    out += '\'';
}

void append_literal(std::string& out, const NodeId& id) {
    auto text = id.value;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7F; }, '?');
    append_quoted(out, text);
}

std::string_view append_until_mark(std::string& out, std::string_view pattern) {
    const auto mark = pattern.find('?');
    invariant(mark != std::string_view::npos, "sql_format: more values than question marks");
    out += pattern.substr(0, mark);
    return pattern.substr(mark + 1);
}

void append_rest(std::string& out, std::string_view pattern) {
    invariant(pattern.find('?') == std::string_view::npos, "sql_format: a question mark is left");
    out += pattern;
}

std::string like_pattern(std::string_view text) {
    std::string out = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') out += '\\';
        out += c;
    }
    return out + '%';
}

// The length of the valid UTF-8 sequence at the start of `text`; 0 when there is none.
static std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    const bool too_high = lead == 0xF4 && byte(1) > 0x8F;
    return overlong || surrogate || too_high ? 0 : length;
}

std::string clean_text(std::string_view text, std::size_t limit) {
    std::string out;
    out.reserve(std::min(text.size(), limit));
    while (!text.empty()) {
        const auto length = sequence_length(text);
        const auto step = length == 0 ? 1 : length;
        if (out.size() + step > limit) break;
        if (length == 0) {
            out += '?';
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(step);
    }
    return out;
}

}  // namespace higuma::store
