// Where monitors run: failover, recovery and first placement as pure plans over a snapshot. Each
// Move carries the epoch that it expects; applying it compares and sets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "model/node.hpp"

namespace higuma::policy {

// Index into ClusterState::nodes; -1 where there is none.
using NodeIndex = std::int32_t;
inline constexpr NodeIndex kNoNode = -1;

struct PlacedNode {
    NodeId id;
    NodeStatus status = NodeStatus::unknown;
    int limit = 1000;    // monitors it should run at most
    double speed = 1.0;  // relative capacity for load
};

// Kept small: a controller holds a million of them.
struct PlacedMonitor {
    std::int64_t id = 0;
    std::uint64_t epoch = 1;
    NodeIndex home = kNoNode;
    NodeIndex assigned = kNoNode;
    float load = 0;  // checks per second, weighed by what one costs
    bool active = true;
    bool pinned = false;
    bool switched = false;        // an operator assigned it: recovery and rebalancing leave it
    std::uint8_t cost_class = 0;  // of its type; already in `load`

    NodeIndex effective() const { return assigned != kNoNode ? assigned : home; }
    // A failover or a drain sent it elsewhere; pins and an operator's switch stay.
    bool comes_home() const {
        return home != kNoNode && assigned != kNoNode && assigned != home && !pinned && !switched;
    }
};
static_assert(sizeof(PlacedMonitor) == 32);

struct ClusterState {
    std::vector<PlacedNode> nodes;
    std::vector<PlacedMonitor> monitors;
};

enum class MoveKind : std::uint8_t {
    assign,  // set assigned_node
    home,    // assigned_node = NULL: back to the home node
    adopt,   // a monitor without a home: set node_id
    rehome,  // set node_id, assigned_node = NULL: it belongs there from now on
};

struct Move {
    std::int64_t monitor = 0;
    std::uint64_t expected_epoch = 0;
    NodeIndex from = kNoNode;
    NodeIndex to = kNoNode;
    MoveKind kind = MoveKind::assign;
};

struct PlacementPlan {
    std::vector<Move> moves;         // ordered by target, then monitor id
    std::size_t stayed_pinned = 0;   // pinned monitors that stay on a lost node
    std::size_t without_target = 0;  // no online node left
    std::size_t over_limit = 0;      // moved past a node's limit: monitoring goes on before limits
};

// Monitors whose effective node is offline, to the online nodes: balanced by load and room. It
// looks at every offline node, not at the last one to fail, so nothing is forgotten when nodes fall
// together. A monitor whose own home node is online again goes home instead.
PlacementPlan plan_failover(const ClusterState& state);

// Monitors of online home nodes that a failover or a drain sent elsewhere go home. Those that an
// operator switched stay.
PlacementPlan plan_recovery(const ClusterState& state);

// Monitors without a home node go to the online node with the most room.
PlacementPlan plan_adoption(const ClusterState& state);

// The online node with the most room for one more monitor; none when all are full or none is
// online.
std::optional<NodeIndex> choose_node_for_new(const ClusterState& state);

struct NodeLoad {
    int monitors = 0;  // active monitors whose effective node it is
    double load = 0;   // the sum of their loads
};
std::vector<NodeLoad> loads_of(const ClusterState& state);

}  // namespace higuma::policy
