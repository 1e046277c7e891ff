#include <gtest/gtest.h>

#include "cluster/mover.hpp"

namespace higuma::cluster {
namespace {

using policy::NodeIndex;

struct Placed {
    NodeIndex home, assigned;
    bool switched = false;
};

policy::ClusterState cluster(std::vector<NodeStatus> nodes, const std::vector<Placed>& monitors) {
    policy::ClusterState state;
    for (const auto status : nodes) {
        policy::PlacedNode node;
        node.id = NodeId{"node" + std::to_string(state.nodes.size())};
        node.status = status;
        state.nodes.push_back(node);
    }
    for (const auto& each : monitors) {
        policy::PlacedMonitor monitor;
        monitor.id = static_cast<std::int64_t>(state.monitors.size()) + 1;
        monitor.home = each.home;
        monitor.assigned = each.assigned;
        monitor.switched = each.switched;
        monitor.load = 1;
        state.monitors.push_back(monitor);
    }
    return state;
}

constexpr auto kOn = NodeStatus::online, kOff = NodeStatus::offline, kDrain = NodeStatus::draining;
constexpr NodeIndex kNone = policy::kNoNode;

struct Case {
    const char* name;
    std::vector<NodeStatus> nodes;
    std::vector<Placed> monitors;
    std::vector<NodeIndex> drained;
    std::size_t moves;
    AssignReason reason;
    std::size_t stuck;
};

// The most urgent thing first: who is not watched, then drains, then going home, then adoption.
TEST(PlanNext, Table) {
    for (const auto& each : std::vector<Case>{
             {"nothing to do", {kOn, kOn}, {{0, kNone}}, {}, 0, AssignReason::failover, 0},
             {"failover before a drain",
              {kOn, kOff, kDrain},
              {{1, kNone}, {2, kNone}},
              {2},
              1,
              AssignReason::failover,
              0},
             {"a drain", {kOn, kDrain}, {{1, kNone}, {1, kNone}}, {1}, 2, AssignReason::drain, 0},
             {"a drain takes switched monitors, too",
              {kOn, kDrain, kOn},
              {{0, 1, true}},
              {1},
              1,
              AssignReason::drain,
              0},
             {"a drain of a node that is offline waits",
              {kOn, kOff},
              {},
              {1},
              0,
              AssignReason::failover,
              0},
             {"a drain before going home",
              {kOn, kOn, kDrain},
              {{0, 1}, {2, kNone}},
              {2},
              1,
              AssignReason::drain,
              0},
             {"going home while a drain is stuck",
              {kOn, kDrain},
              {{0, kNone}},
              {1},
              0,
              AssignReason::failover,
              0},
             {"nobody to take over",
              {kDrain, kDrain},
              {{0, kNone}},
              {0, 1},
              0,
              AssignReason::drain,
              1},
             {"adoption last", {kOn}, {{kNone, kNone}}, {}, 1, AssignReason::failover, 0},
         }) {
        std::vector<DrainOrder> drains;
        for (const auto node : each.drained) drains.push_back({node, {}, std::nullopt});
        const auto next = plan_next(cluster(each.nodes, each.monitors), drains);
        EXPECT_EQ(next.plan.moves.size(), each.moves) << each.name;
        EXPECT_EQ(next.reason, each.reason) << each.name;
        EXPECT_EQ(next.plan.without_target, each.stuck) << each.name;
    }
}

TEST(DrainOrder, StrategiesHaveNames) {
    for (const auto* name : {"distribute", "single", "auto"}) {
        const auto strategy = drain_strategy_from(name);
        ASSERT_TRUE(strategy.has_value());
        EXPECT_EQ(to_string(*strategy), name);
    }
    EXPECT_FALSE(drain_strategy_from("").has_value());
    EXPECT_FALSE(drain_strategy_from("Single").has_value());
}

}  // namespace
}  // namespace higuma::cluster
