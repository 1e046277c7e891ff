// What the controller reads and writes: its lease, node states, assignments and the history of
// events.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "model/monitor.hpp"
#include "model/node.hpp"
#include "store/database.hpp"

namespace higuma::store {

// The clock that leases follow.
Result<WallTime> database_time(Connection& db);

struct Lease {
    std::string holder;
    std::uint64_t term = 0;  // grows with each change of holder
    bool mine = false;
    Millis remaining{};  // by the database's clock
};
// Takes the lease if it is free, lapsed or ours already; otherwise tells who holds it.
Result<Lease> acquire_lease(Connection& db, const std::string& name, const std::string& holder,
                            Millis ttl);
Result<void> release_lease(Connection& db, const std::string& name, const std::string& holder);

// Leader's writes name the lease: they change nothing when the term is no longer current (stale).
struct LeaderTerm {
    std::string lease;
    std::string holder;
    std::uint64_t term = 0;
};

Result<void> write_node_status(Connection& db, const LeaderTerm& leader, const NodeId& id,
                               NodeStatus status, const std::string& last_error, bool seen);

// The controller's view of all monitors, and what changed since.
struct AssignmentRow {
    MonitorId id;
    std::optional<NodeId> home;
    std::optional<NodeId> assigned;
    Epoch epoch;
    bool active = true;
    bool pinned = false;
    int interval_seconds = 20;
    std::string push_token;
    AssignReason reason = AssignReason::none;
    std::string type;
};
struct AssignmentDelta {
    ChangeSeq upto;
    std::vector<AssignmentRow> changed;
    std::vector<MonitorId> deleted;
    bool full = false;
};
// Monitors that a stock Uptime Kuma added have no number yet: each delta tells them until they are
// moved.
Result<AssignmentDelta> assignments_changed_since(Connection& db, ChangeSeq since);

// Applies moves by comparing and setting the epoch, in set-based statements of at most `chunk`
// rows; each adds one to the epoch in the same statement. Returns the ids that moved: a move whose
// epoch was no longer current is left out and will be planned anew.
enum class AssignmentChange { assign, home, adopt, rehome };
struct AssignmentMove {
    MonitorId monitor;
    Epoch expected;
    NodeId to;  // for `home`: the home node
    AssignmentChange change = AssignmentChange::assign;
    AssignReason reason = AssignReason::failover;  // of `assign`
};
struct MovesApplied {
    std::uint64_t moved = 0;
    std::uint64_t refused = 0;  // epoch changed meanwhile
    ChangeSeq upto;
};
// `also` runs in each chunk's transaction, which it can fail: for what must be stored with the
// moves.
using AlongWithMoves = std::function<Result<void>(Connection&, const MovesApplied&)>;
Result<MovesApplied> apply_moves(Connection& db, const LeaderTerm& leader,
                                 const std::vector<AssignmentMove>& moves, std::size_t chunk = 5000,
                                 const AlongWithMoves& also = nullptr);

struct ClusterEvent {
    std::int64_t id = 0;
    WallTime time{};
    std::string kind;  // "offline", "failover", "recovering", "online", "recovery", "adopted",
                       // "leader", ...
    std::optional<NodeId> node;
    std::int64_t monitors = 0;
    std::int64_t took_ms = 0;
    std::string detail;  // one line for people
};
Result<void> add_event(Connection& db, const ClusterEvent& event);  // keeps the last 10,000
// The newest `limit` events after `after_id`, oldest first. An event's time is the database's.
Result<std::vector<ClusterEvent>> list_events(Connection& db, std::int64_t after_id, int limit);

struct NodeCapacity {
    NodeId node;
    std::int64_t current_count = 0;  // active monitors whose effective node it is
    int limit = 0;
};
Result<std::vector<NodeCapacity>> capacities(Connection& db, int default_limit);

}  // namespace higuma::store
