// What the checks say, and what follows: states to write, monitors to move, routes to publish.
#include <spdlog/spdlog.h>

#include <cmath>

#include "cluster/controller_impl.hpp"
#include "cluster/event_text.hpp"

namespace higuma::cluster {

namespace {
constexpr Millis kRampStep{500};
constexpr double kFullWeight = 100;  // percent
// Announced loads are rounded up to such steps, so that the table is not written for every breath.
constexpr std::uint32_t kLoadStepPermille = 50;

static_assert(static_cast<int>(routing::Algorithm::weighted) ==
              static_cast<int>(policy::Algorithm::weighted));

std::uint32_t weight_of(const Node& node) {
    const auto weight = static_cast<std::uint32_t>(std::max(node.weight.value_or(100), 1));
    return std::min(weight, routing::kMaxWeight);
}

std::uint32_t announced_permille(double load) {
    const auto steps = std::ceil(std::clamp(load, 0.0, 1.0) * 1'000 / kLoadStepPermille);
    return static_cast<std::uint32_t>(steps) * kLoadStepPermille;
}

routing::NodeState route_state(NodeStatus status) {
    switch (status) {
        case NodeStatus::unknown:
            return routing::NodeState::unknown;
        case NodeStatus::online:
            return routing::NodeState::online;
        case NodeStatus::recovering:
            return routing::NodeState::recovering;
        case NodeStatus::draining:
            return routing::NodeState::draining;
        case NodeStatus::offline:
            return routing::NodeState::offline;
    }
    return routing::NodeState::unknown;
}
}  // namespace

bool Controller::Impl::may_move() const {
    return !services.stopping && lease.leader() && database_reachable && nodes_known &&
           cache.loaded();
}

std::string Controller::Impl::address_of(const std::string& node) const {
    const auto found = watchers.find(node);
    if (found == watchers.end() || found->second->health().status == NodeStatus::offline) return "";
    return found->second->address().text();
}

int Controller::Impl::limit_of(const Node& node) const {
    return node.monitor_limit.value_or(services.config.monitor_limit_per_node);
}

// The leader's own checks decide; a follower goes by the database. While the database is away
// nobody's decisions can be read, so each gateway goes by what it sees itself.
NodeStatus Controller::Impl::routed_status(const NodeWatcher& watcher) const {
    const bool untold = watcher.node().status == NodeStatus::unknown;
    const bool own = lease.leader() || !database_reachable || untold;
    return own ? watcher.health().status : watcher.node().status;
}

// Monitors are moved only to nodes that have answered this controller itself.
NodeStatus Controller::Impl::placed_status(const NodeWatcher& watcher) const {
    const auto status = watcher.health().status;
    const bool confirmed = watcher.figures().checks_ok > 0;
    return status == NodeStatus::online && !confirmed ? NodeStatus::unknown : status;
}

std::optional<routing::NodeTable> Controller::Impl::make_node_table() const {
    if (!nodes_known) return std::nullopt;  // nginx still has the last run's table
    routing::NodeTable table;
    table.setup_complete = setup_complete;
    if (watchers.contains(forced_node)) table.forced = forced_node;
    table.algorithm = static_cast<routing::Algorithm>(services.config.algorithm);
    for (const auto& [id, watcher] : watchers) {
        routing::RouteNode node;
        node.id = id;
        node.address = watcher->address().text();
        node.state = route_state(routed_status(*watcher));
        node.suspect = watcher->suspect() && node.state != routing::NodeState::offline;
        node.primary = watcher->node().is_primary;
        node.monitors = static_cast<std::uint32_t>(cache.load(NodeId{id}).monitors);
        node.ramp_permille = ramp_of(*watcher);
        node.weight = weight_of(watcher->node());
        node.announced_load_permille =
            announced_permille(watcher->figures().announced_load.value_or(0));
        table.nodes.push_back(std::move(node));
    }
    return table;
}

std::uint32_t Controller::Impl::ramp_of(const NodeWatcher& watcher) const {
    return ramp_permille(watcher.figures().came_online, services.clock->now(),
                         services.config.slow_start);
}

StateCache::NodeFacts Controller::Impl::facts_of(const NodeWatcher& watcher) const {
    const auto& node = watcher.node();
    StateCache::NodeFacts facts;
    facts.id = node.id;
    facts.status = placed_status(watcher);
    facts.limit = limit_of(node);
    facts.speed = weight_of(node) / kFullWeight;
    if (node.draining) {
        facts.drain =
            drain_strategy_from(node.drain_strategy).value_or(policy::DrainStrategy::distribute);
        facts.drain_target = node.drain_target;
    }
    return facts;
}

void Controller::Impl::refresh_cached_nodes() {
    std::vector<StateCache::NodeFacts> facts;
    for (const auto& [id, watcher] : watchers) {
        facts.push_back(facts_of(*watcher));
    }
    if (cache.set_nodes(facts)) mover->request();
}

// The stored state differs when a write was lost or another hand changed it.
void Controller::Impl::repair_stored_states() {
    for (const auto& [id, watcher] : watchers) {
        const auto& health = watcher->health();
        if (health.status == NodeStatus::unknown || health.status == watcher->node().status) {
            continue;
        }
        if (recorder.status_pending(NodeId{id})) continue;
        recorder.status(NodeId{id}, health.status, health.last_error,
                        health.consecutive_successes > 0);
    }
}

void Controller::Impl::on_gained() {
    recorder.event("leader", std::nullopt, 0, 0,
                   services.config.self + " leads the cluster (term " +
                       std::to_string(lease.term_number()) + ")");
    for (const auto& [id, watcher] : watchers) {
        const auto status = watcher->health().status;
        if (status == NodeStatus::unknown || status == watcher->node().status) continue;
        state_event(*watcher, Millis{0});
    }
    repair_stored_states();
    mover->restart();
    rebalancer->forget();
    publisher->nodes_changed();
}

void Controller::Impl::state_event(const NodeWatcher& watcher, Millis detection) {
    const auto& health = watcher.health();
    recorder.event(
        std::string(to_string(health.status)), watcher.node().id,
        cache.load(watcher.node().id).monitors, detection.count(),
        status_text(watcher.node().id.value, health.status, health.last_error, detection));
}

void Controller::Impl::count(policy::HealthEvent event) {
    if (event == policy::HealthEvent::connection_closed) {
        ++statistics.liveness_closed;
        return;
    }
    ++statistics.check_count;
    statistics.last_check = services.clock->wall_now();
    if (event == policy::HealthEvent::check_ok) ++statistics.success_count;
    if (event == policy::HealthEvent::check_failed) ++statistics.fail_count;
}

void Controller::Impl::on_step(NodeWatcher& watcher, const policy::HealthStep& step,
                               const policy::NodeHealth& before) {
    const auto& health = step.health;
    const auto& figures = watcher.figures();
    if (health.consecutive_failures == 0 || before.consecutive_failures == 0 ||
        step.status_changed) {
        publisher->nodes_changed();
    }
    // The first answer also confirms a node whose state was only read from the database.
    if (figures.checks_ok <= 1 || step.status_changed) refresh_cached_nodes();
    if (!step.status_changed) return;

    Millis detection{0};
    if (step.went_offline) {
        ++statistics.detections;
        const auto first = health.first_failure.value_or(health.since);
        detection = std::chrono::round<Millis>(health.since - first);
        statistics.last_time_to_detect = detection;
        statistics.time_to_detect_sum += detection;
    }
    if (step.came_online) ramp_wake.notify();
    if (!lease.leader()) {
        spdlog::info("{}", status_text(watcher.node().id.value, health.status, health.last_error,
                                       detection));
        return;
    }
    recorder.status(watcher.node().id, health.status, health.last_error,
                    health.consecutive_successes > 0);
    state_event(watcher, detection);
    mover->request();
}

void Controller::Impl::on_cycle(const CycleResult& result) {
    if (!lease.leader()) return;
    for (const auto& one : result.nodes) {
        const auto found = watchers.find(one.node.value);
        if (found == watchers.end()) continue;
        const auto& health = found->second->health();
        if (health.status == NodeStatus::unknown) continue;
        recorder.status(one.node, health.status, one.ok ? "" : one.error, one.ok);
    }
}

Task<> Controller::Impl::cycle_loop() {
    const auto self = shared_from_this();
    while (!services.stopping) {
        const auto started = services.clock->now();
        if (nodes_known) {
            const auto limit = services.after(services.config.detector.check_timeout + Seconds(5));
            const auto ended = co_await full_cycle->run(self, limit);
            if (!ended) spdlog::warn("{}", ended.error().message);
        }
        if (services.stopping) break;
        // Until the node table was read there is nothing to check.
        const Duration span = nodes_known ? Duration(services.config.detector.full_interval)
                                          : Duration(services.config.poll_interval);
        co_await cycle_wake.wait_until(started + span);
    }
}

Task<> Controller::Impl::ramp_loop() {
    while (!services.stopping) {
        const auto now = services.clock->now();
        bool ramping = false;
        for (const auto& [id, watcher] : watchers) {
            const auto since = watcher->figures().came_online;
            ramping = ramping || (since && now - *since < services.config.slow_start + kRampStep);
        }
        if (ramping) publisher->nodes_changed();
        co_await ramp_wake.wait_until(ramping ? now + kRampStep : Instant::max());
    }
}

}  // namespace higuma::cluster
