#include "cluster/async.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/redirect_error.hpp>

namespace higuma::cluster {

namespace asio = boost::asio;

Wake::Wake(asio::any_io_executor executor, std::shared_ptr<const Clock> clock)
    : timer_(std::move(executor)), clock_(std::move(clock)) {}

Task<> Wake::wait_until(Instant at) {
    if (!notified_ && at > clock_->now()) {
        timer_.expires_after(std::min<Duration>(at - clock_->now(), std::chrono::hours(24)));
        boost::system::error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    notified_ = false;
}

Task<> Wake::wait_for(Duration span) { return wait_until(clock_->now() + span); }

void Wake::notify() {
    notified_ = true;
    timer_.cancel();
}

Gate::Gate(asio::any_io_executor executor, std::shared_ptr<const Clock> clock)
    : executor_(std::move(executor)), clock_(std::move(clock)) {}

Task<> Gate::wait(Deadline deadline) {
    // Each waiter has a timer of its own: deadlines differ, and open() must wake those of now only.
    asio::steady_timer timer(executor_);
    timer.expires_after(
        std::min<Duration>(deadline.remaining(clock_->now()), std::chrono::hours(24)));
    waiting_.push_back(&timer);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    std::erase(waiting_, &timer);
}

void Gate::open() {
    for (auto* timer : waiting_) timer->cancel();
}

TaskGroup::TaskGroup(asio::any_io_executor executor, std::shared_ptr<const Clock> clock)
    : executor_(executor), clock_(clock), state_(std::make_shared<State>(executor, clock)) {}

void TaskGroup::spawn(std::string name, std::shared_ptr<void> keep, Task<> task) {
    state_->names.insert(name);
    asio::co_spawn(executor_, guard(std::move(name), std::move(keep), state_, std::move(task)),
                   asio::detached);
}

Task<> TaskGroup::guard(std::string name, std::shared_ptr<void> keep, std::shared_ptr<State> state,
                        Task<> task) {
    try {
        co_await std::move(task);
    } catch (const std::exception& error) {
        spdlog::error("{} ended by an exception: {}", name, error.what());
    }
    keep.reset();
    state->names.extract(name);
    state->ended.open();
}

std::string TaskGroup::running_names() const {
    std::string out;
    for (const auto& name : state_->names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

Task<> TaskGroup::wait(Deadline deadline) {
    const auto state = state_;
    while (!state->names.empty() && !deadline.passed(clock_->now())) {
        co_await state->ended.wait(deadline);
    }
}

}  // namespace higuma::cluster
