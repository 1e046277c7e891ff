// One HTTP request for a check: what `http`, `keyword` and later types that read an answer share.
// Failures carry the message of the beat.
#pragma once

#include "base/result.hpp"
#include "checks/check.hpp"
#include "net/http_client.hpp"

namespace higuma::checks {

// Sends the monitor's request and judges the status. `max_body`: how much of the answer is kept.
Task<Result<net::HttpResponse>> exchange(const CheckContext& context, const Monitor& monitor,
                                         std::size_t max_body, Deadline deadline);

// "200 - OK".
std::string status_line(const net::HttpResponse& response);

}  // namespace higuma::checks
