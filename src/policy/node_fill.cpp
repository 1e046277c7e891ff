#include "policy/node_fill.hpp"

#include <algorithm>
#include <cmath>

#include "base/result.hpp"

namespace higuma::policy {

MicroLoad micro(float load) {
    constexpr double kMostChecksPerSecond = 1e6;
    if (!(load > 0)) return 0;  // also not-a-number
    return std::llround(std::min(static_cast<double>(load), kMostChecksPerSecond) * 1e6);
}

double speed_of(const PlacedNode& node) { return node.speed > 0.01 ? node.speed : 0.01; }

bool has_status(const ClusterState& state, NodeIndex node, NodeStatus status) {
    return node != kNoNode && state.nodes[static_cast<std::size_t>(node)].status == status;
}

bool is_online(const ClusterState& state, NodeIndex node) {
    return has_status(state, node, NodeStatus::online);
}

std::int64_t room_of(const PlacedNode& node, const Fill& fill) { return node.limit - fill.count; }

void Fills::add(const PlacedMonitor& monitor, NodeIndex node) {
    Fill& fill = of(monitor, node);
    fill.load += micro(monitor.load);
    ++fill.count;
}

void Fills::remove(const PlacedMonitor& monitor) {
    Fill& fill = of(monitor, monitor.effective());
    fill.load -= micro(monitor.load);
    --fill.count;
}

Fills fills_of(const ClusterState& state) {
    Fills fills{std::vector<Fill>(state.nodes.size()), std::vector<Fill>(state.nodes.size())};
    for (const PlacedMonitor& monitor : state.monitors) {
        const NodeIndex node = monitor.effective();
        if (node == kNoNode) continue;
        invariant(node >= 0 && static_cast<std::size_t>(node) < state.nodes.size(),
                  "a monitor names a node outside the snapshot");
        fills.add(monitor, node);
    }
    return fills;
}

Picker::Picker(const ClusterState& state, std::vector<Fill>& fills, const Options& options)
    : state_(state), fills_(fills), options_(options) {
    for (std::size_t i = 0; i < state.nodes.size(); ++i) {
        const auto node = static_cast<NodeIndex>(i);
        if (is_online(state, node) && node != options.except) offer(i);
    }
}

NodeIndex Picker::take(MicroLoad load, bool& past_limit) {
    const std::size_t node = std::get<4>(queue_.top());
    queue_.pop();
    past_limit = options_.limited && room_of(state_.nodes[node], fills_[node]) <= 0;
    fills_[node].load += load;
    ++fills_[node].count;
    offer(node);
    return static_cast<NodeIndex>(node);
}

void Picker::offer(std::size_t i) {
    const PlacedNode& node = state_.nodes[i];
    const Fill& fill = fills_[i];
    const bool full = options_.limited && room_of(node, fill) <= 0;
    const double load = static_cast<double>(fill.load) / speed_of(node);
    const double count = static_cast<double>(fill.count) / speed_of(node);
    const double room = static_cast<double>(room_of(node, fill));
    if (options_.rule == Rule::most_room && !full) {
        queue_.emplace(full, -room, load, count, i);
    } else {
        queue_.emplace(full, load, count, -room, i);
    }
}

Move move_of(const PlacedMonitor& monitor, NodeIndex to, MoveKind kind) {
    return {monitor.id, monitor.epoch, monitor.effective(), to, kind};
}

void place(const ClusterState& state, std::vector<const PlacedMonitor*> waiting, Fills& fills,
           const PlaceOptions& options, PlacementPlan& plan) {
    std::sort(waiting.begin(), waiting.end(), [](const PlacedMonitor* a, const PlacedMonitor* b) {
        return std::tuple(-micro(a->load), a->id) < std::tuple(-micro(b->load), b->id);
    });
    Picker active(state, fills.active, {options.rule, true, options.except});
    // Inactive monitors take no room.
    Picker inactive(state, fills.inactive, {Rule::least_load, false, options.except});
    for (const PlacedMonitor* monitor : waiting) {
        Picker& picker = monitor->active ? active : inactive;
        bool past_limit = false;
        const NodeIndex to = picker.take(micro(monitor->load), past_limit);
        plan.over_limit += past_limit ? 1 : 0;
        plan.moves.push_back(move_of(*monitor, to, options.kind));
    }
}

void send(const ClusterState& state, const PlacedMonitor& monitor, NodeIndex to, MoveKind kind,
          Fills& fills, PlacementPlan& plan) {
    const PlacedNode& node = state.nodes[static_cast<std::size_t>(to)];
    if (monitor.active && room_of(node, fills.of(monitor, to)) <= 0) ++plan.over_limit;
    fills.add(monitor, to);
    plan.moves.push_back(move_of(monitor, to, kind));
}

void put_in_order(PlacementPlan& plan) {
    std::sort(plan.moves.begin(), plan.moves.end(), [](const Move& a, const Move& b) {
        return std::tuple(a.to, a.monitor) < std::tuple(b.to, b.monitor);
    });
}

}  // namespace higuma::policy
