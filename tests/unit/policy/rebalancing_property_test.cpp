// What must hold for rebalancing on any cluster, shown on seeded random ones: near the fewest
// moves, and nothing broken on the way.
#include <gtest/gtest.h>

#include "unit/policy/rebalancing_support.hpp"

namespace higuma::policy {
namespace {

constexpr double kGoal = 1.10;

struct Shape {
    std::size_t nodes, monitors;
    bool limits = true, speeds = true, stuck = true;
};

double fraction(std::mt19937_64& random) { return static_cast<double>(random() % 10'000) / 10'000; }

// Monitors prefer some nodes, so that there is something to do.
ClusterState random_cluster(std::mt19937_64& random, const Shape& shape) {
    ClusterState state;
    for (std::size_t i = 0; i < shape.nodes; ++i) {
        const bool online = i == 0 || random() % 6 != 0;
        state.nodes.push_back({{"node" + std::to_string(i + 1)},
                               online ? kOnline : static_cast<NodeStatus>(random() % 5),
                               1'000'000,
                               shape.speeds ? 1.0 + static_cast<double>(random() % 3) : 1.0});
    }
    const double skew = 1 + 2 * fraction(random);
    const auto any_node = [&] {
        const double at = std::pow(fraction(random), skew);
        return static_cast<NodeIndex>(at * static_cast<double>(shape.nodes));
    };
    const auto kinds = 1 + random() % 300;
    for (std::size_t i = 0; i < shape.monitors; ++i) {
        PlacedMonitor monitor;
        monitor.id = static_cast<std::int64_t>(i + 1);
        monitor.epoch = 1 + random() % 100;
        monitor.home = any_node();
        monitor.assigned = random() % 8 ? kNoNode : any_node();
        monitor.load = 1.0F / static_cast<float>(1 + random() % kinds);
        monitor.active = random() % 10 != 0;
        monitor.pinned = shape.stuck && random() % 12 == 0;
        monitor.switched = shape.stuck && monitor.assigned != kNoNode && random() % 3 == 0;
        state.monitors.push_back(monitor);
    }
    if (!shape.limits) return state;
    const auto share = shape.monitors / shape.nodes;
    for (PlacedNode& node : state.nodes) {
        node.limit = static_cast<int>(share / 2 + random() % (2 * share + 1));
    }
    return state;
}

// Whether a node is over the goal by what must stay on it alone.
bool stuck_over_goal(const ClusterState& state) {
    auto rest = state;
    std::erase_if(rest.monitors, [&](const auto& monitor) { return movable(state, monitor); });
    const double mean = mean_of(state);
    const auto loads = loads_of(rest);
    for (std::size_t i = 0; i < loads.size(); ++i) {
        const double most = kGoal * mean * state.nodes[i].speed;
        if (state.nodes[i].status == kOnline && loads[i].load > most) return true;
    }
    return false;
}

// Tries every placement of the movable monitors.
class BruteForce {
  public:
    explicit BruteForce(const ClusterState& state) : state_(state), loads_(state.nodes.size()) {
        const auto loads = loads_of(state);
        for (std::size_t i = 0; i < loads.size(); ++i) {
            loads_[i] = loads[i].load;
            counts_.push_back(loads[i].monitors);
            most_.push_back(std::max(state.nodes[i].limit, loads[i].monitors));
            ceilings_.push_back(kGoal * mean_of(state) * state.nodes[i].speed);
        }
        for (const PlacedMonitor& monitor : state.monitors) {
            if (movable(state, monitor)) movable_.push_back(&monitor);
        }
        place(0, 0);
    }

    std::optional<std::size_t> fewest() const { return fewest_; }

  private:
    void place(std::size_t at, std::size_t moves) {
        if (fewest_ && moves >= *fewest_) return;
        if (at == movable_.size()) {
            if (good()) fewest_ = moves;
            return;
        }
        const auto from = static_cast<std::size_t>(movable_[at]->effective());
        place(at + 1, moves);
        for (std::size_t to = 0; to < loads_.size(); ++to) {
            if (to == from || state_.nodes[to].status != kOnline) continue;
            shift(from, to, movable_[at]->load);
            place(at + 1, moves + 1);
            shift(to, from, movable_[at]->load);
        }
    }

    void shift(std::size_t from, std::size_t to, double load) {
        loads_[from] -= load;
        loads_[to] += load;
        --counts_[from];
        ++counts_[to];
    }

    bool good() const {
        for (std::size_t i = 0; i < loads_.size(); ++i) {
            if (state_.nodes[i].status != kOnline) continue;
            // A hair stricter than the planner's whole numbers, so that rounding decides nothing.
            if (loads_[i] > ceilings_[i] - 1e-5 || counts_[i] > most_[i]) return false;
        }
        return true;
    }

    const ClusterState& state_;
    std::vector<double> loads_, ceilings_;
    std::vector<int> counts_, most_;
    std::vector<const PlacedMonitor*> movable_;
    std::optional<std::size_t> fewest_;
};

void expect_nothing_broken(const ClusterState& before, const std::vector<Move>& moves) {
    ClusterState after = before;
    carry_out(after, moves);
    const auto counts_before = counts(before), counts_after = counts(after);
    for (std::size_t i = 0; i < before.nodes.size(); ++i) {
        ASSERT_LE(counts_after[i], std::max(counts_before[i], before.nodes[i].limit));
    }
    for (std::size_t i = 0; i < before.monitors.size(); ++i) {
        const PlacedMonitor& was = before.monitors[i];
        const PlacedMonitor& is = after.monitors[i];
        ASSERT_LE(is.epoch, was.epoch + 1) << "moved twice";
        if (is.epoch == was.epoch) continue;
        ASSERT_TRUE(movable(before, was)) << "monitor " << was.id;
        const auto node = static_cast<std::size_t>(is.effective());
        ASSERT_EQ(before.nodes[node].status, kOnline);
        ASSERT_NE(is.effective(), was.effective());
    }
    ASSERT_LE(max_over_mean(after), std::max(max_over_mean(before), kGoal) + 1e-6);
}

TEST(RebalanceProperty, SmallClustersComparedWithEveryPossiblePlan) {
    std::size_t solved = 0, exact = 0;
    for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const Shape shape{2 + random() % 3, 1 + random() % 9, random() % 2 == 0, random() % 2 == 0,
                          random() % 2 == 0};
        const auto state = random_cluster(random, shape);
        const auto plan = plan_rebalance(state, {kGoal});
        expect_nothing_broken(state, plan.moves);
        const auto fewest = BruteForce(state).fewest();
        if (!fewest) continue;
        ++solved;
        exact += plan.moves.size() == *fewest ? 1 : 0;
        ASSERT_LE(plan.moves.size(), near_fewest(*fewest));
        ASSERT_LE(plan.figures.least_moves, *fewest);
        ASSERT_LE(plan.figures.max_over_mean_after, kGoal + 1e-6);
    }
    EXPECT_GT(solved, 1000U);
    EXPECT_EQ(exact, solved);
}

TEST(RebalanceProperty, LargeClustersComparedWithTheLowerBound) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const auto nodes = 3 + random() % 60;
        const auto state = random_cluster(random, {nodes, nodes * (400 + random() % 400), false});
        const auto plan = plan_rebalance(state, {kGoal});
        expect_nothing_broken(state, plan.moves);
        if (stuck_over_goal(state)) continue;
        ASSERT_LE(plan.figures.max_over_mean_after, kGoal + 1e-6);
        ASSERT_LE(plan.moves.size(), near_fewest(lower_bound_of_moves(state, kGoal)));
        ASSERT_GE(plan.moves.size(), plan.figures.least_moves);
    }
}

