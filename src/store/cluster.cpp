#include "store/cluster.hpp"

#include <fmt/format.h>

#include "store/cells.hpp"
#include "store/changes.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::int64_t kEventsKept = 10'000;
constexpr int kEventsTrimmedAtOnce = 1'000;

}  // namespace

Result<WallTime> database_time(Connection& db) {
    auto rows = db.query("SELECT UTC_TIMESTAMP(3)");
    if (!rows) return rows.error();
    const auto time = time_of(rows->text(0, 0));
    if (!time) return Failure{ErrorKind::internal, "the database tells no time", ""};
    return *time;
}

// A lapsed lease that nobody took meanwhile is renewed under its term; any other holder gets the
// next.
Result<Lease> acquire_lease(Connection& db, const std::string& name, const std::string& holder,
                            Millis ttl) {
    Lease lease;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        auto made =
            c.execute(sql_format("INSERT IGNORE INTO cluster_lease (name, expires, acquired_at) "
                                 "VALUES (?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
                                 name));
        if (!made) return made.error();
        auto locked =
            c.query(sql_format("SELECT term FROM cluster_lease WHERE name = ? FOR UPDATE", name));
        if (!locked) return locked.error();
        // A new statement: its clock is read after the wait for the row.
        auto taken = c.execute(
            sql_format("UPDATE cluster_lease SET term = IF(holder = ?, term, term + 1), "
                       "acquired_at = IF(holder = ?, acquired_at, UTC_TIMESTAMP(3)), holder = ?, "
                       "expires = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND "
                       "WHERE name = ? AND (holder = ? OR expires <= UTC_TIMESTAMP(3))",
                       holder, holder, holder, ttl.count() * 1000, name, holder));
        if (!taken) return taken.error();
        auto rows = c.query(
            sql_format("SELECT holder, term, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), expires) "
                       "FROM cluster_lease WHERE name = ? FOR UPDATE",
                       name));
        if (!rows) return rows.error();
        lease.holder = rows->string(0, 0);
        lease.term = static_cast<std::uint64_t>(rows->integer(0, 1));
        lease.remaining = Millis{std::max<std::int64_t>(0, rows->integer(0, 2) / 1000)};
        lease.mine = taken->affected > 0;
        return {};
    });
    if (!done) return done.error();
    return lease;
}

Result<void> release_lease(Connection& db, const std::string& name, const std::string& holder) {
    auto written =
        db.execute(sql_format("UPDATE cluster_lease SET holder = '', expires = UTC_TIMESTAMP(3) "
                              "WHERE name = ? AND holder = ?",
                              name, holder));
    if (!written) return written.error();
    return {};
}

Result<void> require_lease(Connection& db, const LeaderTerm& leader) {
    auto rows = db.query(
        sql_format("SELECT 1 FROM cluster_lease WHERE name = ? AND holder = ? AND term = ? "
                   "AND expires > UTC_TIMESTAMP(3) LOCK IN SHARE MODE",
                   leader.lease, leader.holder, leader.term));
    if (!rows) return rows.error();
    if (rows->size() > 0) return {};
    return Failure{
        ErrorKind::stale, fmt::format("{} is not the leader any more", leader.holder), {}};
}

Result<void> write_node_status(Connection& db, const LeaderTerm& leader, const NodeId& id,
                               NodeStatus status, const std::string& last_error, bool seen) {
    return db.transaction([&](Connection& c) -> Result<void> {
        if (auto held = require_lease(c, leader); !held) return held;
        const std::string text(to_string(status));
        auto written = c.execute(
            sql_format("UPDATE node SET status_since = IF(status = ? AND status_since IS NOT NULL, "
                       "status_since, UTC_TIMESTAMP(3)), status = ?, last_error = ?, "
                       "last_seen = IF(?, UTC_TIMESTAMP(3), last_seen) WHERE node_id = ?",
                       text, text, clean_text(last_error, 2'000), seen, id));
        if (!written) return written.error();
        if (written->affected > 0) return {};
        return Failure{ErrorKind::not_found, fmt::format("there is no node {}", id.value),
                       "node_id"};
    });
}

Result<void> add_event(Connection& db, const ClusterEvent& event) {
    auto written = db.execute(sql_format(
        "INSERT INTO cluster_event (time, kind, node_id, monitors, took_ms, detail) "
        "VALUES (UTC_TIMESTAMP(3), ?, ?, ?, ?, ?)",
        event.kind, event.node, event.monitors, event.took_ms, clean_text(event.detail, 2'000)));
    if (!written) return written.error();
    const auto keep_after = static_cast<std::int64_t>(written->last_insert_id) - kEventsKept;
    if (keep_after <= 0) return {};
    auto trimmed = db.execute(sql_format("DELETE FROM cluster_event WHERE id <= ? LIMIT ?",
                                         keep_after, kEventsTrimmedAtOnce));
    if (!trimmed) return trimmed.error();
    return {};
}

Result<std::vector<ClusterEvent>> list_events(Connection& db, std::int64_t after_id, int limit) {
    auto rows = db.query(
        sql_format("SELECT id, time, kind, node_id, monitors, took_ms, detail FROM cluster_event "
                   "WHERE id > ? ORDER BY id DESC LIMIT ?",
                   after_id, std::max(limit, 0)));
    if (!rows) return rows.error();
    std::vector<ClusterEvent> events;
    for (std::size_t i = rows->size(); i-- > 0;) {
        ClusterEvent event;
        event.id = rows->integer(i, 0);
        event.time = time_of(rows->text(i, 1)).value_or(WallTime{});
        event.kind = rows->string(i, 2);
        event.node = node_of(rows->text(i, 3));
        event.monitors = rows->integer(i, 4);
        event.took_ms = rows->integer(i, 5);
        event.detail = rows->string(i, 6);
        events.push_back(std::move(event));
    }
    return events;
}

Result<std::vector<NodeCapacity>> capacities(Connection& db, int default_limit) {
    // Counted from the index of effective nodes alone.
    auto rows = db.query(
        sql_format("SELECT n.node_id, COALESCE(m.monitors, 0), COALESCE(n.monitor_limit, ?) "
                   "FROM node n LEFT JOIN (SELECT COALESCE(assigned_node, node_id) AS node_id, "
                   "COUNT(*) AS monitors FROM monitor WHERE active = 1 "
                   "GROUP BY COALESCE(assigned_node, node_id)) m ON m.node_id = n.node_id "
                   "ORDER BY n.node_id",
                   default_limit));
    if (!rows) return rows.error();
    std::vector<NodeCapacity> all;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        all.push_back({NodeId{rows->string(i, 0)}, rows->integer(i, 1),
                       static_cast<int>(rows->integer(i, 2))});
    }
    return all;
}

}  // namespace higuma::store
