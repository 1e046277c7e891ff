#include "store/placing.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

#include "store/cells.hpp"
#include "store/changes.hpp"
#include "store/nodes.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

struct Row {
    MonitorId id;
    std::optional<NodeId> home, assigned;
    std::string reason;
    Epoch epoch;
    bool active = false, pinned = false;

    const std::optional<NodeId>& effective() const { return assigned ? assigned : home; }
};

Result<std::map<MonitorId, Row>> lock_monitors(Connection& db, const std::vector<MonitorId>& ids) {
    auto rows = db.query(fmt::format(
        "SELECT id, node_id, assigned_node, COALESCE(assigned_reason, ''), assignment_epoch, "
        "active, pinned FROM monitor WHERE id IN ({}) ORDER BY id FOR UPDATE",
        id_list(ids.begin(), ids.end())));
    if (!rows) return rows.error();
    std::map<MonitorId, Row> found;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        Row row;
        row.id = {rows->integer(i, 0)};
        row.home = node_of(rows->text(i, 1));
        row.assigned = node_of(rows->text(i, 2));
        row.reason = rows->string(i, 3);
        row.epoch = {static_cast<std::uint64_t>(rows->integer(i, 4))};
        row.active = rows->integer(i, 5) != 0;
        row.pinned = rows->integer(i, 6) != 0;
        found.emplace(row.id, std::move(row));
    }
    return found;
}

Failure no_such_target(const NodeId& id) {
    return {ErrorKind::not_found, fmt::format("There is no node {}.", id.value), "targetNodeId"};
}

// What a row shall say afterwards.
Row wanted(const Row& row, const PlaceOrder& order) {
    Row out = row;
    const bool override_it = order.kind == PlaceKind::override && row.home != order.target;
    out.assigned = override_it ? std::optional(order.target) : std::nullopt;
    out.reason = override_it ? "switch" : "";
    if (order.kind != PlaceKind::override) out.home = order.target;
    if (order.kind == PlaceKind::pin) out.pinned = true;
    return out;
}

bool says_the_same(const Row& a, const Row& b) {
    return a.home == b.home && a.assigned == b.assigned && a.reason == b.reason &&
           a.pinned == b.pinned;
}

PlaceResult judge(const Row& row, const PlaceOrder& order, Room& room) {
    if (row.effective() == order.target) return PlaceResult::already_there;
    if (row.pinned) return PlaceResult::pinned;
    if (!row.active) return PlaceResult::moved;  // takes no room
    if (room.left() <= 0) return PlaceResult::node_full;
    ++room.count;
    return PlaceResult::moved;
}

// The epoch is compared and, where the effective node changes, grows in the statement that writes.
Result<void> write_rows(Connection& db, ChangeSeq seq, const std::vector<const Row*>& rows,
                        bool moves) {
    if (rows.empty()) return {};
    std::string values;
    for (const auto* row : rows) {
        if (!values.empty()) values += ',';
        append_row(values, row->id, row->epoch, row->home, row->assigned, row->reason, row->pinned);
    }
    auto written = db.execute(
        fmt::format("UPDATE (WITH v (id, epoch, home, assigned, reason, pinned) AS (VALUES {}) "
                    "SELECT id, epoch, home, assigned, reason, pinned FROM v) v "
                    "STRAIGHT_JOIN monitor m ON m.id = v.id AND m.assignment_epoch = v.epoch "
                    "SET m.node_id = v.home, m.assigned_node = v.assigned, "
                    "m.assigned_reason = NULLIF(v.reason, ''), m.pinned = v.pinned, "
                    "m.assignment_epoch = m.assignment_epoch + {}, m.change_seq = {}",
                    values, moves ? 1 : 0, seq.value));
    if (!written) return written.error();
    if (written->affected == rows.size()) return {};
    return Failure{ErrorKind::stale, "another change of these monitors came in between", ""};
}

