#include <fmt/format.h>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include "checks/check_types.hpp"
#include "checks/http_exchange.hpp"
#include "net/resolver.hpp"
#include "net/tcp.hpp"
#include "policy/schedule.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

std::string failed(const Failure& failure) { return "Connection failed: " + failure.message; }

// The clock as the network calls want it; the context's owner outlives every check.
std::shared_ptr<const Clock> borrowed(const Clock& clock) {
    return {std::shared_ptr<const void>(), &clock};
}

}  // namespace

Task<CheckOutcome> check_port(const CheckContext& context, const Monitor& monitor,
                              Deadline deadline) {
    if (!monitor.port || *monitor.port < 1 || *monitor.port > 65'535) {
        co_return CheckOutcome::down("The port must be 1 to 65535");
    }
    deadline.at = std::min(deadline.at, context.clock.now() + policy::check_timeout(monitor));
    const auto answer =
        co_await context.resolver.resolve(monitor.hostname, monitor.ip_family, deadline);
    if (!answer) co_return CheckOutcome::down(failed(answer.error()));
    // Each address gets an equal share of the time that is left.
    std::string last_failure = "Connection failed";
    std::size_t left = answer->addresses.size();
    for (const auto& address : answer->addresses) {
        const Instant now = context.clock.now();
        const Deadline share{now + deadline.remaining(now) / static_cast<std::int64_t>(left--)};
        const auto took = co_await net::tcp_connect(
            address, static_cast<std::uint16_t>(*monitor.port), borrowed(context.clock), share);
        if (took) {
            co_return CheckOutcome::up(fmt::format("{} ms", took->count()), *took);
        }
        last_failure = failed(took.error());
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) break;
    }
    co_return CheckOutcome::down(last_failure);
}

}  // namespace higuma::checks
