// An operator's wish to empty a node: kept in the node's row, so that it survives restarts, a node
// that is offline for a while, and a change of leader.
#pragma once

#include <optional>
#include <string>

#include "base/ids.hpp"
#include "store/database.hpp"

namespace higuma::store {

struct DrainWish {
    std::string strategy;          // "distribute", "single", "auto"
    std::optional<NodeId> target;  // of "single"; a preference of "auto"
};

// Returns false when exactly this wish stood already. Failures: not_found (`id`, `targetNodeId`),
// conflict: no other node is online to take over, the target is not online, or it lacks the room
// for all monitors of a "single".
Result<bool> request_drain(Connection& db, const NodeId& node, const DrainWish& wish,
                           int default_limit);
// Returns false when the node was not draining. Failures: not_found.
Result<bool> cancel_drain(Connection& db, const NodeId& node);

}  // namespace higuma::store
