// Helpers for the coroutines of this folder: a wake-up that is never lost, a group that owns its
// tasks, an await that ends at its deadline, and work off the main loop. For one thread (the main
// loop) only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace higuma::cluster {

// One waiter and any number of notifiers; a notification while nobody waits ends the next wait at
// once.
class Wake {
  public:
    Wake(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock);
    Task<> wait_until(Instant at);
    Task<> wait_for(Duration span);
    void notify();

  private:
    boost::asio::steady_timer timer_;
    std::shared_ptr<const Clock> clock_;
    bool notified_ = false;
};

// Any number of waiters; each looks at its own condition after a wake-up.
class Gate {
  public:
    Gate(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock);
    Task<> wait(Deadline deadline);  // until the next open() or the deadline
    void open();

  private:
    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Clock> clock_;
    std::vector<boost::asio::steady_timer*> waiting_;  // each lives in its waiter's frame
};

// Owns spawned tasks: counts them, logs what they throw, and can wait until all have ended.
class TaskGroup {
  public:
    TaskGroup(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock);
    // `keep` stays alive as long as the task.
    void spawn(std::string name, std::shared_ptr<void> keep, Task<> task);
    Task<> wait(Deadline deadline);
    std::size_t running() const { return state_->names.size(); }
    std::string running_names() const;  // for the log

  private:
    struct State {
        State(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock)
            : ended(std::move(executor), std::move(clock)) {}
        std::multiset<std::string> names;  // of the running tasks
        Gate ended;
    };
    static Task<> guard(std::string name, std::shared_ptr<void> keep, std::shared_ptr<State> state,
                        Task<> task);
    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Clock> clock_;
    std::shared_ptr<State> state_;
};

template <class T>
struct Awaited {
    explicit Awaited(boost::asio::any_io_executor executor) : timer(std::move(executor)) {}
    boost::asio::steady_timer timer;
    std::optional<Result<T>> result;
    std::exception_ptr thrown;
};

template <class T>
Task<> fill_awaited(std::shared_ptr<Awaited<T>> state, Task<Result<T>> work) {
    try {
        auto result = co_await std::move(work);
        state->result.emplace(std::move(result));
    } catch (...) {
        state->thrown = std::current_exception();
    }
    state->timer.cancel();
}

// `work`, or a timeout when it has not ended by the deadline. Work that is left behind ends by its
// own limits and its result is dropped: a frozen database holds up its own threads and nobody else.
template <class T>
Task<Result<T>> within(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                       Deadline deadline, Task<Result<T>> work) {
    auto state = std::make_shared<Awaited<T>>(executor);
    const auto span = std::min<Duration>(deadline.remaining(clock->now()), std::chrono::hours(24));
    state->timer.expires_after(span);
    boost::asio::co_spawn(executor, fill_awaited<T>(state, std::move(work)), boost::asio::detached);
    if (!state->result && !state->thrown) {
        boost::system::error_code ignored;
        co_await state->timer.async_wait(
            boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    if (state->thrown) std::rethrow_exception(state->thrown);
    if (!state->result) co_return Failure{ErrorKind::timeout, "no answer in time", ""};
    co_return std::move(*state->result);
}

template <class Function>
Task<std::invoke_result_t<Function&>> call_there(Function function) {
    co_return function();
}

// Runs `function()` on the pool and continues on the caller's executor.
template <class Function>
Task<std::invoke_result_t<Function&>> offload(boost::asio::thread_pool& pool, Function function) {
    co_return co_await boost::asio::co_spawn(pool.get_executor(), call_there(std::move(function)),
                                             boost::asio::use_awaitable);
}

}  // namespace higuma::cluster
