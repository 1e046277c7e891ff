// What rebalancing's tests measure on their own: levels, what may move, and the fewest moves.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>

#include "policy/rebalancing.hpp"
#include "unit/policy/placement_support.hpp"

namespace higuma::policy {

inline bool movable(const ClusterState& state, const PlacedMonitor& monitor) {
    const NodeIndex node = monitor.effective();
    return monitor.active && !monitor.pinned && !monitor.switched && node != kNoNode &&
           state.nodes[static_cast<std::size_t>(node)].status == kOnline;
}

inline double mean_of(const ClusterState& state) {
    const auto loads = loads_of(state);
    double load = 0, speed = 0;
    for (std::size_t i = 0; i < loads.size(); ++i) {
        if (state.nodes[i].status != kOnline) continue;
        load += loads[i].load;
        speed += state.nodes[i].speed;
    }
    return speed > 0 ? load / speed : 0;
}

// Each online node's load over the mean; 0 for the others.
inline std::vector<double> levels_of(const ClusterState& state) {
    const auto loads = loads_of(state);
    const double mean = mean_of(state);
    std::vector<double> levels(loads.size());
    for (std::size_t i = 0; i < loads.size(); ++i) {
        if (state.nodes[i].status != kOnline || mean <= 0) continue;
        levels[i] = loads[i].load / state.nodes[i].speed / mean;
    }
    return levels;
}

inline double max_over_mean(const ClusterState& state) {
    const auto levels = levels_of(state);
    return levels.empty() ? 0 : *std::max_element(levels.begin(), levels.end());
}

inline double load_of(const ClusterState& state, const std::vector<Move>& moves) {
    std::unordered_map<std::int64_t, double> loads;
    for (const PlacedMonitor& monitor : state.monitors) loads[monitor.id] = monitor.load;
    double sum = 0;
    for (const Move& move : moves) sum += loads.at(move.monitor);
    return sum;
}

// A node over the goal gives at least as many monitors as its heaviest take to bring it there.
inline std::size_t lower_bound_of_moves(const ClusterState& state, double goal) {
    std::vector<std::vector<double>> heaviest(state.nodes.size());
    for (const PlacedMonitor& monitor : state.monitors) {
        if (!movable(state, monitor)) continue;
        heaviest[static_cast<std::size_t>(monitor.effective())].push_back(monitor.load);
    }
    const auto levels = levels_of(state);
    const double mean = mean_of(state);
    std::size_t moves = 0;
    for (std::size_t i = 0; i < levels.size(); ++i) {
        std::sort(heaviest[i].rbegin(), heaviest[i].rend());
        double over = (levels[i] - goal - 1e-6) * mean * state.nodes[i].speed;
        for (std::size_t n = 0; n < heaviest[i].size() && over > 0; ++n, ++moves) {
            over -= heaviest[i][n];
        }
    }
    return moves;
}

// A hundredth more than the fewest, rounded up.
inline std::size_t near_fewest(std::size_t fewest) { return fewest + (fewest + 99) / 100; }

}  // namespace higuma::policy
