// What must hold for placement on any cluster, shown on seeded random ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "unit/policy/placement_support.hpp"

namespace higuma::policy {
namespace {

ClusterState random_cluster(std::mt19937_64& random) {
    ClusterState state;
    const auto nodes = static_cast<NodeIndex>(1 + random() % 12);
    for (NodeIndex i = 0; i < nodes; ++i) {
        state.nodes.push_back({{"node" + std::to_string(i + 1)},
                               random() % 2 ? kOnline : static_cast<NodeStatus>(random() % 5),
                               static_cast<int>(random() % 120),
                               0.5 + static_cast<double>(random() % 4)});
    }
    const auto any_node = [&] { return static_cast<NodeIndex>(random() % state.nodes.size()); };
    const auto monitors = random() % 400;
    for (std::size_t i = 0; i < monitors; ++i) {
        PlacedMonitor monitor;
        monitor.id = static_cast<std::int64_t>(i + 1);
        monitor.epoch = 1 + random() % 100;
        monitor.home = random() % 10 ? any_node() : kNoNode;
        monitor.assigned = random() % 3 ? kNoNode : any_node();
        monitor.load = 1.0F / static_cast<float>(1 + random() % 300);
        monitor.active = random() % 8 != 0;
        monitor.pinned = random() % 20 == 0;
        monitor.switched = monitor.assigned != kNoNode && random() % 10 == 0;
        state.monitors.push_back(monitor);
    }
    return state;
}

NodeStatus status_of(const ClusterState& state, NodeIndex node) {
    return state.nodes[static_cast<std::size_t>(node)].status;
}

bool has_online(const ClusterState& state) {
    return std::any_of(state.nodes.begin(), state.nodes.end(),
                       [](const PlacedNode& node) { return node.status == kOnline; });
}

// A failover goes to online nodes, and to draining ones when there is no other.
bool takes_over(const ClusterState& state, std::size_t node) {
    const auto status = state.nodes[node].status;
    return status == kOnline || (status == kDraining && !has_online(state));
}

bool any_takes_over(const ClusterState& state) {
    bool any = false;
    for (std::size_t i = 0; i < state.nodes.size(); ++i) any = any || takes_over(state, i);
    return any;
}

bool same(const PlacementPlan& a, const PlacementPlan& b) {
    return std::equal(a.moves.begin(), a.moves.end(), b.moves.begin(), b.moves.end(),
                      [](const Move& x, const Move& y) {
                          return x.monitor == y.monitor && x.expected_epoch == y.expected_epoch &&
                                 x.from == y.from && x.to == y.to && x.kind == y.kind;
                      });
}

constexpr std::uint64_t kSeeds = 400;

TEST(PlacementProperty, FailoverLeavesNobodyOnAnOfflineNode) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        auto state = random_cluster(random);
        const auto before = state;
        const auto plan = plan_failover(state);
        apply(state, plan);
        for (std::size_t i = 0; i < state.monitors.size(); ++i) {
            const PlacedMonitor& was = before.monitors[i];
            const PlacedMonitor& is = state.monitors[i];
            const bool lost =
                was.effective() != kNoNode && status_of(state, was.effective()) == kOffline;
            if (lost && !was.pinned && any_takes_over(state)) {
                ASSERT_TRUE(takes_over(state, static_cast<std::size_t>(is.effective())));
            } else {
                ASSERT_EQ(is.epoch, was.epoch) << "nothing was wrong with monitor " << was.id;
            }
        }
        const auto again = plan_failover(state);
        ASSERT_TRUE(again.moves.empty()) << "a plan that was applied leaves nothing to plan";
        ASSERT_EQ(again.stayed_pinned, plan.stayed_pinned);
    }
}

// Within one monitor of even: where room is no matter, a node that received is no fuller than the
// mean after the move plus what it received last.
TEST(PlacementProperty, FailoverIsBalanced) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        auto state = random_cluster(random);
        for (PlacedNode& node : state.nodes) node.limit = 1'000'000;
        const auto plan = plan_failover(state);
        std::vector<bool> received(state.nodes.size());
        double heaviest = 0;
        for (const Move& move : plan.moves) {
            const auto& monitor = state.monitors[static_cast<std::size_t>(move.monitor - 1)];
            if (move.kind != MoveKind::assign || !monitor.active) continue;
            received[static_cast<std::size_t>(move.to)] = true;
            heaviest = std::max(heaviest, static_cast<double>(monitor.load));
        }
        apply(state, plan);
        const auto loads = loads_of(state);
        double total = 0, speed = 0;
        for (std::size_t i = 0; i < loads.size(); ++i) {
            if (!takes_over(state, i)) continue;
            total += loads[i].load;
            speed += state.nodes[i].speed;
        }
        for (std::size_t i = 0; i < loads.size(); ++i) {
            if (!received[i]) continue;
            const double node_speed = state.nodes[i].speed;
            ASSERT_LE(loads[i].load / node_speed, total / speed + heaviest / node_speed + 1e-6);
        }
    }
}

