// SQL text with values in it: every `?` of a statement becomes one escaped literal, in order.
// There is no other way that a value gets into a statement.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace higuma::store {

// The text as a quoted literal; safe because connections use utf8mb4 and backslash escapes.
void append_quoted(std::string& out, std::string_view text);

inline void append_literal(std::string& out, std::string_view text) { append_quoted(out, text); }
inline void append_literal(std::string& out, const char* text) { append_quoted(out, text); }
inline void append_literal(std::string& out, const std::string& text) { append_quoted(out, text); }
inline void append_literal(std::string& out, bool value) { out += value ? '1' : '0'; }
template <std::integral T>
void append_literal(std::string& out, T value) {
    out += std::to_string(value);
}
void append_literal(std::string& out, double value);
void append_literal(std::string& out, WallTime time);  // with milliseconds
// Node ids are ASCII in the database, which compares them with nothing else: in a text that is no
// id other bytes become '?', so that it matches no node.
void append_literal(std::string& out, const NodeId& id);
inline void append_literal(std::string& out, Epoch epoch) { out += std::to_string(epoch.value); }
inline void append_literal(std::string& out, Incarnation i) { out += std::to_string(i.value); }
inline void append_literal(std::string& out, ChangeSeq seq) { out += std::to_string(seq.value); }
template <class Tag>
void append_literal(std::string& out, Id<Tag> id) {
    out += std::to_string(id.value);
}
template <class T>
void append_literal(std::string& out, const std::optional<T>& value) {
    if (value) {
        append_literal(out, *value);
    } else {
        out += "NULL";
    }
}

// Copies `pattern` to the next `?` and past it; returns what follows. A missing `?` is a bug:
// aborts.
std::string_view append_until_mark(std::string& out, std::string_view pattern);
void append_rest(std::string& out, std::string_view pattern);  // aborts when a `?` is left

// sql_format("SELECT * FROM node WHERE node_id = ?", id)
template <class... Values>
std::string sql_format(std::string_view pattern, const Values&... values) {
    std::string out;
    out.reserve(pattern.size() + 32 * sizeof...(values));
    ((pattern = append_until_mark(out, pattern), append_literal(out, values)), ...);
    append_rest(out, pattern);
    return out;
}

// "(v1,v2,...)", appended; for lists of rows and of ids.
template <class... Values>
void append_row(std::string& out, const Values&... values) {
    char separator = '(';
    ((out += separator, separator = ',', append_literal(out, values)), ...);
    out += ')';
}

// "1,2,3" of ids; "NULL" for an empty list, so that `IN (...)` stays valid and matches nothing.
template <class Iterator>
std::string id_list(Iterator first, Iterator last) {
    if (first == last) return "NULL";
    std::string out;
    for (; first != last; ++first) {
        if (!out.empty()) out += ',';
        out += std::to_string(first->value);
    }
    return out;
}

// `text` for LIKE '%...%' with its wildcards made plain; not quoted yet.
std::string like_pattern(std::string_view text);

// Valid UTF-8 of at most `limit` bytes: other bytes become '?', and no character is cut in two.
std::string clean_text(std::string_view text, std::size_t limit);

}  // namespace higuma::store
