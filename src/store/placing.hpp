// Operators' own placements: monitors switched to another node, pinned and unpinned. Each checks
// the target and its room in the transaction that changes the rows, with the epoch compared and
// set in the same statement.
#pragma once

#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "model/node.hpp"
#include "store/database.hpp"

namespace higuma::store {

struct Room {
    std::int64_t count = 0;  // active monitors whose effective node it is
    std::int64_t limit = 0;
    std::int64_t left() const { return limit > count ? limit - count : 0; }
};
Result<Room> room_on(Connection& db, const NodeId& node, int default_limit);  // not_found

bool can_take_monitors(const Node& node);  // online and not draining
// The same with words: a conflict that names `targetNodeId`.
Result<void> require_able(const Node& node);

enum class PlaceKind {
    override,  // assigned_node until it is switched back
    rehome,    // the home changes
    pin,       // the home changes, and it stays there whatever happens
};
struct PlaceOrder {
    std::vector<MonitorId> monitors;
    NodeId target;
    PlaceKind kind = PlaceKind::override;
    int default_limit = 1000;
};
enum class PlaceResult { moved, already_there, no_such_monitor, pinned, node_full };
struct PlacedOne {
    MonitorId id;
    PlaceResult result = PlaceResult::moved;
    std::optional<NodeId> from;  // where it ran before
};
struct Placed {
    std::vector<PlacedOne> monitors;  // in the order asked for
    Room room;                        // of the target, afterwards
};
// Failures: not_found (the target), conflict (it is not online, or draining); both name
// `targetNodeId`. Everything else is a result of one monitor.
Result<Placed> place_monitors(Connection& db, const PlaceOrder& order);

// Pins a monitor where it runs now. Failures: not_found, conflict (it has no node yet).
Result<NodeId> pin_in_place(Connection& db, MonitorId id);
// Returns false when it was not pinned. Failures: not_found.
Result<bool> unpin(Connection& db, MonitorId id);

}  // namespace higuma::store