TEST(PlacementProperty, LimitsArePassedOnlyWhenEveryNodeIsFull) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        auto state = random_cluster(random);
        for (PlacedMonitor& monitor : state.monitors) monitor.home = monitor.effective();
        for (PlacedMonitor& monitor : state.monitors) monitor.assigned = kNoNode;
        const auto before = counts(state);
        const auto plan = plan_failover(state);
        apply(state, plan);
        const auto after = counts(state);
        bool room_left = false;
        std::size_t passed = 0;
        for (std::size_t i = 0; i < after.size(); ++i) {
            if (!takes_over(state, i)) continue;
            room_left = room_left || after[i] < state.nodes[i].limit;
            passed += static_cast<std::size_t>(
                std::max(0, after[i] - std::max(before[i], state.nodes[i].limit)));
        }
        ASSERT_EQ(plan.over_limit, passed);
        if (room_left) {
            ASSERT_EQ(plan.over_limit, 0U);
        }
    }
}

TEST(PlacementProperty, RecoveryBringsHomeAndIsIdempotent) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        auto state = random_cluster(random);
        const auto before = state;
        apply(state, plan_recovery(state));
        for (std::size_t i = 0; i < state.monitors.size(); ++i) {
            const PlacedMonitor& was = before.monitors[i];
            const PlacedMonitor& is = state.monitors[i];
            const bool stays = was.pinned || was.switched || was.home == kNoNode;
            if (!stays && status_of(state, was.home) == kOnline) {
                ASSERT_EQ(is.effective(), is.home);
            } else {
                ASSERT_EQ(is.epoch, was.epoch);
            }
        }
        ASSERT_TRUE(plan_recovery(state).moves.empty());
    }
}

TEST(PlacementProperty, AllPlansTogetherComeToRest) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        auto state = random_cluster(random);
        apply(state, plan_failover(state));
        apply(state, plan_recovery(state));
        apply(state, plan_adoption(state));
        ASSERT_TRUE(plan_failover(state).moves.empty());
        ASSERT_TRUE(plan_recovery(state).moves.empty());
        ASSERT_TRUE(plan_adoption(state).moves.empty());
        for (const PlacedMonitor& monitor : state.monitors) {
            ASSERT_TRUE(monitor.effective() != kNoNode || !has_online(state));
        }
    }
}

TEST(PlacementProperty, PlansDoNotDependOnTheOrderOfTheSnapshot) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const auto state = random_cluster(random);
        auto shuffled = state;
        std::shuffle(shuffled.monitors.begin(), shuffled.monitors.end(), random);
        ASSERT_TRUE(same(plan_failover(state), plan_failover(shuffled)));
        ASSERT_TRUE(same(plan_recovery(state), plan_recovery(shuffled)));
        ASSERT_TRUE(same(plan_adoption(state), plan_adoption(shuffled)));
        ASSERT_EQ(choose_node_for_new(state), choose_node_for_new(shuffled));
    }
}

// A million monitors on a hundred nodes, half of which fall: a quadratic plan would not end.
TEST(PlacementProperty, AMillionMonitors) {
    ClusterState state;
    for (int i = 0; i < 100; ++i) {
        state.nodes.push_back(
            {{"node" + std::to_string(i)}, i % 2 ? kOnline : kOffline, 15'000, 1.0});
    }
    for (std::int64_t id = 1; id <= 1'000'000; ++id) {
        state.monitors.push_back({id, 1, static_cast<NodeIndex>(id % 100), kNoNode,
                                  1.0F / static_cast<float>(20 + id % 41), true, false});
    }
    const auto plan = plan_failover(state);
    EXPECT_EQ(plan.moves.size(), 500'000U);
    EXPECT_EQ(plan.over_limit, 250'000U);
    apply(state, plan);
    double most = 0, total = 0;
    for (const NodeLoad& load : loads_of(state)) {
        most = std::max(most, load.load);
        total += load.load;
    }
    EXPECT_LE(most / (total / 50), 1.001) << "even to a thousandth over the 50 nodes left";
    EXPECT_TRUE(plan_failover(state).moves.empty());
}

}  // namespace
}  // namespace higuma::policy
