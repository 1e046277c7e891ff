// Brings findings of checks to the database: a batch a second at most, never while another one is
// under way, and without any haste when the database is away.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "engine/findings_keeper.hpp"

namespace higuma::engine {

class FindingsWriter : public std::enable_shared_from_this<FindingsWriter> {
  public:
    using Batch = std::shared_ptr<const std::vector<store::MonitorFindings>>;
    using Write = std::function<Task<Result<void>>(Batch, Deadline)>;

    FindingsWriter(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                   Write write, FindingsLimits limits = {}, Millis pace = Millis{1'000});

    void offer(store::MonitorFindings one);
    void forget(MonitorId id) { keeper_.forget(id); }
    void stop();

    struct Stats {
        std::size_t waiting = 0;
        std::uint64_t written = 0, dropped = 0, errors = 0;
    };
    Stats stats() const;

  private:
    Task<> run();

    std::shared_ptr<const Clock> clock_;
    Write write_;
    FindingsKeeper keeper_;
    Millis pace_;
    boost::asio::steady_timer pause_;
    bool running_ = false, stopped_ = false;
    Stats stats_;
};

}  // namespace higuma::engine
