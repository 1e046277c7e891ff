#include <gtest/gtest.h>

#include "unit/policy/rebalancing_support.hpp"

namespace higuma::policy {
namespace {

TEST(Drain, EmptiesTheNodeWhicheverWay) {
    struct Case {
        DrainStrategy strategy;
        std::optional<NodeIndex> target;
        std::vector<int> after;
    };
    const Case cases[] = {
        {DrainStrategy::distribute, {}, {0, 55, 55, 0}},
        {DrainStrategy::single, {}, {0, 50, 60, 0}},
        {DrainStrategy::single, 1, {0, 110, 0, 0}},
        {DrainStrategy::automatic, {}, {0, 50, 60, 0}},
        {DrainStrategy::automatic, 1, {0, 55, 55, 0}},
    };
    for (const NodeStatus status : {kOnline, kDraining, kRecovering}) {
        for (const Case& c : cases) {
            auto state = cluster({status, kOnline, kOnline, kOffline});
            add(state, 60, 0);
            add(state, 50, 1);
            const auto plan = plan_drain(state, 0, c.strategy, c.target);
            EXPECT_EQ(plan.moves.size(), 60U);
            for (const Move& move : plan.moves) EXPECT_EQ(move.kind, MoveKind::assign);
            apply(state, plan);
            EXPECT_EQ(counts(state), c.after);
            EXPECT_TRUE(plan_drain(state, 0, c.strategy, c.target).moves.empty());
        }
    }
}

TEST(Drain, AutomaticDistributesWhatIsTooMuchForOne) {
    auto state = cluster({kDraining, kOnline, kOnline});
    add(state, 60, 0);
    add(state, 50, 1);
    add(state, 50, 2);
    apply(state, plan_drain(state, 0, DrainStrategy::automatic, {}));
    EXPECT_EQ(counts(state), (std::vector<int>{0, 80, 80}));

    state = cluster({kDraining, kOnline, kOnline});
    state.nodes[2].limit = 40;
    add(state, 60, 0);
    add(state, 50, 1);
    const auto plan = plan_drain(state, 0, DrainStrategy::automatic, {});
    EXPECT_EQ(plan.over_limit, 0U);
    apply(state, plan);
    EXPECT_EQ(counts(state), (std::vector<int>{0, 70, 40}));
}

TEST(Drain, MonitorsWhoseHomeIsOnlineGoHome) {
    auto state = cluster({kDraining, kOnline, kOnline});
    add(state, 5, 1, 0);
    state.monitors[0].switched = true;
    add(state, 5, 0);
    add(state, 30, 1);
    const auto plan = plan_drain(state, 0, DrainStrategy::distribute, {});
    for (const Move& move : plan.moves) {
        EXPECT_EQ(move.to, move.monitor <= 5 ? 1 : 2);
        EXPECT_EQ(move.kind, move.monitor <= 5 ? MoveKind::home : MoveKind::assign);
    }
    const auto one = plan_drain(state, 0, DrainStrategy::single, 1);
    ASSERT_EQ(one.moves.size(), 10U);
    EXPECT_EQ(one.moves[0].kind, MoveKind::home);
    EXPECT_EQ(one.moves[9].kind, MoveKind::assign);
}

TEST(Drain, PinnedStayAndInactiveGo) {
    auto state = cluster({kDraining, kOnline});
    state.nodes[1].limit = 1;
    add(state, 3, 0);
    state.monitors[0].pinned = true;
    state.monitors[1].active = false;
    const auto plan = plan_drain(state, 0, DrainStrategy::distribute, {});
    EXPECT_EQ(plan.moves.size(), 2U);
    EXPECT_EQ(plan.stayed_pinned, 1U);
    EXPECT_EQ(plan.over_limit, 0U) << "what does not run takes no room";
}

TEST(Drain, SaysWhenNobodyCanTakeThem) {
    auto state = cluster({kOnline, kDraining, kOffline});
    add(state, 4, 0);
    for (const auto strategy :
         {DrainStrategy::distribute, DrainStrategy::single, DrainStrategy::automatic}) {
        const auto plan = plan_drain(state, 0, strategy, {});
        EXPECT_TRUE(plan.moves.empty());
        EXPECT_EQ(plan.without_target, 4U);
    }
    state.nodes[1].status = kOnline;
    for (const NodeIndex target : {0, 2}) {
        const auto plan = plan_drain(state, 0, DrainStrategy::single, target);
        EXPECT_TRUE(plan.moves.empty());
        EXPECT_EQ(plan.without_target, 4U);
    }
}

TEST(Drain, CountsWhatPassesLimits) {
    auto state = cluster({kDraining, kOnline, kOnline});
    state.nodes[1].limit = 3;
    state.nodes[2].limit = 4;
    add(state, 10, 0);
    EXPECT_EQ(plan_drain(state, 0, DrainStrategy::distribute, {}).over_limit, 3U);
    EXPECT_EQ(plan_drain(state, 0, DrainStrategy::single, 1).over_limit, 7U);
    EXPECT_EQ(plan_drain(state, 0, DrainStrategy::single, {}).moves[0].to, 1);
}

}  // namespace
}  // namespace higuma::policy