Result<void> place(Connection& db, ChangeSeq seq, const PlaceOrder& order, Placed& out) {
    auto rows = lock_monitors(db, order.monitors);
    if (!rows) return rows.error();
    std::map<MonitorId, Row> after;
    std::array<std::vector<const Row*>, 2> writes;  // staying, moving
    for (const auto id : order.monitors) {
        const auto found = rows->find(id);
        if (found == rows->end()) {
            out.monitors.push_back({id, PlaceResult::no_such_monitor, std::nullopt});
            continue;
        }
        const auto& row = found->second;
        const bool again = after.contains(id);
        const auto result = again ? PlaceResult::already_there : judge(row, order, out.room);
        out.monitors.push_back({id, result, row.effective()});
        const bool moves = result == PlaceResult::moved;
        if (again || (!moves && result != PlaceResult::already_there)) continue;
        const auto& next = after.emplace(id, wanted(row, order)).first->second;
        if (!says_the_same(row, next)) writes[moves ? 1 : 0].push_back(&next);
    }
    if (auto stay = write_rows(db, seq, writes[0], false); !stay) return stay;
    return write_rows(db, seq, writes[1], true);
}

Result<void> check_target(Connection& db, const NodeId& id) {
    auto node = get_node(db, id);
    if (node) return require_able(*node);
    if (node.error().kind != ErrorKind::not_found) return node.error();
    return no_such_target(id);
}

Failure no_such_monitor(MonitorId id) {
    return {ErrorKind::not_found, fmt::format("There is no monitor {}.", id.value), "id"};
}

Result<Row> lock_one(Connection& db, MonitorId id) {
    auto rows = lock_monitors(db, {id});
    if (!rows) return rows.error();
    if (rows->empty()) return no_such_monitor(id);
    return rows->begin()->second;
}

}  // namespace

bool can_take_monitors(const Node& node) {
    return node.status == NodeStatus::online && !node.draining;
}

Result<void> require_able(const Node& node) {
    if (can_take_monitors(node)) return {};
    const bool draining = node.draining && node.status != NodeStatus::offline;
    return Failure{ErrorKind::conflict,
                   fmt::format("{} is {}: it cannot take monitors now.", node.id.value,
                               draining ? "draining" : to_string(node.status)),
                   "targetNodeId"};
}

Result<Room> room_on(Connection& db, const NodeId& node, int default_limit) {
    auto rows = db.query(
        sql_format("SELECT (SELECT COUNT(*) FROM monitor WHERE assigned_node = ? AND active = 1) + "
                   "(SELECT COUNT(*) FROM monitor WHERE assigned_node IS NULL AND node_id = ? "
                   "AND active = 1), COALESCE(monitor_limit, ?) FROM node WHERE node_id = ?",
                   node, node, default_limit, node));
    if (!rows) return rows.error();
    if (rows->size() > 0) return Room{rows->integer(0, 0), rows->integer(0, 1)};
    return no_such_target(node);
}

Result<Placed> place_monitors(Connection& db, const PlaceOrder& order) {
    Placed out;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        out = {};
        auto seq = next_change_seq(c);  // from here on nobody else changes assignments
        if (!seq) return seq.error();
        if (auto able = check_target(c, order.target); !able) return able;
        auto room = room_on(c, order.target, order.default_limit);
        if (!room) return room.error();
        out.room = *room;
        return place(c, *seq, order, out);
    });
    if (!done) return done.error();
    return out;
}

Result<NodeId> pin_in_place(Connection& db, MonitorId id) {
    NodeId node;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        auto seq = next_change_seq(c);
        if (!seq) return seq.error();
        auto row = lock_one(c, id);
        if (!row) return row.error();
        if (!row->effective()) {
            return Failure{ErrorKind::conflict,
                           fmt::format("Monitor {} has no node yet: name one.", id.value),
                           "targetNodeId"};
        }
        node = *row->effective();
        auto next = wanted(*row, {{id}, node, PlaceKind::pin});
        return says_the_same(*row, next) ? Result<void>{} : write_rows(c, *seq, {&next}, false);
    });
    if (!done) return done.error();
    return node;
}

Result<bool> unpin(Connection& db, MonitorId id) {
    bool was_pinned = false;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        auto seq = next_change_seq(c);
        if (!seq) return seq.error();
        auto row = lock_one(c, id);
        if (!row) return row.error();
        was_pinned = row->pinned;
        if (!was_pinned) return {};
        row->pinned = false;
        return write_rows(c, *seq, {&*row}, false);
    });
    if (!done) return done.error();
    return was_pinned;
}

}  // namespace higuma::store
