#include "policy/placement.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <tuple>

#include "base/result.hpp"

namespace higuma::policy {
namespace {

// Loads are summed as whole micro-checks a second, so that a plan does not depend on the order of
// adding.
using MicroLoad = std::int64_t;

MicroLoad micro(float load) {
    constexpr double kMostChecksPerSecond = 1e6;
    if (!(load > 0)) return 0;  // also not-a-number
    return std::llround(std::min(static_cast<double>(load), kMostChecksPerSecond) * 1e6);
}

double speed_of(const PlacedNode& node) { return node.speed > 0.01 ? node.speed : 0.01; }

// How full a node is while a plan grows.
struct Fill {
    MicroLoad load = 0;
    std::int64_t count = 0;
};

// Of each node twice: what runs there, and what would run there if somebody switched it on.
struct Fills {
    std::vector<Fill> active, inactive;
};

Fills fills_of(const ClusterState& state) {
    Fills fills{std::vector<Fill>(state.nodes.size()), std::vector<Fill>(state.nodes.size())};
    for (const PlacedMonitor& monitor : state.monitors) {
        const NodeIndex node = monitor.effective();
        if (node == kNoNode) continue;
        invariant(node >= 0 && static_cast<std::size_t>(node) < state.nodes.size(),
                  "a monitor names a node outside the snapshot");
        Fill& fill =
            (monitor.active ? fills.active : fills.inactive)[static_cast<std::size_t>(node)];
        fill.load += micro(monitor.load);
        ++fill.count;
    }
    return fills;
}

bool has_status(const ClusterState& state, NodeIndex node, NodeStatus status) {
    return node != kNoNode && state.nodes[static_cast<std::size_t>(node)].status == status;
}

bool is_online(const ClusterState& state, NodeIndex node) {
    return has_status(state, node, NodeStatus::online);
}

bool any_online(const ClusterState& state) {
    return std::any_of(state.nodes.begin(), state.nodes.end(),
                       [](const PlacedNode& node) { return node.status == NodeStatus::online; });
}

std::int64_t room_of(const PlacedNode& node, const Fill& fill) { return node.limit - fill.count; }

// What the next monitor goes by.
enum class Rule {
    least_load,  // failover: spread the work, among nodes with room
    most_room,   // first placement
};

// Hands out the online nodes one by one, best first. Costs log n for each.
class Picker {
  public:
    Picker(const ClusterState& state, std::vector<Fill>& fills, Rule rule, bool limited)
        : state_(state), fills_(fills), rule_(rule), limited_(limited) {
        for (std::size_t i = 0; i < state.nodes.size(); ++i) {
            if (state.nodes[i].status == NodeStatus::online) offer(i);
        }
    }

    bool empty() const { return queue_.empty(); }

    // The best node for one more monitor of this load; `past_limit` when no node has room.
    NodeIndex take(MicroLoad load, bool& past_limit) {
        const std::size_t node = std::get<4>(queue_.top());
        queue_.pop();
        past_limit = limited_ && room_of(state_.nodes[node], fills_[node]) <= 0;
        fills_[node].load += load;
        ++fills_[node].count;
        offer(node);
        return static_cast<NodeIndex>(node);
    }

  private:
    // Full or not, then three keys by rule, then the index: the smallest is the best.
    using Rank = std::tuple<bool, double, double, double, std::size_t>;

    void offer(std::size_t i) {
        const PlacedNode& node = state_.nodes[i];
        const Fill& fill = fills_[i];
        const bool full = limited_ && room_of(node, fill) <= 0;
        const double load = static_cast<double>(fill.load) / speed_of(node);
        const double count = static_cast<double>(fill.count) / speed_of(node);
        const double room = static_cast<double>(room_of(node, fill));
        if (rule_ == Rule::most_room && !full) {
            queue_.emplace(full, -room, load, count, i);
        } else {
            queue_.emplace(full, load, count, -room, i);
        }
    }

