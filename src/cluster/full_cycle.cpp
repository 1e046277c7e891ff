#include "cluster/full_cycle.hpp"

namespace higuma::cluster {

FullCycle::FullCycle(Services& services, TaskGroup& tasks, Watchers watchers, OnDone on_done)
    : services_(services),
      tasks_(tasks),
      watchers_(std::move(watchers)),
      on_done_(std::move(on_done)),
      gate_(services.executor, services.clock) {}

Task<Result<CycleResult>> FullCycle::run(std::shared_ptr<void> keep, Deadline deadline) {
    // Without a node to check, the cycle ends within the spawn.
    auto mine = running_;
    if (!mine) {
        mine = running_ = std::make_shared<Run>();
        tasks_.spawn("full health check", keep, cycle(keep, mine));
    }
    while (!mine->done && !deadline.passed(services_.clock->now()) && !services_.stopping) {
        co_await gate_.wait(deadline);
    }
    if (!mine->done) {
        co_return Failure{ErrorKind::timeout, "the health check has not ended in time", ""};
    }
    co_return mine->result;
}

Task<> FullCycle::cycle(std::shared_ptr<void> keep, std::shared_ptr<Run> run) {
    const auto started = services_.clock->now();
    const auto deadline = services_.after(services_.config.detector.check_timeout);
    const auto watchers = watchers_();
    run->open = watchers.size();
    run->result.nodes.resize(watchers.size());
    for (std::size_t slot = 0; slot < watchers.size(); ++slot) {
        tasks_.spawn("check of " + watchers[slot]->node().id.value, keep,
                     check_one(watchers[slot], run, slot, deadline));
    }
    // The checks end by their own deadline; the second here is for the event loop's own delays.
    const auto last = Deadline{deadline.at + Seconds(1)};
    while (run->open > 0 && !last.passed(services_.clock->now())) co_await gate_.wait(last);
    run->result.took = std::chrono::round<Millis>(services_.clock->now() - started);
    run->done = true;
    running_.reset();
    ++cycles_;
    last_ = services_.clock->wall_now();
    gate_.open();
    on_done_(run->result);
}

Task<> FullCycle::check_one(std::shared_ptr<NodeWatcher> watcher, std::shared_ptr<Run> run,
                            std::size_t slot, Deadline deadline) {
    run->result.nodes[slot].node = watcher->node().id;
    auto one = co_await watcher->full_check(deadline);
    if (!run->done) run->result.nodes[slot] = std::move(one);
    --run->open;
    gate_.open();
}

}  // namespace higuma::cluster
