#include "policy/rebalancing.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "unit/policy/rebalancing_support.hpp"

namespace higuma::policy {
namespace {

ClusterState online(int nodes) {
    ClusterState state;
    for (int i = 0; i < nodes; ++i) {
        state.nodes.push_back({{"node" + std::to_string(i + 1)}, kOnline, 1000, 1.0});
    }
    return state;
}

TEST(Rebalance, NothingWorthMovingIsNotMoved) {
    struct Case {
        const char* why;
        std::vector<int> counts;
    };
    const Case cases[] = {
        {"even", {100, 100, 100}},
        {"within the goal", {110, 95, 95}},
        {"one of three on two nodes: the other way round is no better", {2, 1}},
        {"a single monitor", {1, 0, 0}},
        {"nothing runs", {0, 0}},
        {"one node", {50}},
        {"no node", {}},
    };
    for (const Case& c : cases) {
        auto state = online(static_cast<int>(c.counts.size()));
        for (std::size_t i = 0; i < c.counts.size(); ++i) {
            add(state, c.counts[i], static_cast<NodeIndex>(i));
        }
        const auto plan = plan_rebalance(state, {});
        EXPECT_TRUE(plan.moves.empty()) << c.why;
        EXPECT_EQ(plan.figures.max_over_mean_after, plan.figures.max_over_mean_before) << c.why;
    }
}

TEST(Rebalance, StopsAtTheGoal) {
    auto state = online(2);
    add(state, 150, 0);
    add(state, 50, 1);
    const auto plan = plan_rebalance(state, {});
    EXPECT_EQ(plan.moves.size(), 40U) << "110 of 100 are within the goal";
    EXPECT_EQ(plan.figures.least_moves, 40U);
    EXPECT_DOUBLE_EQ(plan.figures.mean_load, 100);
    EXPECT_DOUBLE_EQ(plan.figures.max_over_mean_before, 1.5);
    EXPECT_DOUBLE_EQ(plan.figures.max_over_mean_after, 1.1);
    EXPECT_EQ(plan.figures.movable, 200U);
    carry_out(state, plan.moves);
    EXPECT_TRUE(plan_rebalance(state, {}).moves.empty());
    EXPECT_EQ(plan_rebalance(state, {1.05}).moves.size(), 5U);
}

TEST(Rebalance, TheHeaviestMoveFirstAndNoHeavierThanNeeded) {
    auto state = online(2);
    add(state, 60, 0, kNoNode, 1.0F);
    add(state, 1, 0, kNoNode, 40.0F);
    add(state, 1, 0, kNoNode, 30.0F);
    add(state, 1, 1, kNoNode, 50.0F);
    const auto plan = plan_rebalance(state, {});
    ASSERT_EQ(plan.moves.size(), 1U) << "130 against 50, the goal allows 99";
    EXPECT_EQ(plan.moves[0].monitor, 61) << "40 is needed and the least that does";
    carry_out(state, plan.moves);
    EXPECT_LE(max_over_mean(state), 1.1);
}

TEST(Rebalance, WhatMustStayStays) {
    auto state = online(2);
    add(state, 30, 0);
    for (int i = 0; i < 10; ++i) state.monitors[static_cast<std::size_t>(i)].pinned = true;
    for (int i = 10; i < 20; ++i) state.monitors[static_cast<std::size_t>(i)].switched = true;
    state.monitors[20].active = false;
    const auto plan = plan_rebalance(state, {});
    EXPECT_EQ(plan.figures.movable, 9U);
    EXPECT_EQ(plan.moves.size(), 9U) << "20 stay of the 15.95 that the goal allows";
    for (const Move& move : plan.moves) EXPECT_GT(move.monitor, 21);
}

TEST(Rebalance, OnlyOnlineNodesCount) {
    auto state = cluster({kOnline, kOffline, kRecovering, kDraining, kUnknown, kOnline});
    for (NodeIndex node = 1; node < 5; ++node) add(state, 500, node);
    add(state, 100, 0);
    const auto plan = plan_rebalance(state, {});
    EXPECT_DOUBLE_EQ(plan.figures.mean_load, 50);
    EXPECT_EQ(plan.moves.size(), 45U);
    for (const Move& move : plan.moves) {
        EXPECT_EQ(move.from, 0);
        EXPECT_EQ(move.to, 5);
    }
}

TEST(Rebalance, FasterNodesCarryMore) {
    auto state = online(2);
    state.nodes[1].speed = 3.0;
    add(state, 400, 0);
    carry_out(state, plan_redistribution(state).moves);
    EXPECT_EQ(counts(state), (std::vector<int>{100, 300}));
    state = online(2);
    state.nodes[1].speed = 3.0;
    add(state, 100, 0);
    add(state, 300, 1);
    EXPECT_TRUE(plan_rebalance(state, {}).moves.empty());
}

TEST(Rebalance, MovesSayWhereAMonitorBelongs) {
    auto state = cluster({kOnline, kOnline, kOffline});
    add(state, 20, 0);           // at home
    add(state, 20, 2, 0);        // its home is lost: it goes back one day
    add(state, 20, 1, 0);        // its home is online: on its way there
    add(state, 20, kNoNode, 0);  // without a home
    const auto plan = plan_redistribution(state);
    EXPECT_EQ(plan.moves.size(), 40U);
    for (const Move& move : plan.moves) {
        const auto& monitor = state.monitors[static_cast<std::size_t>(move.monitor - 1)];
        EXPECT_EQ(move.expected_epoch, monitor.epoch);
        EXPECT_EQ(move.kind, monitor.home == 2   ? MoveKind::assign
                             : monitor.home == 1 ? MoveKind::home
                                                 : MoveKind::rehome);
    }
    carry_out(state, plan.moves);
    EXPECT_EQ(counts(state), (std::vector<int>{40, 40, 0}));
}

TEST(Rebalance, FullNodesAreNotSentMore) {
    auto state = online(3);
    state.nodes[1].limit = 45;
    add(state, 130, 0);
    add(state, 25, 1);
    carry_out(state, plan_rebalance(state, {}).moves);
    EXPECT_LE(counts(state)[1], 45);
    EXPECT_LE(max_over_mean(state), 1.1 + 1e-9) << "the third node takes the rest";
}

TEST(Rebalance, ANodeOverItsLimitDoesNotGetFuller) {
    auto state = online(2);
    state.nodes[1].limit = 10;
    add(state, 30, 0);
    add(state, 20, 1, kNoNode, 0.1F);
    const auto plan = plan_rebalance(state, {});
    carry_out(state, plan.moves);
    EXPECT_LE(counts(state)[1], 20);
    EXPECT_LE(max_over_mean(state), 1.1 + 1e-9) << "heavy ones against light ones";
}

TEST(Rebalance, FullNodesExchange) {
    auto state = online(2);
    state.nodes[0].limit = state.nodes[1].limit = 100;
    add(state, 100, 0, kNoNode, 3.0F);
    add(state, 100, 1, kNoNode, 1.0F);
    const auto plan = plan_rebalance(state, {});
    EXPECT_EQ(plan.moves.size(), 80U) << "40 exchanges: 300 to 220";
    EXPECT_DOUBLE_EQ(plan.figures.max_over_mean_after, 1.1);
    for (const Move& move : plan.moves) {
        carry_out(state, std::vector<Move>{move});
        const auto now = counts(state);
        EXPECT_LE(std::max(now[0], now[1]), 101) << "one at a time, however short the plan is cut";
    }
}

TEST(Rebalance, APlanCutShortHasHelpedMost) {
    auto state = online(4);
    add(state, 300, 0);
    add(state, 200, 1);
    add(state, 20, 2);
    auto plan = plan_rebalance(state, {});
    plan.moves.resize(100);
    carry_out(state, plan.moves);
    EXPECT_EQ(counts(state)[0], 200);
    EXPECT_EQ(counts(state)[1], 200) << "the fullest node is relieved first";
}

TEST(Rebalance, TheGoalMayBeOutOfReach) {
    auto state = online(3);
    add(state, 1, 0, kNoNode, 100.0F);  // more than a node's share, wherever it is
    add(state, 20, 0);
    add(state, 60, 1);
    const auto plan = plan_rebalance(state, {});
    carry_out(state, plan.moves);
    EXPECT_EQ(state.monitors[0].effective(), 0) << "no better elsewhere";
    EXPECT_EQ(counts(state)[0], 1) << "but the others make way for it";
    EXPECT_TRUE(plan_rebalance(state, {}).moves.empty());
}

TEST(Rebalance, HeavyMonitorsSpread) {
    auto state = online(3);
    add(state, 3, 0, kNoNode, 100.0F);
    const auto plan = plan_rebalance(state, {});
    EXPECT_EQ(plan.moves.size(), 2U);
    carry_out(state, plan.moves);
    EXPECT_EQ(counts(state), (std::vector<int>{1, 1, 1}));
}

TEST(Rebalance, StrangeValuesAreHarmless) {
    auto state = online(3);
    state.nodes[1].speed = 0;
    state.nodes[2].speed = -1;
    state.nodes[0].limit = -5;
    const float strange[] = {std::numeric_limits<float>::quiet_NaN(),
                             std::numeric_limits<float>::infinity(), -5.0F, 0.0F, 1e-30F};
    for (const float load : strange) add(state, 3, 0, kNoNode, load);
    for (const double goal : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity()}) {
        auto copy = state;
        carry_out(copy, plan_rebalance(state, {goal}).moves);
    }
    carry_out(state, plan_redistribution(state).moves);
}

// A join or a leave moves no more than a node's share of the load and a twentieth.
TEST(Rebalance, AJoinOrALeaveMovesANodesShare) {
    for (const int nodes : {2, 3, 5, 10, 50}) {
        SCOPED_TRACE(std::to_string(nodes) + " nodes");
        auto state = online(nodes);
        for (NodeIndex node = 0; node + 1 < nodes; ++node) {
            for (int i = 0; i < 400; ++i) {
                add(state, 1, node, kNoNode, 1.0F / static_cast<float>(20 + i % 41));
            }
        }
        const double total = mean_of(state) * nodes;
        const double share = 1.0 / nodes + 0.05;
        const auto fewest = plan_rebalance(state, {});
        EXPECT_LE(load_of(state, fewest.moves), share * total);
        EXPECT_LE(fewest.figures.max_over_mean_after, 1.10);
        const auto even = plan_redistribution(state);
        EXPECT_LE(load_of(state, even.moves), share * total);
        EXPECT_LE(even.figures.max_over_mean_after, 1.01);

        carry_out(state, even.moves);
        state.nodes[0].status = kOffline;
        const auto lost = plan_failover(state);
        EXPECT_LE(load_of(state, lost.moves), share * total);
        apply(state, lost);
        EXPECT_TRUE(plan_rebalance(state, {}).moves.empty()) << "a failover is balanced already";
    }
}

TEST(Redistribution, MovesOnlyWhatMust) {
    auto state = online(4);
    add(state, 400, 0);
    add(state, 300, 1);
    add(state, 100, 2);
    const auto plan = plan_redistribution(state);
    EXPECT_EQ(plan.moves.size(), 300U);
    carry_out(state, plan.moves);
    EXPECT_EQ(counts(state), (std::vector<int>{200, 200, 200, 200}));
    EXPECT_TRUE(plan_redistribution(state).moves.empty());
}

TEST(Redistribution, IsEvenAroundWhatMustStay) {
    auto state = online(3);
    add(state, 300, 0);
    for (auto& monitor : state.monitors) monitor.pinned = true;
    add(state, 100, 1);
    carry_out(state, plan_redistribution(state).moves);
    EXPECT_EQ(counts(state), (std::vector<int>{300, 50, 50}));
}

TEST(Churn, SpreadsAPlanOverTime) {
    ManualClock clock;
    clock.advance(Millis{3'600'000});
    const std::vector<float> loads(1000, 1.0F);
    ChurnState churn;
    std::size_t done = 0;
    for (int second = 0; second < 60; ++second) {
        done += next_batch({0.01}, churn, 6000, std::span(loads).subspan(done), clock.now());
        clock.advance(Millis{1000});
    }
    EXPECT_GE(done, 60U) << "a hundredth of 6000 a minute";
    EXPECT_LE(done, 60U + 10U) << "and what ten seconds saved";
}

TEST(Churn, AHeavyMonitorIsPaidForAfterwards) {
    ManualClock clock;
    clock.advance(Millis{3'600'000});
    const std::vector<float> loads(10, 30.0F);
    ChurnState churn;
    EXPECT_EQ(next_batch({0.01}, churn, 1000, loads, clock.now()), 1U);
    clock.advance(Millis{60'000});
    EXPECT_EQ(next_batch({0.01}, churn, 1000, loads, clock.now()), 0U) << "10 a minute";
    clock.advance(Millis{120'000});
    EXPECT_EQ(next_batch({0.01}, churn, 1000, loads, clock.now()), 1U);
}

TEST(Churn, WithoutALimitEverythingGoes) {
    ChurnState churn;
    const std::vector<float> loads(10, 30.0F);
    EXPECT_EQ(next_batch({0}, churn, 1000, loads, Instant{}), 10U);
    EXPECT_EQ(next_batch({-1}, churn, 1000, loads, Instant{}), 10U);
    EXPECT_EQ(next_batch({0.01}, churn, 0, loads, Instant{}), 10U);
    EXPECT_EQ(next_batch({0.01}, churn, 1000, {}, Instant{}), 0U);
}

}  // namespace
}  // namespace higuma::policy
