// Reading what clients send: JSON objects, numbers in paths and queries, single typed values. Every
// refusal names the field and says what was expected.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/server.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace higuma::api {

// Failures name the field `body`: no JSON, nested too deep, invalid UTF-8, not an object.
Result<boost::json::object> parse_object(const std::string& body);

// Values of exactly this type: no strings for numbers, no floats for whole numbers.
Result<std::int64_t> whole_number(const boost::json::value& value, const std::string& field,
                                  std::int64_t least, std::int64_t most);
Result<double> number(const boost::json::value& value, const std::string& field, double least,
                      double most);
Result<bool> boolean(const boost::json::value& value, const std::string& field);
// At most `most` characters (code points) and no NUL.
Result<std::string> text(const boost::json::value& value, const std::string& field,
                         std::size_t most);

std::size_t count_characters(std::string_view utf8);

// A monitor's id as a path segment.
Result<MonitorId> monitor_id(std::string_view segment);
Result<NodeId> node_id(std::string_view text, const std::string& field);
// A query parameter that is a whole number; `otherwise` when it is not given.
Result<std::int64_t> number_parameter(const Request& request, const std::string& name,
                                      std::int64_t least, std::int64_t most,
                                      std::int64_t otherwise);
// A query parameter that is text of at most `most` characters; empty when it is not given.
Result<std::string> text_parameter(const Request& request, const std::string& name,
                                   std::size_t most);

// The refusal of a member that is not known; a long name is cut.
Failure unknown_field(std::string_view name);

// "1 to 50", for messages.
std::string range_text(std::int64_t least, std::int64_t most);

}  // namespace higuma::api
