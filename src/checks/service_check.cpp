#include "checks/service_check.hpp"

#include <boost/asio/this_coro.hpp>

#include "policy/schedule.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

Task<CheckOutcome> run_service_check(ServiceBody body, const CheckContext& context,
                                     const Monitor& monitor, Deadline deadline) {
    // A cancelled check ends with an outcome like any other, not with an exception.
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    const Instant start = context.clock.now();
    deadline.at = std::min(deadline.at, start + policy::check_timeout(monitor));
    ServiceCall call{context, monitor, deadline};
    CheckOutcome outcome = co_await body(call);
    if (outcome.ok && !outcome.ping) {
        outcome.ping = std::chrono::round<Millis>(context.clock.now() - start);
    }
    outcome.msg = without_secrets(std::move(outcome.msg), call.secrets);
    co_await boost::asio::this_coro::throw_if_cancelled(true);
    co_return outcome;
}

std::unique_ptr<net::TlsStream> new_stream(const ServiceCall& call,
                                           boost::asio::any_io_executor executor) {
    return std::make_unique<net::TlsStream>(std::move(executor), call.context.clock,
                                            call.context.tls, call.deadline);
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
    // Shorter ones are in any text, and hiding them there would tell them.
    constexpr std::size_t kShortest = 3;
    for (const std::string& secret : secrets) {
        if (secret.size() < kShortest) continue;
        for (std::size_t at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + 3)) {
            text.replace(at, secret.size(), "***");
        }
    }
    return text;
}

}  // namespace higuma::checks
