#include "api/json_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>

namespace higuma::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kLongestNameShown = 100;  // bytes
constexpr std::int64_t kMaxDatabaseId = 4'294'967'295;

std::optional<std::int64_t> parse_digits(std::string_view digits) {
    std::int64_t value = 0;
    const auto* end = digits.data() + digits.size();
    const auto [rest, problem] = std::from_chars(digits.data(), end, value);
    if (problem != std::errc() || rest != end) return std::nullopt;
    return value;
}

Failure not_whole(const std::string& field, std::int64_t least, std::int64_t most) {
    return invalid(field,
                   fmt::format("{} must be a whole number, {}.", field, range_text(least, most)));
}

}  // namespace

std::string range_text(std::int64_t least, std::int64_t most) {
    return fmt::format("{} to {}", least, most);
}

Result<json::object> parse_object(const std::string& body) {
    json::parse_options options;
    options.max_depth = kMaxDepth;
    boost::system::error_code error;
    auto value = json::parse(body, error, {}, options);
    if (error) return invalid("body", "The body is not valid JSON: " + error.message() + ".");
    if (!value.is_object()) return invalid("body", "The body must be a JSON object.");
    return std::move(value.get_object());
}

Result<std::int64_t> whole_number(const json::value& value, const std::string& field,
                                  std::int64_t least, std::int64_t most) {
    if (const auto* number = value.if_int64(); number && *number >= least && *number <= most) {
        return *number;
    }
    return not_whole(field, least, most);
}

Result<double> number(const json::value& value, const std::string& field, double least,
                      double most) {
    boost::system::error_code error;
    const double given = value.is_number() ? value.to_number<double>(error) : std::nan("");
    if (error || !(given >= least && given <= most)) {
        return invalid(field, fmt::format("{} must be a number, {} to {}.", field, least, most));
    }
    return given;
}

Result<bool> boolean(const json::value& value, const std::string& field) {
    if (const auto* flag = value.if_bool()) return *flag;
    return invalid(field, field + " must be true or false.");
}

Result<std::string> text(const json::value& value, const std::string& field, std::size_t most) {
    const auto* given = value.if_string();
    if (!given) return invalid(field, field + " must be a string.");
    std::string copy(given->data(), given->size());
    if (copy.find('\0') != std::string::npos) {
        return invalid(field, field + " must not contain a NUL character.");
    }
    if (count_characters(copy) > most) {
        return invalid(field, fmt::format("{} must have at most {} characters.", field, most));
    }
    return copy;
}

std::size_t count_characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

Result<MonitorId> monitor_id(std::string_view segment) {
    const auto value = parse_digits(segment);
    if (!value || *value < 1 || *value > kMaxDatabaseId) return not_whole("id", 1, kMaxDatabaseId);
    return MonitorId{*value};
}

Result<NodeId> node_id(std::string_view text, const std::string& field) {
    if (!is_valid_node_id(text)) {
        return invalid(field,
                       field + " must have 1 to 50 letters, digits, dots, dashes or underscores.");
    }
    return NodeId{std::string(text)};
}

Failure unknown_field(std::string_view name) {
    std::size_t length = std::min(name.size(), kLongestNameShown);
    const auto inside_character = [&] {
        return length < name.size() && (static_cast<unsigned char>(name[length]) & 0xC0) == 0x80;
    };
    while (length > 0 && inside_character()) --length;
    // A member without a name cannot be named.
    if (name.empty()) return invalid("body", "There is no field without a name.");
    return invalid(std::string(name.substr(0, length)), "There is no such field.");
}

Result<std::int64_t> number_parameter(const Request& request, const std::string& name,
                                      std::int64_t least, std::int64_t most,
                                      std::int64_t otherwise) {
    const auto given = request.parameter(name);
    if (!given) return otherwise;
    const auto value = parse_digits(*given);
    if (!value || *value < least || *value > most) return not_whole(name, least, most);
    return *value;
}

Result<std::string> text_parameter(const Request& request, const std::string& name,
                                   std::size_t most) {
    auto given = request.parameter(name);
    if (!given) return std::string();
    if (count_characters(*given) > most) {
        return invalid(name, fmt::format("{} must have at most {} characters.", name, most));
    }
    return *given;
}

}  // namespace higuma::api
