// Moving monitors while nothing is wrong: rebalancing, redistribution and drains as pure plans over
// a snapshot, and the churn budget that spreads a plan over time.
#pragma once

#include <span>

#include "base/clock.hpp"
#include "policy/placement.hpp"

namespace higuma::policy {

// A node's load counts in relation to its speed; the mean is that of all online nodes.
struct BalanceGoal {
    double max_over_mean = 1.10;
};

struct BalanceFigures {
    double mean_load = 0;  // of a node of speed 1
    double max_over_mean_before = 0;
    double max_over_mean_after = 0;
    std::size_t movable = 0;      // active monitors of online nodes, neither pinned nor switched
    std::size_t least_moves = 0;  // no plan that reaches the goal has fewer moves
};

// The most loaded node is relieved first, heaviest monitors first, so a plan that is cut short has
// done what was most useful. Nodes that are full are not sent more. Inactive monitors stay: they
// cause no load.
struct RebalancePlan {
    std::vector<Move> moves;
    BalanceFigures figures;
};

// The fewest moves that bring every online node to the goal; none when nothing is worth moving.
// Where the goal cannot be reached (pins, limits, single heavy monitors) it comes near, as long as
// a step lowers a node by a hundredth of the mean.
RebalancePlan plan_rebalance(const ClusterState& state, const BalanceGoal& goal);

// As even as placing every monitor anew would be, but without moving what may as well stay. Stops
// within half a hundredth of the mean.
RebalancePlan plan_redistribution(const ClusterState& state);

enum class DrainStrategy {
    distribute,  // over all other online nodes; monitors whose home is online go home
    single,      // all to one node
    automatic,   // to one node if that has room and stays within the default goal, else distribute
};

// Everything that runs on `from` and is not pinned leaves it. `target` names the one node; without
// it the node that would be loaded least is taken. A plan for a target that is not online is empty
// and counts its monitors in `without_target`.
PlacementPlan plan_drain(const ClusterState& state, NodeIndex from, DrainStrategy strategy,
                         std::optional<NodeIndex> target);

// Load that may move in a time, as a share of the cluster's whole load.
struct ChurnBudget {
    double share_per_minute = 0.01;  // <= 0: no limit
};
struct ChurnState {
    double credit = 0;  // load; below 0 after a monitor heavier than the budget
    Instant last{};
};

// How many of the next moves may be applied now; `loads` are those moves' loads. Credit is saved up
// for ten seconds at most. A single monitor may overdraw it, so that a heavy one moves at all; the
// next ones wait the longer.
std::size_t next_batch(const ChurnBudget& budget, ChurnState& churn, double total_load,
                       std::span<const float> loads, Instant now);

}  // namespace higuma::policy
