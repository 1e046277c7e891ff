#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/policy/routing_support.hpp"

namespace higuma::policy {
namespace {

RoutedNode weighing(std::uint32_t weight) {
    RoutedNode result = node(kOnline);
    result.weight = weight;
    return result;
}
// Sends `requests` one after the other, each over at once or all held, and counts them per node.
std::vector<int> spread(std::vector<RoutedNode> nodes, int requests, bool held) {
    std::vector<int> counts(nodes.size());
    for (int i = 0; i < requests; ++i) {
        RoutingView view{nodes};
        view.rotation = static_cast<std::uint32_t>(i);
        const RouteChoice choice = choose_route(view, {});
        if (!choice.node) continue;
        ++counts[*choice.node];
        if (held) ++nodes[*choice.node].in_flight;
    }
    return counts;
}

TEST(RoutingSpread, FewestMonitorsWhenNothingPresses) {
    EXPECT_EQ(spread({node(kOnline, 30), node(kOnline, 10), node(kOnline, 20)}, 30, false),
              (std::vector<int>{0, 30, 0}));
}

TEST(RoutingSpread, NearTiesTakeTurns) {
    EXPECT_EQ(spread({node(kOnline, 1000), node(kOnline, 1050), node(kOnline, 1010)}, 30, false),
              (std::vector<int>{10, 10, 10}));
}

// Fault 5: the fewest monitors are constant between changes, so one node was sent everything.
TEST(RoutingSpread, ABurstIsNotSentToOneNode) {
    const auto counts =
        spread({node(kOnline, 500), node(kOnline, 1000), node(kOnline, 2000)}, 300, true);
    EXPECT_GT(counts[0], counts[1]);
    EXPECT_GT(counts[1], counts[2]);
    EXPECT_GT(counts[2], 30);
    const auto with_empty = spread({node(kOnline, 0), node(kOnline, 1000)}, 300, true);
    EXPECT_GT(with_empty[1], 10) << "a node without monitors does not take all";
}

TEST(RoutingSpread, SlowStartTakesItsShareOnly) {
    RoutedNode fresh = node(kOnline, 1000);
    fresh.ramp_permille = 100;
    const auto counts = spread({fresh, node(kOnline, 1000)}, 220, true);
    EXPECT_GT(counts[0], 5);
    EXPECT_LT(counts[0], 40);
    fresh.ramp_permille = 0;
    EXPECT_EQ(spread({fresh, node(kOnline, 1000)}, 20, false), (std::vector<int>{0, 20}));
}

std::vector<int> spread_by(Algorithm algorithm, std::vector<RoutedNode> nodes, int requests,
                           bool held, std::string* order = nullptr) {
    std::vector<int> counts(nodes.size());
    std::uint64_t turns_then = 0;
    for (int i = 0; i < requests; ++i) {
        RoutingView view{nodes};
        view.algorithm = algorithm;
        view.rotation = static_cast<std::uint32_t>(i);
        view.turns_then = turns_then;
        const auto chosen = choose_route(view, {}).node;
        if (!chosen) continue;
        ++counts[*chosen];
        if (order != nullptr) *order += static_cast<char>('a' + *chosen);
        if (held) ++nodes[*chosen].in_flight;
        note_turn(nodes[*chosen], turns_then);
    }
    return counts;
}

TEST(RoutingSpread, LeastConnectionsCountsForEachUnitOfWeight) {
    const auto counts = spread_by(Algorithm::least_connections,
                                  {weighing(100), weighing(200), weighing(300)}, 600, true);
    EXPECT_NEAR(counts[0], 100, 15);
    EXPECT_NEAR(counts[1], 200, 25);
    EXPECT_NEAR(counts[2], 300, 35);
}

TEST(RoutingSpread, WeightedSpreadsInProportionAndSmoothly) {
    std::string order;
    const auto counts = spread_by(
        Algorithm::weighted, {weighing(500), weighing(100), weighing(100)}, 700, false, &order);
    EXPECT_EQ(counts, (std::vector<int>{500, 100, 100}));
    EXPECT_EQ(order.find("aaaaaaa"), std::string::npos) << order;
}

TEST(RoutingSpread, WeightedDoesNotMakeUpForAnAbsence) {
    std::vector<RoutedNode> nodes{weighing(100), weighing(100)};
    nodes[0].turns_used = nodes[1].turns_used = 1'000'000'000;
    nodes[1].turns_used = 0;  // it has just joined
    std::uint64_t turns_then = nodes[0].turns_used;
    int in_a_row = 0;
    for (; in_a_row < 10; ++in_a_row) {
        RoutingView view{nodes};
        view.algorithm = Algorithm::weighted;
        view.turns_then = turns_then;
        const auto chosen = choose_route(view, {}).node;
        if (chosen != 1) break;
        note_turn(nodes[1], turns_then);
    }
    EXPECT_LE(in_a_row, 2);
}

TEST(RoutingSpread, SlowStartAndAnnouncedLoadHoldForEveryAlgorithm) {
    for (const auto algorithm :
         {Algorithm::least_monitors, Algorithm::least_connections, Algorithm::weighted}) {
        for (const bool fresh : {true, false}) {
            RoutedNode slow = node(kOnline);
            if (fresh) {
                slow.ramp_permille = 100;
            } else {
                slow.announced_load_permille = 900;
            }
            const auto counts = spread_by(algorithm, {slow, node(kOnline)}, 220, true);
            EXPECT_GT(counts[0], 5) << to_string(algorithm);
            EXPECT_LT(counts[0], 40) << to_string(algorithm);
        }
        RoutedNode draining = node(kDraining);
        EXPECT_EQ(spread_by(algorithm, {draining, node(kOnline)}, 20, true),
                  (std::vector<int>{0, 20}));
    }
}

TEST(RoutingSpread, AlgorithmsHaveNames) {
    for (const auto algorithm :
         {Algorithm::least_monitors, Algorithm::least_connections, Algorithm::weighted}) {
        EXPECT_EQ(algorithm_from(to_string(algorithm)), algorithm);
    }
    EXPECT_EQ(algorithm_from("random"), std::nullopt);
}

TEST(RoutingSpread, HoldsForManyNodesAndLargeCounts) {
    std::vector<RoutedNode> nodes(kMaxRoutedNodes, node(kOnline, 4'000'000));
    for (RoutedNode& each : nodes) each.in_flight = 1'000'000;
    nodes[255].in_flight = 10;
    EXPECT_EQ(choose_route({nodes}, {}).node, 255u);
}

}  // namespace
}  // namespace higuma::policy
