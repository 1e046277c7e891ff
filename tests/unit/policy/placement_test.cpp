#include "policy/placement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "unit/policy/placement_support.hpp"

namespace higuma::policy {
namespace {

TEST(Failover, MovesEverythingOffAnOfflineNode) {
    auto state = cluster({kOnline, kOffline, kOnline});
    add(state, 9, 1);
    const auto plan = plan_failover(state);
    ASSERT_EQ(plan.moves.size(), 9U);
    for (const Move& move : plan.moves) {
        EXPECT_EQ(move.from, 1);
        EXPECT_NE(move.to, 1);
        EXPECT_EQ(move.kind, MoveKind::assign);
        EXPECT_EQ(move.expected_epoch, 7U);
    }
    apply(state, plan);
    EXPECT_EQ(counts(state), (std::vector<int>{5, 0, 4}));
}

TEST(Failover, ChangesNothingWhenNothingIsWrong) {
    auto state = cluster({kOnline, kOnline});
    add(state, 100, 0);
    EXPECT_TRUE(plan_failover(state).moves.empty()) << "uneven is not a failure";
}

TEST(Failover, OnlyOnlineNodesReceive) {
    auto state = cluster({kOffline, kUnknown, kDraining, kRecovering, kOnline});
    add(state, 20, 0);
    apply(state, plan_failover(state));
    EXPECT_EQ(counts(state), (std::vector<int>{0, 0, 0, 0, 20}));
}

TEST(Failover, LeavesNodesThatAreNotOfflineAlone) {
    auto state = cluster({kUnknown, kDraining, kRecovering, kOnline});
    for (NodeIndex node = 0; node < 4; ++node) add(state, 5, node);
    EXPECT_TRUE(plan_failover(state).moves.empty());
}

TEST(Failover, WithoutAnOnlineNodeNothingMovesAndItSaysSo) {
    auto state = cluster({kOffline, kOffline, kRecovering});
    add(state, 4, 0);
    add(state, 3, 1);
    const auto plan = plan_failover(state);
    EXPECT_TRUE(plan.moves.empty());
    EXPECT_EQ(plan.without_target, 7U);
}

TEST(Failover, PinnedMonitorsStay) {
    auto state = cluster({kOffline, kOnline});
    add(state, 3, 0);
    state.monitors[1].pinned = true;
    const auto plan = plan_failover(state);
    EXPECT_EQ(plan.moves.size(), 2U);
    EXPECT_EQ(plan.stayed_pinned, 1U);
}

TEST(Failover, InactiveMonitorsMoveWithoutTakingRoom) {
    auto state = cluster({kOffline, kOnline, kOnline});
    state.nodes[1].limit = state.nodes[2].limit = 1;
    add(state, 10, 0);
    for (auto& monitor : state.monitors) monitor.active = false;
    const auto plan = plan_failover(state);
    EXPECT_EQ(plan.moves.size(), 10U);
    EXPECT_EQ(plan.over_limit, 0U);
    apply(state, plan);
    EXPECT_EQ(std::count_if(state.monitors.begin(), state.monitors.end(),
                            [](const PlacedMonitor& m) { return m.effective() == 1; }),
              5);
}

TEST(Failover, MonitorsWhoseHomeIsOnlineGoHome) {
    auto state = cluster({kOnline, kOffline, kOnline});
    add(state, 6, 0, 1);  // home node 0, sent to node 1, which fell
    const auto plan = plan_failover(state);
    ASSERT_EQ(plan.moves.size(), 6U);
    for (const Move& move : plan.moves) {
        EXPECT_EQ(move.to, 0);
        EXPECT_EQ(move.kind, MoveKind::home);
    }
}

TEST(Failover, MonitorsWhoseHomeIsStillRecoveringGoElsewhere) {
    auto state = cluster({kRecovering, kOffline, kOnline});
    add(state, 6, 0, 1);
    apply(state, plan_failover(state));
    EXPECT_EQ(counts(state), (std::vector<int>{0, 0, 6}));
}

TEST(Failover, SwitchedMonitorsOfALostNodeMoveToo) {
    auto state = cluster({kOnline, kOffline, kOffline, kOnline});
    add(state, 1, 0, 1);  // its home is online
    add(state, 1, 2, 1);  // its home is lost as well
    for (auto& monitor : state.monitors) monitor.switched = true;
    apply(state, plan_failover(state));
    EXPECT_EQ(state.monitors[0].effective(), 0);
    EXPECT_EQ(state.monitors[0].assigned, kNoNode);
    EXPECT_EQ(state.monitors[1].effective(), 3);
}

TEST(Failover, ANodeThatDrainsIsBetterThanNone) {
    auto state = cluster({kOffline, kDraining});
    add(state, 4, 0);
    const auto plan = plan_failover(state);
    EXPECT_EQ(plan.without_target, 0U);
    apply(state, plan);
    EXPECT_EQ(counts(state), (std::vector<int>{0, 4}));
}

// The original moved the monitors of the node that fell last and forgot those that fell before.
TEST(Failover, AllNodesFailTogetherAndSomeReturn) {
    auto state = cluster({kOffline, kOffline, kOffline});
    for (NodeIndex node = 0; node < 3; ++node) add(state, 10, node);
    EXPECT_EQ(plan_failover(state).without_target, 30U);

    state.nodes[2].status = kRecovering;
    EXPECT_EQ(plan_failover(state).without_target, 30U - 10U) << "node 3 is on its way back";

    state.nodes[2].status = kOnline;
    apply(state, plan_failover(state));
    EXPECT_EQ(counts(state), (std::vector<int>{0, 0, 30})) << "the others' monitors moved";

    state.nodes[0].status = kOnline;
    apply(state, plan_recovery(state));
    EXPECT_EQ(counts(state), (std::vector<int>{10, 0, 20})) << "and only node 1's went home";
    EXPECT_TRUE(plan_failover(state).moves.empty());
}

TEST(Failover, BalancesByLoadBeforeCount) {
    auto state = cluster({kOffline, kOnline, kOnline});
    add(state, 1, 1, kNoNode, 10.0F);  // one busy monitor
    add(state, 10, 0, kNoNode, 1.0F);
    apply(state, plan_failover(state));
    EXPECT_EQ(counts(state), (std::vector<int>{0, 1, 10})) << "10 checks a second on each";
}

TEST(Failover, TheHeaviestArePlacedFirst) {
    auto state = cluster({kOffline, kOnline, kOnline});
    add(state, 10, 0, kNoNode, 1.0F);
    add(state, 1, 0, kNoNode, 10.0F);
    apply(state, plan_failover(state));
    EXPECT_EQ(counts(state), (std::vector<int>{0, 1, 10})) << "by id it would be 5 against 15";
}

TEST(Failover, EqualLoadsAreBalancedByCount) {
    auto state = cluster({kOffline, kOnline, kOnline, kOnline});
    add(state, 9, 0, kNoNode, 0.0F);
    apply(state, plan_failover(state));
    EXPECT_EQ(counts(state), (std::vector<int>{0, 3, 3, 3}));
}

TEST(Failover, FasterNodesGetMore) {
    auto state = cluster({kOffline, kOnline, kOnline});
    state.nodes[2].speed = 3.0;
    add(state, 400, 0);
    apply(state, plan_failover(state));
    EXPECT_EQ(counts(state), (std::vector<int>{0, 100, 300}));
}

TEST(Failover, RoomComesBeforeLoad) {
    auto state = cluster({kOffline, kOnline, kOnline});
    state.nodes[1].limit = 2;
    add(state, 10, 0);
    const auto plan = plan_failover(state);
    EXPECT_EQ(plan.over_limit, 0U);
    apply(state, plan);
    EXPECT_EQ(counts(state), (std::vector<int>{0, 2, 8}));
}

TEST(Failover, PassesLimitsOnlyWhenNoRoomIsLeft) {
    auto state = cluster({kOffline, kOnline, kOnline});
    state.nodes[1].limit = 2;
    state.nodes[2].limit = 4;
    add(state, 10, 0);
    const auto plan = plan_failover(state);
    EXPECT_EQ(plan.moves.size(), 10U) << "monitoring goes on before limits";
    EXPECT_EQ(plan.over_limit, 4U);
    apply(state, plan);
    EXPECT_EQ(counts(state), (std::vector<int>{0, 5, 5}));
}

TEST(Failover, MovesAreOrderedByTargetThenMonitor) {
    auto state = cluster({kOffline, kOnline, kOnline});
    add(state, 50, 0);
    std::reverse(state.monitors.begin(), state.monitors.end());
    const auto moves = plan_failover(state).moves;
    EXPECT_TRUE(std::is_sorted(moves.begin(), moves.end(), [](const Move& a, const Move& b) {
        return std::tuple(a.to, a.monitor) < std::tuple(b.to, b.monitor);
    }));
}

TEST(Failover, StrangeLoadsAreHarmless) {
    auto state = cluster({kOffline, kOnline, kOnline});
    state.nodes[1].speed = 0;
    state.nodes[2].speed = -1;
    add(state, 2, 0, kNoNode, std::numeric_limits<float>::quiet_NaN());
    add(state, 2, 0, kNoNode, std::numeric_limits<float>::infinity());
    add(state, 2, 0, kNoNode, -5.0F);
    EXPECT_EQ(plan_failover(state).moves.size(), 6U);
}

TEST(Recovery, MonitorsGoHomeToOnlineNodesOnly) {
    auto state = cluster({kOnline, kRecovering, kDraining, kOnline});
    add(state, 2, 0, 3);
    add(state, 2, 1, 3);
    add(state, 2, 2, 3);
    const auto plan = plan_recovery(state);
    ASSERT_EQ(plan.moves.size(), 2U);
    for (const Move& move : plan.moves) {
        EXPECT_EQ(move.from, 3);
        EXPECT_EQ(move.to, 0);
        EXPECT_EQ(move.kind, MoveKind::home);
    }
}

TEST(Recovery, LeavesPinnedAndHomelessMonitors) {
    auto state = cluster({kOnline, kOnline});
    add(state, 1, 0, 1);
    state.monitors[0].pinned = true;
    add(state, 1, kNoNode, 1);
    add(state, 1, 0, 0);  // assigned to its own home: it runs there already
    EXPECT_TRUE(plan_recovery(state).moves.empty());
}

TEST(Recovery, LeavesMonitorsThatAnOperatorSwitched) {
    auto state = cluster({kOnline, kOnline});
    add(state, 2, 0, 1);
    state.monitors[0].switched = true;
    const auto plan = plan_recovery(state);
    ASSERT_EQ(plan.moves.size(), 1U);
    EXPECT_EQ(plan.moves[0].monitor, 2);
}

TEST(Recovery, CountsWhatPassesTheHomesLimit) {
    auto state = cluster({kOnline, kOnline});
    state.nodes[0].limit = 3;
    add(state, 2, 0);
    add(state, 4, 0, 1);
    const auto plan = plan_recovery(state);
    EXPECT_EQ(plan.moves.size(), 4U) << "home is where it belongs";
    EXPECT_EQ(plan.over_limit, 3U);
}

TEST(Recovery, TwoFullNodesMaySwap) {
    auto state = cluster({kOnline, kOnline});
    state.nodes[0].limit = state.nodes[1].limit = 2;
    add(state, 2, 0, 1);
    add(state, 2, 1, 0);
    EXPECT_EQ(plan_recovery(state).over_limit, 0U);
}

TEST(Adoption, GoesWhereTheMostRoomIs) {
    auto state = cluster({kOnline, kOnline, kOffline});
    state.nodes[0].limit = 10;
    state.nodes[1].limit = 20;
    state.nodes[2].limit = 1000;
    add(state, 14, kNoNode);
    const auto plan = plan_adoption(state);
    for (const Move& move : plan.moves) {
        EXPECT_EQ(move.kind, MoveKind::adopt);
        EXPECT_EQ(move.from, kNoNode);
    }
    apply(state, plan);
    EXPECT_EQ(counts(state), (std::vector<int>{2, 12, 0}));
    EXPECT_TRUE(plan_adoption(state).moves.empty());
}

TEST(Adoption, AFreshDatabaseIsSpreadEvenly) {
    auto state = cluster({kOnline, kOnline, kOnline});
    add(state, 3000, kNoNode);
    const auto plan = plan_adoption(state);
    EXPECT_EQ(plan.over_limit, 0U);
    apply(state, plan);
    EXPECT_EQ(counts(state), (std::vector<int>{1000, 1000, 1000}));
}

TEST(Adoption, PassesLimitsAndWaitsForAnOnlineNode) {
    auto state = cluster({kOffline});
    state.nodes[0].limit = 1;
    add(state, 3, kNoNode);
    EXPECT_EQ(plan_adoption(state).without_target, 3U);
    state.nodes[0].status = kOnline;
    const auto plan = plan_adoption(state);
    EXPECT_EQ(plan.moves.size(), 3U);
    EXPECT_EQ(plan.over_limit, 2U);
}

TEST(Adoption, LeavesMonitorsThatSomebodyRuns) {
    auto state = cluster({kOnline, kOnline});
    add(state, 1, kNoNode, 1);
    add(state, 1, 0);
    EXPECT_TRUE(plan_adoption(state).moves.empty());
}

TEST(ChooseNode, TheMostRoomThenTheLeastLoadThenTheFirst) {
    auto state = cluster({kOnline, kOnline, kOnline, kOffline});
    EXPECT_EQ(choose_node_for_new(state), 0);
    add(state, 1, 0);
    add(state, 1, 1, kNoNode, 5.0F);
    add(state, 1, 2, kNoNode, 3.0F);
    state.nodes[0].limit = 900;
    EXPECT_EQ(choose_node_for_new(state), 2);
}

TEST(ChooseNode, NoneWhenFullOrNoneOnline) {
    EXPECT_FALSE(choose_node_for_new({}));
    auto state = cluster({kOnline, kOffline, kDraining});
    EXPECT_EQ(choose_node_for_new(state), 0);
    state.nodes[0].limit = 2;
    add(state, 2, 0);
    EXPECT_FALSE(choose_node_for_new(state));
}

TEST(Loads, CountActiveMonitorsWhereTheyRun) {
    auto state = cluster({kOnline, kOffline});
    add(state, 2, 0, kNoNode, 0.5F);
    add(state, 1, 0, 1, 2.0F);
    add(state, 1, 0);
    state.monitors.back().active = false;
    add(state, 1, kNoNode);
    const auto loads = loads_of(state);
    ASSERT_EQ(loads.size(), 2U);
    EXPECT_EQ(loads[0].monitors, 2);
    EXPECT_DOUBLE_EQ(loads[0].load, 1.0);
    EXPECT_EQ(loads[1].monitors, 1);
    EXPECT_DOUBLE_EQ(loads[1].load, 2.0);
}

}  // namespace
}  // namespace higuma::policy
