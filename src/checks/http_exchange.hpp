// One HTTP request for a check: what `http`, `keyword` and `json-query` share.
#pragma once

#include <memory>
#include <optional>

#include "checks/check.hpp"
#include "net/http_client.hpp"

namespace higuma::checks {

// What came of a monitor's request. There may be an answer and a failure: a status that is not
// accepted.
struct Exchange {
    std::optional<net::HttpResponse> answer;
    std::string failure;  // the message of the beat; empty: the answer is accepted
    std::shared_ptr<const Findings> findings;

    bool good() const { return failure.empty(); }
};

// Sends the monitor's request and judges the status. `max_body`: how much of the answer is kept.
Task<Exchange> exchange(const CheckContext& context, const Monitor& monitor, std::size_t max_body,
                        Deadline deadline);

// How much of an answer a monitor keeps when it is good, and when its status is not accepted.
std::size_t kept_of_success(const Monitor& monitor);
std::size_t kept_of_failure(const Monitor& monitor);

// The outcome of an exchange that is not good, or of an answer that does not say what it should.
policy::CheckOutcome failed(const Monitor& monitor, Exchange exchange);
policy::CheckOutcome rejected(const Monitor& monitor, Exchange exchange, std::string msg);
// The outcome of a good one.
policy::CheckOutcome passed(const Monitor& monitor, Exchange exchange, std::string msg);

// "200 - OK".
std::string status_line(const net::HttpResponse& response);

}  // namespace higuma::checks
