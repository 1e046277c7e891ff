// The `monitor` table for nodes and the REST API. Every write takes the next change sequence number
// in its own transaction, so that readers fetch only what changed since the number they know.
#pragma once

#include <string>
#include <vector>

#include "model/beat.hpp"
#include "model/monitor.hpp"
#include "store/database.hpp"

namespace higuma::store {

// One row read: cheap however many monitors there are.
Result<ChangeSeq> current_change_seq(Connection& db);

// What a node must start, restart or stop after `since`.
struct MonitorDelta {
    ChangeSeq upto;
    std::vector<Monitor> mine;        // changed, active or not, and effective on this node
    std::vector<MonitorId> not_mine;  // changed or deleted, and not (any more) on this node
    bool full = false;                // `mine` is everything: `since` was too old or 0
};
Result<MonitorDelta> monitors_changed_since(Connection& db, const NodeId& node, ChangeSeq since);

// The last beats of these monitors, to continue their schedules; monitors without a beat are left
// out.
Result<std::vector<std::pair<MonitorId, BeatState>>> last_beats(Connection& db,
                                                                const std::vector<MonitorId>& ids);
// Which of these monitors are within an active maintenance window now (strategies manual, single,
// recurring-interval, recurring-weekday, recurring-day-of-month, cron).
Result<std::vector<MonitorId>> monitors_in_maintenance(Connection& db, WallTime now);

struct MonitorPage {
    std::vector<Monitor> monitors;
    std::int64_t total = 0;
};
struct MonitorFilter {
    std::optional<NodeId> effective_node;
    std::string search;  // in name, url, hostname
    std::int64_t after_id = 0;
    int limit = 100;
};
Result<MonitorPage> list_monitors(Connection& db, const MonitorFilter& filter);
Result<Monitor> get_monitor(Connection& db, MonitorId id);                      // not_found
Result<Monitor> get_monitor_by_push_token(Connection& db, std::string_view t);  // not_found

// Whose push a token names, and where it runs.
struct PushTarget {
    MonitorId monitor;
    bool active = false;
    std::optional<NodeId> node;  // the effective one
    std::string host;            // its address; empty when it is not known
};
// By one statement, in the order of the tokens; none for a token that no monitor has.
Result<std::vector<std::optional<PushTarget>>> find_push_targets(
    Connection& db, const std::vector<std::string>& tokens);

// `monitor.assignment.home` must be set by the caller (placement). Checks capacity and that the
// node is there in the same transaction. Failures: conflict (node full), not_found (node, parent),
// invalid_input.
Result<MonitorId> create_monitor(Connection& db, const Monitor& monitor, int default_limit);
// All settings, not the assignment. Failures: not_found.
Result<void> update_monitor(Connection& db, const Monitor& monitor);
Result<void> delete_monitor(Connection& db, MonitorId id);  // not_found

struct StoredBeat {
    std::int64_t id = 0;
    Beat beat;
    std::optional<NodeId> node;  // who wrote it; none for rows of a stock Uptime Kuma
};
// Newest first. `before_id` 0: from the newest.
Result<std::vector<StoredBeat>> list_beats(Connection& db, MonitorId id, std::int64_t before_id,
                                           int limit);
// The last `per_monitor` beats of each, oldest first: for pages of bars.
Result<std::vector<StoredBeat>> recent_beats(Connection& db, const std::vector<MonitorId>& ids,
                                             int per_monitor);

}  // namespace higuma::store
