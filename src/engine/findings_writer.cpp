#include "engine/findings_writer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace higuma::engine {
namespace asio = boost::asio;

namespace {

constexpr Millis kWriteTime{10'000};
constexpr int kSlowerAfterFailure = 10;

}  // namespace

FindingsWriter::FindingsWriter(asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                               Write write, FindingsLimits limits, Millis pace)
    : clock_(std::move(clock)),
      write_(std::move(write)),
      keeper_(limits),
      pace_(pace),
      pause_(executor) {}

void FindingsWriter::offer(store::MonitorFindings one) {
    if (stopped_) return;
    keeper_.offer(std::move(one), clock_->now());
    if (keeper_.waiting() == 0 || std::exchange(running_, true)) return;
    asio::co_spawn(
        pause_.get_executor(), [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void FindingsWriter::stop() {
    stopped_ = true;
    pause_.cancel();
}

Task<> FindingsWriter::run() {
    const auto self = shared_from_this();
    Millis pause = pace_;
    while (!stopped_ && keeper_.waiting() > 0) {
        pause_.expires_after(pause);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (stopped_) break;
        auto batch = std::make_shared<std::vector<store::MonitorFindings>>(keeper_.take());
        Result<void> done = Failure{};
        try {
            done = co_await write_(batch, Deadline::after(*clock_, kWriteTime));
        } catch (const std::exception& error) {
            done = Failure{ErrorKind::internal, error.what(), ""};
        }
        pause = pace_;
        if (done) {
            stats_.written += batch->size();
            keeper_.written(*batch, clock_->now());
        } else if (++stats_.errors; done.error().kind == ErrorKind::internal ||
                                    done.error().kind == ErrorKind::invalid_input) {
            // The database is there and refuses them: the next checks offer what they find then.
            spdlog::warn("findings of {} checks cannot be stored: {}", batch->size(),
                         done.error().message);
        } else {
            keeper_.put_back(std::move(*batch));
            pause = pace_ * kSlowerAfterFailure;
        }
    }
    running_ = false;
}

FindingsWriter::Stats FindingsWriter::stats() const {
    Stats stats = stats_;
    stats.waiting = keeper_.waiting();
    stats.dropped = keeper_.dropped();
    return stats;
}

}  // namespace higuma::engine
