#include "base/json_text.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <iterator>

namespace higuma {

namespace json = boost::json;

namespace {

void append(std::string& out, const json::value& value);

void append_object(std::string& out, const json::object& object) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : object) {
        if (!first) out += ',';
        first = false;
        out += json::serialize(key);
        out += ':';
        append(out, value);
    }
    out += '}';
}

void append_array(std::string& out, const json::array& array) {
    out += '[';
    bool first = true;
    for (const auto& value : array) {
        if (!first) out += ',';
        first = false;
        append(out, value);
    }
    out += ']';
}

void append_double(std::string& out, double number) {
    if (std::isfinite(number)) {
        fmt::format_to(std::back_inserter(out), "{}", number);
    } else {
        out += "null";
    }
}

void append(std::string& out, const json::value& value) {
    if (value.is_object()) {
        append_object(out, value.get_object());
    } else if (value.is_array()) {
        append_array(out, value.get_array());
    } else if (value.is_double()) {
        append_double(out, value.get_double());
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::string json_text(const json::value& value) {
    std::string out;
    append(out, value);
    return out;
}

}  // namespace higuma
