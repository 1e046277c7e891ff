// One suspended coroutine that is woken by an event, by its deadline or by cancellation.
// It is a timer at the deadline which the event cancels, so that waiting costs one timer and no
// lock.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.hpp"
#include "base/task.hpp"

namespace higuma::net {

enum class Woken { by_event, by_deadline, by_cancel };

class WakeUp {
  public:
    explicit WakeUp(boost::asio::any_io_executor executor) : timer_(executor) {}

    void notify() {
        notified_ = true;
        timer_.cancel();
    }
    bool notified() const { return notified_; }

    // Returns at once after `notify`. For one waiter.
    Task<Woken> wait(const Clock& clock, Deadline deadline) {
        if (notified_) co_return Woken::by_event;
        set_expiry(timer_, clock, deadline);
        auto [error] =
            co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (notified_) co_return Woken::by_event;
        co_return error ? Woken::by_cancel : Woken::by_deadline;
    }

    static void set_expiry(boost::asio::steady_timer& timer, const Clock& clock,
                           Deadline deadline) {
        if (deadline.at == Instant::max()) {
            timer.expires_at(boost::asio::steady_timer::time_point::max());
        } else {
            timer.expires_after(deadline.remaining(clock.now()));
        }
    }

  private:
    boost::asio::steady_timer timer_;
    bool notified_ = false;
};

}  // namespace higuma::net
