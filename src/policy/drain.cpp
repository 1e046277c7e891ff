#include <algorithm>

#include "policy/node_fill.hpp"
#include "policy/rebalancing.hpp"

namespace higuma::policy {
namespace {

// What the other online nodes run and what is about to join them.
struct Leaving {
    std::vector<const PlacedMonitor*> monitors;
    std::size_t pinned = 0;
    Fill active;
};

Leaving leaving_of(const ClusterState& state, NodeIndex from) {
    Leaving leaving;
    for (const PlacedMonitor& monitor : state.monitors) {
        if (monitor.effective() != from) continue;
        if (monitor.pinned) {
            ++leaving.pinned;
            continue;
        }
        leaving.monitors.push_back(&monitor);
        if (!monitor.active) continue;
        leaving.active.load += micro(monitor.load);
        ++leaving.active.count;
    }
    std::sort(leaving.monitors.begin(), leaving.monitors.end(),
              [](const PlacedMonitor* a, const PlacedMonitor* b) { return a->id < b->id; });
    return leaving;
}

double level_with(const ClusterState& state, const Fills& fills, NodeIndex node, MicroLoad more) {
    const auto at = static_cast<std::size_t>(node);
    return static_cast<double>(fills.active[at].load + more) / speed_of(state.nodes[at]);
}

// The node that would be loaded least with everything on it, among those with room if there are
// any.
NodeIndex best_single(const ClusterState& state, const Fills& fills, NodeIndex from,
                      const Fill& more) {
    NodeIndex best = kNoNode;
    std::tuple<bool, double> best_rank;
    for (NodeIndex node = 0; node < static_cast<NodeIndex>(state.nodes.size()); ++node) {
        if (node == from || !is_online(state, node)) continue;
        const auto at = static_cast<std::size_t>(node);
        const bool crowded = room_of(state.nodes[at], fills.active[at]) < more.count;
        const std::tuple rank(crowded, level_with(state, fills, node, more.load));
        if (best != kNoNode && rank >= best_rank) continue;
        best = node;
        best_rank = rank;
    }
    return best;
}

// Whether one node can take everything and stay under its limit and within the default goal.
bool fits(const ClusterState& state, const Fills& fills, NodeIndex from, NodeIndex to,
          const Fill& more) {
    const auto at = static_cast<std::size_t>(to);
    if (room_of(state.nodes[at], fills.active[at]) < more.count) return false;
    double load = static_cast<double>(more.load), speed = 0;
    for (std::size_t i = 0; i < state.nodes.size(); ++i) {
        const auto node = static_cast<NodeIndex>(i);
        if (node == from || !is_online(state, node)) continue;
        load += static_cast<double>(fills.active[i].load);
        speed += speed_of(state.nodes[i]);
    }
    return level_with(state, fills, to, more.load) <= BalanceGoal{}.max_over_mean * load / speed;
}

void distribute(const ClusterState& state, const Leaving& leaving, NodeIndex from, Fills& fills,
                PlacementPlan& plan) {
    std::vector<const PlacedMonitor*> waiting;
    for (const PlacedMonitor* monitor : leaving.monitors) {
        if (monitor->home != from && is_online(state, monitor->home)) {
            send(state, *monitor, monitor->home, MoveKind::home, fills, plan);
        } else {
            waiting.push_back(monitor);
        }
    }
    place(state, std::move(waiting), fills, {Rule::least_load, MoveKind::assign, from}, plan);
}

}  // namespace

PlacementPlan plan_drain(const ClusterState& state, NodeIndex from, DrainStrategy strategy,
                         std::optional<NodeIndex> target) {
    PlacementPlan plan;
    Fills fills = fills_of(state);
    const Leaving leaving = leaving_of(state, from);
    plan.stayed_pinned = leaving.pinned;
    const NodeIndex one = target.value_or(best_single(state, fills, from, leaving.active));
    const bool possible = strategy == DrainStrategy::distribute
                              ? best_single(state, fills, from, {}) != kNoNode
                              : one != from && is_online(state, one);
    if (!possible) {
        plan.without_target = leaving.monitors.size();
        return plan;
    }
    const bool to_one =
        strategy == DrainStrategy::single ||
        (strategy == DrainStrategy::automatic && fits(state, fills, from, one, leaving.active));
    if (to_one) {
        for (const PlacedMonitor* monitor : leaving.monitors) {
            const bool home = monitor->home == one;
            send(state, *monitor, one, home ? MoveKind::home : MoveKind::assign, fills, plan);
        }
    } else {
        distribute(state, leaving, from, fills, plan);
    }
    put_in_order(plan);
    return plan;
}

}  // namespace higuma::policy
