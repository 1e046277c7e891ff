// What the checks of services (redis, mysql, smtp, ...) share: the limit of a check, and its
// outcome with everything secret taken out.
#pragma once

#include <string>
#include <vector>

#include "checks/check.hpp"
#include "net/tls_stream.hpp"

namespace higuma::checks {

// One run of a check. `deadline` is the monitor's limit already.
struct ServiceCall {
    const CheckContext& context;
    const Monitor& monitor;
    Deadline deadline;
    std::vector<std::string> secrets{};  // what the outcome's message must not hold
};
using ServiceBody = Task<policy::CheckOutcome> (*)(ServiceCall& call);

// Runs `body` with the monitor's limit. An outcome that is up and has no ping gets the time that
// the whole check took, as Uptime Kuma has it.
Task<policy::CheckOutcome> run_service_check(ServiceBody body, const CheckContext& context,
                                             const Monitor& monitor, Deadline deadline);

// A stream for this call, not connected yet.
std::unique_ptr<net::TlsStream> new_stream(const ServiceCall& call,
                                           boost::asio::any_io_executor executor);

// Servers repeat what they were sent: `text` without the secrets that are in it.
std::string without_secrets(std::string text, const std::vector<std::string>& secrets);

}  // namespace higuma::checks