    const ClusterState& state_;
    std::vector<Fill>& fills_;
    Rule rule_;
    bool limited_;
    std::priority_queue<Rank, std::vector<Rank>, std::greater<>> queue_;
};

Move move_of(const PlacedMonitor& monitor, NodeIndex to, MoveKind kind) {
    return {monitor.id, monitor.epoch, monitor.effective(), to, kind};
}

// Places the heaviest first, which keeps the end result within one monitor of even.
void place(const ClusterState& state, std::vector<const PlacedMonitor*> waiting, Fills& fills,
           Rule rule, MoveKind kind, PlacementPlan& plan) {
    std::sort(waiting.begin(), waiting.end(), [](const PlacedMonitor* a, const PlacedMonitor* b) {
        return std::tuple(-micro(a->load), a->id) < std::tuple(-micro(b->load), b->id);
    });
    Picker active(state, fills.active, rule, true);
    Picker inactive(state, fills.inactive, Rule::least_load, false);  // they take no room
    for (const PlacedMonitor* monitor : waiting) {
        Picker& picker = monitor->active ? active : inactive;
        bool past_limit = false;
        const NodeIndex to = picker.take(micro(monitor->load), past_limit);
        plan.over_limit += past_limit ? 1 : 0;
        plan.moves.push_back(move_of(*monitor, to, kind));
    }
}

void go_home(const ClusterState& state, const PlacedMonitor& monitor, Fills& fills,
             PlacementPlan& plan) {
    const auto home = static_cast<std::size_t>(monitor.home);
    if (monitor.active) {
        Fill& fill = fills.active[home];
        if (room_of(state.nodes[home], fill) <= 0) ++plan.over_limit;
        fill.load += micro(monitor.load);
        ++fill.count;
    } else {
        fills.inactive[home].load += micro(monitor.load);
        ++fills.inactive[home].count;
    }
    plan.moves.push_back(move_of(monitor, monitor.home, MoveKind::home));
}

void leave(const PlacedMonitor& monitor, Fills& fills) {
    const auto node = static_cast<std::size_t>(monitor.effective());
    Fill& fill = (monitor.active ? fills.active : fills.inactive)[node];
    fill.load -= micro(monitor.load);
    --fill.count;
}

void put_in_order(PlacementPlan& plan) {
    std::sort(plan.moves.begin(), plan.moves.end(), [](const Move& a, const Move& b) {
        return std::tuple(a.to, a.monitor) < std::tuple(b.to, b.monitor);
    });
}

}  // namespace

PlacementPlan plan_failover(const ClusterState& state) {
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
            go_home(state, monitor, fills, plan);
        } else {
            waiting.push_back(&monitor);
        }
    }
    place(state, std::move(waiting), fills, Rule::least_load, MoveKind::assign, plan);
    put_in_order(plan);
    return plan;
}

PlacementPlan plan_recovery(const ClusterState& state) {
    PlacementPlan plan;
    Fills fills = fills_of(state);
    std::vector<const PlacedMonitor*> returning;
    for (const PlacedMonitor& monitor : state.monitors) {
        const bool away = monitor.assigned != kNoNode && monitor.assigned != monitor.home;
        const bool stays = monitor.pinned || monitor.switched;
        if (!away || stays || !is_online(state, monitor.home)) continue;
        leave(monitor, fills);  // before anyone arrives: two nodes may swap monitors
        returning.push_back(&monitor);
    }
    for (const PlacedMonitor* monitor : returning) go_home(state, *monitor, fills, plan);
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
    place(state, std::move(waiting), fills, Rule::most_room, MoveKind::adopt, plan);
    put_in_order(plan);
    return plan;
}

std::optional<NodeIndex> choose_node_for_new(const ClusterState& state) {
    Fills fills = fills_of(state);
    Picker picker(state, fills.active, Rule::most_room, true);
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
