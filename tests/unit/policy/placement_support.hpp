// Small clusters for placement's tests, and the effect of a plan on them.
// A plan is applied as the database does it: the epoch is compared, then set.
#pragma once

#include <gtest/gtest.h>

#include <unordered_map>
#include <vector>

#include "policy/placement.hpp"

namespace higuma::policy {

inline constexpr auto kUnknown = NodeStatus::unknown;
inline constexpr auto kOnline = NodeStatus::online;
inline constexpr auto kRecovering = NodeStatus::recovering;
inline constexpr auto kDraining = NodeStatus::draining;
inline constexpr auto kOffline = NodeStatus::offline;

inline ClusterState cluster(std::initializer_list<NodeStatus> statuses) {
    ClusterState state;
    for (const NodeStatus status : statuses) {
        const auto number = std::to_string(state.nodes.size() + 1);
        state.nodes.push_back({{"node" + number}, status, 1000, 1.0});
    }
    return state;
}

inline void add(ClusterState& state, int count, NodeIndex home, NodeIndex assigned = kNoNode,
                float load = 1.0F) {
    for (int i = 0; i < count; ++i) {
        const auto id = static_cast<std::int64_t>(state.monitors.size() + 1);
        state.monitors.push_back({id, 7, home, assigned, load, true, false});
    }
}

inline void carry_out(ClusterState& state, const std::vector<Move>& moves) {
    std::unordered_map<std::int64_t, PlacedMonitor*> by_id;
    for (PlacedMonitor& monitor : state.monitors) by_id[monitor.id] = &monitor;
    for (const Move& move : moves) {
        PlacedMonitor& monitor = *by_id.at(move.monitor);
        ASSERT_EQ(monitor.epoch, move.expected_epoch) << "monitor " << move.monitor;
        ASSERT_EQ(monitor.effective(), move.from);
        ++monitor.epoch;
        const bool new_home = move.kind == MoveKind::adopt || move.kind == MoveKind::rehome;
        if (new_home) monitor.home = move.to;
        monitor.assigned = move.kind == MoveKind::assign ? move.to : kNoNode;
        monitor.switched = false;
        ASSERT_EQ(monitor.effective(), move.to);
    }
}

inline void apply(ClusterState& state, const PlacementPlan& plan) { carry_out(state, plan.moves); }

inline std::vector<int> counts(const ClusterState& state) {
    std::vector<int> result;
    for (const NodeLoad& load : loads_of(state)) result.push_back(load.monitors);
    return result;
}

}  // namespace higuma::policy
