// The full cycle: every node checked at once on a connection of its own, one cycle at a time. Who
// asks while one runs gets that one's result.
#pragma once

#include "cluster/async.hpp"
#include "cluster/node_watcher.hpp"

namespace higuma::cluster {

class FullCycle {
  public:
    using Watchers = std::function<std::vector<std::shared_ptr<NodeWatcher>>()>;
    using OnDone = std::function<void(const CycleResult&)>;
    FullCycle(Services& services, TaskGroup& tasks, Watchers watchers, OnDone on_done);

    // Starts a cycle, or joins the one that runs. Failure: timeout.
    Task<Result<CycleResult>> run(std::shared_ptr<void> keep, Deadline deadline);
    std::uint64_t cycles() const { return cycles_; }
    std::optional<WallTime> last() const { return last_; }

  private:
    struct Run {
        CycleResult result;
        std::size_t open = 0;
        bool done = false;
    };
    Task<> cycle(std::shared_ptr<void> keep, std::shared_ptr<Run> run);
    Task<> check_one(std::shared_ptr<NodeWatcher> watcher, std::shared_ptr<Run> run,
                     std::size_t slot, Deadline deadline);

    Services& services_;
    TaskGroup& tasks_;
    Watchers watchers_;
    OnDone on_done_;
    Gate gate_;
    std::shared_ptr<Run> running_;
    std::uint64_t cycles_ = 0;
    std::optional<WallTime> last_;
};

}  // namespace higuma::cluster
