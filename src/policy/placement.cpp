#include "policy/placement.hpp"

#include <algorithm>

#include "policy/node_fill.hpp"

namespace higuma::policy {
namespace {

bool any_online(const ClusterState& state) {
    return std::any_of(state.nodes.begin(), state.nodes.end(),
                       [](const PlacedNode& node) { return node.status == NodeStatus::online; });
}

// A drain ends where monitors would go unwatched: its nodes are better than none.
ClusterState without_drains(ClusterState state) {
    for (PlacedNode& node : state.nodes) {
        if (node.status == NodeStatus::draining) node.status = NodeStatus::online;
    }
    return state;
}

}  // namespace

PlacementPlan plan_failover(const ClusterState& state) {
    const auto drains = [](const PlacedNode& node) { return node.status == NodeStatus::draining; };
    if (!any_online(state) && std::any_of(state.nodes.begin(), state.nodes.end(), drains)) {
        return plan_failover(without_drains(state));
    }
    PlacementPlan plan;
    const bool possible = any_online(state);
    Fills fills = fills_of(state);
    std::vector<const PlacedMonitor*> waiting;
    for (const PlacedMonitor& monitor : state.monitors) {
        if (!has_status(state, monitor.effective(), NodeStatus::offline)) continue;
        if (monitor.pinned) {
            ++plan.stayed_pinned;
        } else if (!possible) {
            ++plan.without_target;
        } else if (is_online(state, monitor.home)) {
            send(state, monitor, monitor.home, MoveKind::home, fills, plan);
        } else {
            waiting.push_back(&monitor);
        }
    }
    place(state, std::move(waiting), fills, {Rule::least_load, MoveKind::assign}, plan);
    put_in_order(plan);
    return plan;
}

PlacementPlan plan_recovery(const ClusterState& state) {
    PlacementPlan plan;
    Fills fills = fills_of(state);
    std::vector<const PlacedMonitor*> returning;
    for (const PlacedMonitor& monitor : state.monitors) {
        if (!monitor.comes_home() || !is_online(state, monitor.home)) continue;
        fills.remove(monitor);  // before anyone arrives: two nodes may swap monitors
        returning.push_back(&monitor);
    }
    for (const PlacedMonitor* monitor : returning) {
        send(state, *monitor, monitor->home, MoveKind::home, fills, plan);
    }
    put_in_order(plan);
    return plan;
}

PlacementPlan plan_adoption(const ClusterState& state) {
    PlacementPlan plan;
    std::vector<const PlacedMonitor*> waiting;
    for (const PlacedMonitor& monitor : state.monitors) {
        if (monitor.effective() == kNoNode) waiting.push_back(&monitor);
    }
    if (!any_online(state)) {
        plan.without_target = waiting.size();
        return plan;
    }
    Fills fills = fills_of(state);
    place(state, std::move(waiting), fills, {Rule::most_room, MoveKind::adopt}, plan);
    put_in_order(plan);
    return plan;
}

std::optional<NodeIndex> choose_node_for_new(const ClusterState& state) {
    Fills fills = fills_of(state);
    Picker picker(state, fills.active, {Rule::most_room});
    if (picker.empty()) return std::nullopt;
    bool past_limit = false;
    const NodeIndex node = picker.take(0, past_limit);
    if (past_limit) return std::nullopt;
    return node;
}

std::vector<NodeLoad> loads_of(const ClusterState& state) {
    const Fills fills = fills_of(state);
    std::vector<NodeLoad> loads(state.nodes.size());
    for (std::size_t i = 0; i < loads.size(); ++i) {
        loads[i] = {static_cast<int>(fills.active[i].count),
                    static_cast<double>(fills.active[i].load) / 1e6};
    }
    return loads;
}

}  // namespace higuma::policy
