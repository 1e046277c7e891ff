#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "store/cells.hpp"
#include "store/changes.hpp"
#include "store/cluster.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

// A full read goes in pages, so that no single statement runs into its time limit.
constexpr int kPage = 50'000;
constexpr std::string_view kColumns =
    "id, node_id, assigned_node, assignment_epoch, active, pinned, `interval`, push_token, "
    "assigned_reason, type";

AssignmentRow read_assignment(const RowView& row) {
    AssignmentRow out;
    out.id = {row.integer(0)};
    out.home = node_of(row.text(1));
    out.assigned = node_of(row.text(2));
    out.epoch = {static_cast<std::uint64_t>(row.integer(3))};
    out.active = row.integer(4) != 0;
    out.pinned = row.integer(5) != 0;
    out.interval_seconds = static_cast<int>(row.integer(6));
    out.push_token = row.string(7);
    out.reason = assign_reason_from(row.text(8).value_or(""));
    out.type = row.string(9);
    return out;
}

Result<void> read_all(Connection& db, std::vector<AssignmentRow>& rows) {
    for (;;) {
        const auto before = rows.size();
        const std::int64_t last = rows.empty() ? 0 : rows.back().id.value;
        auto page = db.stream(
            sql_format(
                fmt::format("SELECT {} FROM monitor WHERE id > ? ORDER BY id LIMIT ?", kColumns),
                last, kPage),
            [&](const RowView& row) { rows.push_back(read_assignment(row)); });
        if (!page) return page;
        if (rows.size() - before < kPage) return {};
    }
}

// Rows with number 0 were added by a stock Uptime Kuma: they wait for a node and are told each
// time.
Result<void> read_delta(Connection& db, ChangeSeq since, AssignmentDelta& delta) {
    auto changed = db.stream(
        sql_format(
            fmt::format("SELECT {} FROM monitor WHERE change_seq > ? OR change_seq = 0", kColumns),
            since),
        [&](const RowView& row) { delta.changed.push_back(read_assignment(row)); });
    if (!changed) return changed;
    return db.stream(
        sql_format("SELECT monitor_id FROM monitor_tombstone WHERE change_seq > ?", since),
        [&](const RowView& row) { delta.deleted.push_back({row.integer(0)}); });
}

std::string update_for(AssignmentChange change, AssignReason reason) {
    switch (change) {
        case AssignmentChange::assign:
            return sql_format("m.assigned_node = v.target, m.assigned_reason = ?",
                              to_string(reason));
        case AssignmentChange::home:
            return "m.assigned_node = NULL, m.assigned_reason = NULL";
        case AssignmentChange::adopt:
        case AssignmentChange::rehome:
            return "m.node_id = v.target, m.assigned_node = NULL, m.assigned_reason = NULL";
    }
    return "";
}

std::string_view condition_for(AssignmentChange change) {
    switch (change) {
        case AssignmentChange::assign:
        case AssignmentChange::rehome:
            return "";
        case AssignmentChange::home:
            return " AND m.node_id = v.target";
        case AssignmentChange::adopt:
            return " AND m.node_id IS NULL";
    }
    return "";
}

// The epoch grows in the statement that changes the node; ids in order, as beat writers lock them.
Result<std::uint64_t> move_rows(Connection& db, ChangeSeq seq,
                                const std::vector<const AssignmentMove*>& moves) {
    const auto change = moves.front()->change;
    std::string values;
    values.reserve(moves.size() * 32);
    for (const auto* move : moves) {
        if (!values.empty()) values += ',';
        append_row(values, move->monitor, move->expected, move->to);
    }
    auto written = db.execute(fmt::format(
        "UPDATE (WITH v (id, epoch, target) AS (VALUES {}) SELECT id, epoch, target FROM v) v "
        "STRAIGHT_JOIN monitor m ON m.id = v.id AND m.assignment_epoch = v.epoch{} "
        "SET {}, m.assignment_epoch = m.assignment_epoch + 1, m.change_seq = {}",
        values, condition_for(change), update_for(change, moves.front()->reason), seq.value));
    if (!written) return written.error();
    return written->affected;
}

Result<void> move_chunk(Connection& db, const LeaderTerm& leader,
                        std::span<const AssignmentMove> chunk, MovesApplied& applied) {
    if (auto held = require_lease(db, leader); !held) return held;
    auto seq = next_change_seq(db);
    if (!seq) return seq.error();
    std::uint64_t moved = 0;
    // One statement for each kind, which says what it writes.
    std::map<std::pair<AssignmentChange, AssignReason>, std::vector<const AssignmentMove*>> kinds;
    for (const auto& move : chunk) {
        const bool assigns = move.change == AssignmentChange::assign;
        kinds[{move.change, assigns ? move.reason : AssignReason::none}].push_back(&move);
    }
    for (auto& [kind, rows] : kinds) {
        std::sort(rows.begin(), rows.end(),
                  [](const auto* a, const auto* b) { return a->monitor < b->monitor; });
        auto count = move_rows(db, *seq, rows);
        if (!count) return count.error();
        moved += *count;
    }
    applied.moved = moved;
    applied.refused = chunk.size() - moved;
    applied.upto = *seq;
    return {};
}

}  // namespace

Result<ChangeSeq> next_change_seq(Connection& db) {
    auto written = db.execute(
        "UPDATE cluster_counter SET value = LAST_INSERT_ID(value + 1) WHERE name = 'monitor'");
    if (!written) return written.error();
    if (written->affected == 1) return ChangeSeq{written->last_insert_id};
    return Failure{
        ErrorKind::internal, "cluster_counter has no row 'monitor': run the migrations", {}};
}

Result<ChangeWindow> change_window(Connection& db) {
    auto rows = db.query(
        "SELECT COALESCE(MAX(IF(name = 'monitor', value, 0)), 0), "
        "COALESCE(MAX(IF(name = 'tombstone_floor', value, 0)), 0) FROM cluster_counter");
    if (!rows) return rows.error();
    return ChangeWindow{{static_cast<std::uint64_t>(rows->integer(0, 0))},
                        {static_cast<std::uint64_t>(rows->integer(0, 1))}};
}

Result<AssignmentDelta> assignments_changed_since(Connection& db, ChangeSeq since) {
    AssignmentDelta delta;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        delta = {};
        auto known = change_window(c);
        if (!known) return known.error();
        delta.upto = known->current;
        delta.full = known->needs_full(since);
        return delta.full ? read_all(c, delta.changed) : read_delta(c, since, delta);
    });
    if (!done) return done.error();
    return delta;
}

Result<MovesApplied> apply_moves(Connection& db, const LeaderTerm& leader,
                                 const std::vector<AssignmentMove>& moves, std::size_t chunk,
                                 const AlongWithMoves& also) {
    MovesApplied total;
    chunk = std::max<std::size_t>(chunk, 1);
    for (std::size_t first = 0; first < moves.size(); first += chunk) {
        const auto part = std::span(moves).subspan(first, std::min(chunk, moves.size() - first));
        MovesApplied applied;
        auto done = db.transaction([&](Connection& c) -> Result<void> {
            auto moved = move_chunk(c, leader, part, applied);
            return moved && also ? also(c, applied) : moved;
        });
        if (!done) return done.error();
        total.moved += applied.moved;
        total.refused += applied.refused;
        total.upto = applied.upto;
    }
    return total;
}

}  // namespace higuma::store
