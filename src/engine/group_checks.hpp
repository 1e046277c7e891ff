// Checks of groups: those that are due together are answered by one query, one query at a time.
// While the database does not answer they wait: what is not known is not DOWN.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "engine/roster.hpp"
#include "policy/group.hpp"

namespace higuma::engine {

class GroupChecks : public std::enable_shared_from_this<GroupChecks> {
  public:
    using Groups = std::shared_ptr<const std::vector<MonitorId>>;
    using Read = std::function<Task<Result<std::vector<policy::GroupState>>>(Groups, Deadline)>;
    // Called once for each check, unless it is stopped before.
    using Done = std::function<void(MonitorId, Ticket, const policy::CheckOutcome&)>;

    GroupChecks(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                Read read, Done done)
        : clock_(std::move(clock)),
          read_(std::move(read)),
          done_(std::move(done)),
          pause_(executor) {}

    void add(MonitorId group, Ticket ticket);
    void stop();
    std::size_t waiting() const { return waiting_.size() + asked_.size(); }

  private:
    struct Check {
        MonitorId group;
        Ticket ticket = 0;
    };
    Task<> run();
    Task<bool> ask();

    std::shared_ptr<const Clock> clock_;
    Read read_;
    Done done_;
    boost::asio::steady_timer pause_;
    std::vector<Check> waiting_, asked_;
    bool running_ = false, stopped_ = false;
};

}  // namespace higuma::engine
