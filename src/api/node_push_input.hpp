// What a push says, read as Uptime Kuma reads it: `status`, `msg` and `ping` from the query.
#pragma once

#include <optional>
#include <string_view>

#include "api/http/server.hpp"
#include "policy/beat_machine.hpp"

namespace higuma::api {

// As JavaScript's parseFloat: the number that `text` begins with; none when there is none.
std::optional<double> leading_number(std::string_view text);

// Failure: invalid_input (ping), with the text that Uptime Kuma answers.
Result<policy::CheckOutcome> push_outcome(const Request& request);

}  // namespace higuma::api
