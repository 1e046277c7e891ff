// `ping`: sends echo requests, at least a second apart, until so many were answered or the time is
// up, as `ping -c -w` does; one reply is enough.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "checks/check_types.hpp"
#include "checks/service_check.hpp"
#include "net/pinger.hpp"
#include "net/resolver.hpp"
#include "net/wake_up.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

constexpr Seconds kBetweenRequests{1};

struct Tally {
    int sent = 0, received = 0;
    std::optional<Millis> first;  // round trip
    std::string failure;          // of the last request that could not be sent
};

std::string loss_text(const Monitor& monitor, const boost::asio::ip::address& address,
                      const Tally& tally) {
    const int lost = tally.sent - tally.received;
    return fmt::format("PING {} ({}): {} packets transmitted, {} received, {}% packet loss",
                       monitor.hostname, address.to_string(), tally.sent, tally.received,
                       tally.sent > 0 ? lost * 100 / tally.sent : 100);
}

// Whether the check goes on: not cancelled, and time is left.
Task<bool> wait_until(ServiceCall& call, Instant at) {
    const auto executor = co_await boost::asio::this_coro::executor;
    net::WakeUp pause(executor);
    const Deadline until{std::min(at, call.deadline.at)};
    const auto woken = co_await pause.wait(call.context.clock, until);
    co_return woken != net::Woken::by_cancel && !call.deadline.passed(call.context.clock.now());
}

Task<Result<Tally>> send_all(ServiceCall& call, const boost::asio::ip::address& address) {
    const auto& options = call.monitor.options;
    const auto count = std::clamp<std::int64_t>(options.number_or(Option::ping_count, 1), 1, 100);
    const auto size = static_cast<std::size_t>(
        std::clamp<std::int64_t>(options.number_or(Option::packet_size, 56), 1, 65'500));
    const Seconds patience{options.number_or(Option::ping_per_request_timeout, 2)};
    Tally tally;
    while (tally.received < count) {
        const Instant now = call.context.clock.now();
        const Deadline each{std::min(call.deadline.at, now + patience)};
        ++tally.sent;
        const auto echo = co_await call.context.ping.echo(address, size, each);
        if (echo) {
            ++tally.received;
            if (!tally.first) tally.first = std::chrono::round<Millis>(*echo);
        } else if (echo.error().kind == ErrorKind::forbidden) {
            co_return echo.error();
        } else if (echo.error().kind != ErrorKind::timeout) {
            tally.failure = echo.error().message;
            break;  // it could not even be sent
        }
        if (tally.received == count) break;
        const bool goes_on = co_await wait_until(call, now + kBetweenRequests);
        if (!goes_on) break;
    }
    co_return tally;
}

Task<CheckOutcome> run(ServiceCall& call) {
    const auto found = co_await call.context.resolver.resolve(
        call.monitor.hostname, call.monitor.ip_family, call.deadline);
    if (!found) co_return CheckOutcome::down(found.error().message);
    const auto address = found->addresses.front();
    const auto tally = co_await send_all(call, address);
    if (!tally) co_return CheckOutcome::down(tally.error().message);
    if (tally->received > 0) co_return CheckOutcome::up("", tally->first);
    auto text = loss_text(call.monitor, address, *tally);
    if (!tally->failure.empty()) text += " (" + tally->failure + ")";
    co_return CheckOutcome::down(std::move(text));
}

}  // namespace

Task<CheckOutcome> check_ping(const CheckContext& context, const Monitor& monitor,
                              Deadline deadline) {
    return run_service_check(run, context, monitor, deadline);
}

}  // namespace higuma::checks
