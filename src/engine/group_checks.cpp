#include "engine/group_checks.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace higuma::engine {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kAtOnce = 1'000;
constexpr Millis kGather{20};  // groups that fall due within it share a query
constexpr Millis kReadTime{10'000};
constexpr Millis kRetry{1'000};

}  // namespace

void GroupChecks::add(MonitorId group, Ticket ticket) {
    if (stopped_) return;
    waiting_.push_back({group, ticket});
    if (std::exchange(running_, true)) return;
    asio::co_spawn(
        pause_.get_executor(), [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void GroupChecks::stop() {
    stopped_ = true;
    waiting_.clear();
    asked_.clear();
    pause_.cancel();
}

Task<> GroupChecks::run() {
    const auto self = shared_from_this();
    Millis pause = kGather;
    while (!stopped_ && !(waiting_.empty() && asked_.empty())) {
        pause_.expires_after(pause);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (stopped_) break;
        const bool answered = co_await ask();
        pause = answered ? kGather : kRetry;
    }
    running_ = false;
}

Task<bool> GroupChecks::ask() {
    const std::size_t room = kAtOnce - std::min(kAtOnce, asked_.size());
    const auto end =
        waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(room, waiting_.size()));
    asked_.insert(asked_.end(), waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    auto groups = std::make_shared<std::vector<MonitorId>>();
    for (const Check& check : asked_) groups->push_back(check.group);
    Result<std::vector<policy::GroupState>> states = Failure{};
    try {
        states = co_await read_(groups, Deadline::after(*clock_, kReadTime));
    } catch (const std::exception& error) {
        states = Failure{ErrorKind::internal, error.what(), ""};
    }
    if (stopped_ || !states) co_return false;
    const auto checks = std::exchange(asked_, {});
    for (std::size_t i = 0; i < checks.size(); ++i) {
        done_(checks[i].group, checks[i].ticket, policy::group_outcome((*states)[i]));
    }
    co_return true;
}

}  // namespace higuma::engine