// Each overloaded node's heaviest monitors against the lightest of all, until it is at the goal.
std::size_t fewest_exchanges(const ClusterState& state) {
    std::vector<std::vector<double>> loads(state.nodes.size());
    std::vector<double> lightest;
    for (const PlacedMonitor& monitor : state.monitors) {
        loads[static_cast<std::size_t>(monitor.effective())].push_back(monitor.load);
        lightest.push_back(monitor.load);
    }
    std::sort(lightest.begin(), lightest.end());
    const auto levels = levels_of(state);
    std::size_t exchanges = 0;
    for (std::size_t i = 0; i < loads.size(); ++i) {
        std::sort(loads[i].rbegin(), loads[i].rend());
        double over = (levels[i] - kGoal) * mean_of(state);
        for (std::size_t n = 0; over > 1e-6; ++n, ++exchanges) over -= loads[i][n] - lightest[n];
    }
    return exchanges;
}

// Every node is full: for each monitor that leaves an overloaded node a lighter one comes back.
TEST(RebalanceProperty, FullNodesExchangeNoMoreThanTheyMust) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const auto nodes = 3 + random() % 20;
        const auto hot = 1 + random() % (nodes / 3);
        const double heat = 1.5 + fraction(random);
        ClusterState state;
        for (std::size_t i = 0; i < nodes; ++i) {
            state.nodes.push_back({{"node" + std::to_string(i + 1)}, kOnline, 400, 1.0});
            add(state, 400, static_cast<NodeIndex>(i));
        }
        for (PlacedMonitor& monitor : state.monitors) {
            const double load = 1.0 / static_cast<double>(20 + random() % 600);
            const bool heated = static_cast<std::size_t>(monitor.home) < hot;
            monitor.load = static_cast<float>(heated ? load * heat : load);
        }
        const auto plan = plan_rebalance(state, {kGoal});
        expect_nothing_broken(state, plan.moves);
        ASSERT_LE(plan.figures.max_over_mean_after, kGoal + 1e-6);
        ASSERT_LE(plan.moves.size(), near_fewest(2 * fewest_exchanges(state)) + 2);
        ASSERT_GE(plan.moves.size(), plan.figures.least_moves);
    }
}

