#include <fmt/format.h>

#include "store/changes.hpp"
#include "store/monitor_rows.hpp"
#include "store/monitors.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::uint64_t kTombstonesKept = 100'000;  // changes that a reader may be behind
constexpr int kTombstonesTrimmedAtOnce = 1'000;
constexpr int kBeatsDeletedAtOnce = 5'000;

Failure no_such_monitor(MonitorId id) {
    return {ErrorKind::not_found, fmt::format("there is no monitor {}", id.value), "id"};
}

// The node is there and has room. The caller holds the change sequence: nobody else adds meanwhile.
Result<void> check_room(Connection& db, const NodeId& node, int default_limit) {
    auto rows = db.query(
        sql_format("SELECT COALESCE(monitor_limit, ?), "
                   "(SELECT COUNT(*) FROM monitor WHERE assigned_node = ? AND active = 1) + "
                   "(SELECT COUNT(*) FROM monitor WHERE assigned_node IS NULL AND node_id = ? "
                   "AND active = 1) FROM node WHERE node_id = ?",
                   default_limit, node, node, node));
    if (!rows) return rows.error();
    if (rows->size() == 0) {
        return Failure{ErrorKind::not_found, fmt::format("there is no node {}", node.value),
                       "node_id"};
    }
    if (rows->integer(0, 1) < rows->integer(0, 0)) return {};
    return Failure{ErrorKind::conflict,
                   fmt::format("node {} is full: it has {} of {} monitors", node.value,
                               rows->integer(0, 1), rows->integer(0, 0)),
                   "node_id"};
}

// The parent is there, and is neither the monitor itself nor below it.
Result<void> check_parent(Connection& db, const Monitor& monitor) {
    if (!monitor.parent) return {};
    auto rows = db.query(
        sql_format("WITH RECURSIVE above AS (SELECT id, parent FROM monitor WHERE id = ? UNION "
                   "SELECT m.id, m.parent FROM monitor m JOIN above a ON m.id = a.parent) "
                   "SELECT COUNT(*), COALESCE(SUM(id = ?), 0) FROM above",
                   *monitor.parent, monitor.id));
    if (!rows) return rows.error();
    if (rows->integer(0, 0) == 0) {
        return Failure{
            ErrorKind::not_found,
            fmt::format("there is no monitor {} to be the parent", monitor.parent->value),
            "parent"};
    }
    if (rows->integer(0, 1) > 0) return invalid("parent", "a monitor cannot be below itself");
    return {};
}

Result<MonitorId> insert_monitor(Connection& db, const Monitor& monitor, ChangeSeq seq) {
    std::string names = "node_id, pinned, change_seq";
    std::string values =
        sql_format("?, ?, ?", monitor.assignment.home, monitor.assignment.pinned, seq);
    for (const auto& [name, literal] : monitor_settings(monitor)) {
        names += fmt::format(", {}", name);
        values += ", " + literal;
    }
    auto written = db.execute(fmt::format("INSERT INTO monitor ({}) VALUES ({})", names, values));
    if (!written) return written.error();
    return MonitorId{static_cast<std::int64_t>(written->last_insert_id)};
}

// A year of beats does not fit into one transaction's time: most go before, in steps, and the
// monitor rests meanwhile. A delete that is broken off may be asked for again.
Result<void> delete_long_history(Connection& db, MonitorId id) {
    auto more = db.query(sql_format("SELECT 1 FROM heartbeat WHERE monitor_id = ? LIMIT 1 OFFSET ?",
                                    id, kBeatsDeletedAtOnce));
    if (!more) return more.error();
    if (more->size() == 0) return {};
    auto rests = db.transaction([&](Connection& c) -> Result<void> {
        auto seq = next_change_seq(c);
        if (!seq) return seq.error();
        auto written = c.execute(
            sql_format("UPDATE monitor SET active = 0, change_seq = ? WHERE id = ?", *seq, id));
        if (!written) return written.error();
        return {};
    });
    if (!rests) return rests;
    for (;;) {
        auto written = db.execute(sql_format("DELETE FROM heartbeat WHERE monitor_id = ? LIMIT ?",
                                             id, kBeatsDeletedAtOnce));
        if (!written) return written.error();
        if (written->affected < kBeatsDeletedAtOnce) return {};
    }
}

// Whoever is further behind than the oldest kept tombstone reads everything anew.
Result<void> trim_tombstones(Connection& db, ChangeSeq seq) {
    if (seq.value <= kTombstonesKept) return {};
    const ChangeSeq floor{seq.value - kTombstonesKept};
    auto trimmed =
        db.execute(sql_format("DELETE FROM monitor_tombstone WHERE change_seq <= ? "
                              "ORDER BY change_seq LIMIT ?",
                              floor, kTombstonesTrimmedAtOnce));
    if (!trimmed) return trimmed.error();
    if (trimmed->affected == 0) return {};
    auto noted =
        db.execute(sql_format("UPDATE cluster_counter SET value = GREATEST(value, ?) "
                              "WHERE name = 'tombstone_floor'",
                              floor));
    if (!noted) return noted.error();
    return {};
}

}  // namespace

Result<MonitorId> create_monitor(Connection& db, const Monitor& monitor, int default_limit) {
    if (auto good = check_monitor(monitor); !good) return good.error();
    if (!monitor.assignment.home) return invalid("node_id", "a new monitor needs a node");
    MonitorId id;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        auto seq = next_change_seq(c);
        if (!seq) return seq.error();
        if (auto room = check_room(c, *monitor.assignment.home, default_limit); !room) return room;
        if (auto parent = check_parent(c, monitor); !parent) return parent;
        auto made = insert_monitor(c, monitor, *seq);
        if (!made) return made.error();
        id = *made;
        return {};
    });
    if (!done) return done.error();
    return id;
}

Result<void> update_monitor(Connection& db, const Monitor& monitor) {
    if (auto good = check_monitor(monitor); !good) return good.error();
    return db.transaction([&](Connection& c) -> Result<void> {
        auto seq = next_change_seq(c);
        if (!seq) return seq.error();
        if (auto parent = check_parent(c, monitor); !parent) return parent;
        std::string sets = sql_format("change_seq = ?", *seq);
        for (const auto& [name, literal] : monitor_settings(monitor)) {
            sets += fmt::format(", {} = {}", name, literal);
        }
        auto written =
            c.execute(fmt::format("UPDATE monitor SET {} WHERE id = {}", sets, monitor.id.value));
        if (!written) return written.error();
        if (written->affected == 0) return no_such_monitor(monitor.id);
        return {};
    });
}

Result<void> delete_monitor(Connection& db, MonitorId id) {
    if (auto cut = delete_long_history(db, id); !cut) return cut;
    return db.transaction([&](Connection& c) -> Result<void> {
        auto seq = next_change_seq(c);
        if (!seq) return seq.error();
        // Its children lose their parent by the foreign key; that is a change of theirs.
        auto children = c.execute(sql_format(
            "UPDATE monitor SET parent = NULL, change_seq = ? WHERE parent = ?", *seq, id));
        if (!children) return children.error();
        auto written = c.execute(sql_format("DELETE FROM monitor WHERE id = ?", id));
        if (!written) return written.error();
        if (written->affected == 0) return no_such_monitor(id);
        auto noted = c.execute(sql_format(
            "REPLACE INTO monitor_tombstone (monitor_id, change_seq) VALUES (?, ?)", id, *seq));
        if (!noted) return noted.error();
        return trim_tombstones(c, *seq);
    });
}

}  // namespace higuma::store
