// The rules that a family of monitor types has for its fields, and what they share. Failures are
// invalid_input and name the field.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/monitor.hpp"

namespace higuma::api {

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> allowed);
Result<void> check_choice(const std::string& value, const std::string& field,
                          std::initializer_list<std::string_view> allowed);

Result<void> check_http_rules(const Monitor& monitor);  // http, keyword, json-query
// dns, redis, mysql, postgres, mqtt, smtp, websocket-upgrade; all others pass.
Result<void> check_service_rules(const Monitor& monitor);

}  // namespace higuma::api
