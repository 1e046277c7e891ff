// How long the rebalancing planner takes and how few moves it needs, on made-up clusters. Prints
// one JSON object per case; bench/planner.py makes the table.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <queue>
#include <random>

#include "policy/rebalancing.hpp"

namespace {

using namespace higuma;
using policy::ClusterState;
using policy::NodeIndex;

constexpr NodeIndex kNodes = 100;

struct Scenario {
    const char* name;
    std::function<NodeIndex(std::int64_t, std::mt19937_64&)> home;
    bool full = false;  // every node at its limit, a fifth of them with heavier monitors
};

double fraction(std::mt19937_64& random) {
    return static_cast<double>(random() % 1'000'000) / 1'000'000;
}

const Scenario kScenarios[] = {
    {"even", [](std::int64_t id, auto&) { return static_cast<NodeIndex>(id % kNodes); }},
    {"one joined",
     [](std::int64_t id, auto&) { return static_cast<NodeIndex>(id % (kNodes - 1)); }},
    // Half of a small cluster's nodes are new: what a single join is to a cluster of two.
    {"half joined",
     [](std::int64_t id, auto&) { return static_cast<NodeIndex>(id % (kNodes / 2)); }},
    {"one lost", [](std::int64_t id, auto&) { return static_cast<NodeIndex>(id % kNodes); }},
    {"skewed",
     [](std::int64_t, auto& random) {
         const double at = fraction(random);
         return static_cast<NodeIndex>(at * at * kNodes);
     }},
    {"no room", [](std::int64_t id, auto&) { return static_cast<NodeIndex>(id % kNodes); }, true},
};

// Intervals from 20 s to 1 h; a tenth of the monitors cost up to ten times as much.
ClusterState cluster(const Scenario& scenario, std::int64_t monitors) {
    std::mt19937_64 random(1);
    ClusterState state;
    const int limit = scenario.full ? static_cast<int>(monitors / kNodes) : 1'000'000;
    for (NodeIndex i = 0; i < kNodes; ++i) {
        state.nodes.push_back({{fmt::format("node{}", i + 1)}, NodeStatus::online, limit, 1.0});
    }
    constexpr float kIntervals[] = {20, 30, 60, 60, 60, 120, 300, 600, 3600};
    for (std::int64_t id = 1; id <= monitors; ++id) {
        policy::PlacedMonitor monitor;
        monitor.id = id;
        monitor.home = scenario.home(id, random);
        const float cost = random() % 10 ? 1.0F : static_cast<float>(1 + random() % 10);
        monitor.load = cost / kIntervals[random() % std::size(kIntervals)];
        if (scenario.full && monitor.home < kNodes / 5) monitor.load *= 2;
        state.monitors.push_back(monitor);
    }
    return state;
}

struct Outcome {
    double seconds = 0;
    std::size_t moves = 0;
    double after = 0;
};

// What a planner without memory does: every monitor anew, heaviest first, to the least loaded node.
Outcome place_anew(const ClusterState& state) {
    std::vector<std::size_t> order(state.monitors.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return state.monitors[a].load > state.monitors[b].load;
    });
    using Level = std::pair<double, NodeIndex>;
    std::priority_queue<Level, std::vector<Level>, std::greater<>> levels;
    double total = 0;
    for (NodeIndex i = 0; i < kNodes; ++i) {
        if (state.nodes[static_cast<std::size_t>(i)].status == NodeStatus::online) {
            levels.emplace(0.0, i);
        }
    }
    Outcome outcome;
    for (const std::size_t i : order) {
        auto [load, node] = levels.top();
        levels.pop();
        load += state.monitors[i].load;
        total += state.monitors[i].load;
        outcome.moves += state.monitors[i].effective() != node ? 1 : 0;
        outcome.after = std::max(outcome.after, load);
        levels.emplace(load, node);
    }
    outcome.after /= total / static_cast<double>(levels.size());
    return outcome;
}

// The median of several runs; `plan` is asked each time for the same thing.
template <class Plan>
Outcome timed(int runs, const Plan& plan) {
    std::vector<double> seconds;
    Outcome outcome;
    for (int i = 0; i < runs; ++i) {
        const auto start = std::chrono::steady_clock::now();
        outcome = plan();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        seconds.push_back(took.count());
    }
    std::sort(seconds.begin(), seconds.end());
    outcome.seconds = seconds[seconds.size() / 2];
    return outcome;
}

std::string json(const char* planner, const Outcome& outcome) {
    return fmt::format(R"("{}":{{"seconds":{:.6f},"moves":{},"max_over_mean_after":{:.4f}}})",
                       planner, outcome.seconds, outcome.moves, outcome.after);
}

Outcome outcome_of(const policy::RebalancePlan& plan) {
    return {0, plan.moves.size(), plan.figures.max_over_mean_after};
}

void carry_out(ClusterState& state, const std::vector<policy::Move>& moves) {
    for (const policy::Move& move : moves) {
        state.monitors[static_cast<std::size_t>(move.monitor - 1)].assigned = move.to;
    }
}

void run(const Scenario& scenario, std::int64_t monitors, int runs) {
    ClusterState state = cluster(scenario, monitors);
    std::string failover;
    if (std::string_view(scenario.name) == "one lost") {
        state.nodes[0].status = NodeStatus::offline;
        policy::PlacementPlan plan;
        const auto lost = timed(runs, [&] {
            plan = policy::plan_failover(state);
            return Outcome{0, plan.moves.size(), 0};
        });
        carry_out(state, plan.moves);
        failover = fmt::format(R"("failover_seconds":{:.6f},"failover_moves":{},)", lost.seconds,
                               lost.moves);
    }
    const auto figures = policy::plan_rebalance(state, {}).figures;
    const auto fewest = timed(runs, [&] { return outcome_of(policy::plan_rebalance(state, {})); });
    const auto even = timed(runs, [&] { return outcome_of(policy::plan_redistribution(state)); });
    const auto anew = timed(runs, [&] { return place_anew(state); });
    fmt::print(R"({{"scenario":"{}","monitors":{},"nodes":{},"runs":{},{}"lower_bound":{},)",
               scenario.name, monitors, kNodes, runs, failover, figures.least_moves);
    fmt::print(R"("max_over_mean_before":{:.4f},{},{},{}}})", figures.max_over_mean_before,
               json("rebalance", fewest), json("redistribute", even), json("place_anew", anew));
    fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
    const int runs = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
    for (const std::int64_t monitors : {100'000, 1'000'000}) {
        for (const Scenario& scenario : kScenarios) run(scenario, monitors, runs);
    }
}