TEST(RebalanceProperty, LimitsPinsAndCoarseMonitors) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const auto nodes = 2 + random() % 20;
        auto state = random_cluster(random, {nodes, nodes * (1 + random() % 40)});
        const auto plan = plan_rebalance(state, {kGoal});
        expect_nothing_broken(state, plan.moves);
        const double before = max_over_mean(state);
        carry_out(state, plan.moves);
        ASSERT_NEAR(plan.figures.max_over_mean_before, before, 1e-3);
        ASSERT_NEAR(plan.figures.max_over_mean_after, max_over_mean(state), 1e-3);
        if (plan.figures.max_over_mean_after <= kGoal) {
            ASSERT_TRUE(plan_rebalance(state, {kGoal}).moves.empty());
        }
    }
}

TEST(RebalanceProperty, ARedistributionIsEven) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const auto nodes = 2 + random() % 20;
        auto state = random_cluster(random, {nodes, nodes * 500, false, true, false});
        const auto plan = plan_redistribution(state);
        expect_nothing_broken(state, plan.moves);
        carry_out(state, plan.moves);
        const auto levels = levels_of(state);
        for (std::size_t i = 0; i < state.nodes.size(); ++i) {
            if (state.nodes[i].status != kOnline) continue;
            ASSERT_NEAR(levels[i], 1.0, 0.03);
        }
    }
}

TEST(RebalanceProperty, PlansDoNotDependOnTheOrderOfTheSnapshot) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const auto state = random_cluster(random, {2 + random() % 8, 1 + random() % 300});
        auto shuffled = state;
        std::shuffle(shuffled.monitors.begin(), shuffled.monitors.end(), random);
        const auto same = [](const std::vector<Move>& a, const std::vector<Move>& b) {
            return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                              [](const Move& x, const Move& y) {
                                  return x.monitor == y.monitor && x.to == y.to && x.kind == y.kind;
                              });
        };
        ASSERT_TRUE(same(plan_rebalance(state, {}).moves, plan_rebalance(shuffled, {}).moves));
        ASSERT_TRUE(same(plan_redistribution(state).moves, plan_redistribution(shuffled).moves));
        ASSERT_TRUE(same(plan_drain(state, 0, DrainStrategy::automatic, {}).moves,
                         plan_drain(shuffled, 0, DrainStrategy::automatic, {}).moves));
    }
}

// A quadratic plan would not end.
TEST(RebalanceProperty, AMillionMonitorsOnOneOfAHundredNodes) {
    ClusterState state;
    for (int i = 0; i < 100; ++i) {
        state.nodes.push_back({{"node" + std::to_string(i)}, kOnline, 1'000'000, 1.0});
    }
    for (std::int64_t id = 1; id <= 1'000'000; ++id) {
        PlacedMonitor monitor;
        monitor.id = id;
        monitor.home = 0;
        monitor.load = 1.0F / static_cast<float>(20 + id % 41);
        state.monitors.push_back(monitor);
    }
    const auto plan = plan_rebalance(state, {kGoal});
    EXPECT_EQ(plan.moves.size(), plan.figures.least_moves);
    EXPECT_LE(plan.figures.max_over_mean_after, kGoal);
    EXPECT_TRUE(plan_drain(state, 1, DrainStrategy::distribute, {}).moves.empty());
}

}  // namespace
}  // namespace higuma::policy
