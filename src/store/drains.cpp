#include "store/drains.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/nodes.hpp"
#include "store/placing.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

using Nodes = std::vector<Node>;

// Locks all nodes: of two drains at once the second sees the first.
Result<Nodes> lock_nodes(Connection& db) {
    auto locked = db.query("SELECT node_id FROM node ORDER BY node_id FOR UPDATE");
    if (!locked) return locked.error();
    return list_nodes(db);
}

const Node* find(const Nodes& nodes, const NodeId& id) {
    const auto at =
        std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.id == id; });
    return at == nodes.end() ? nullptr : &*at;
}

Failure no_such_node(const NodeId& id, const char* field) {
    return {ErrorKind::not_found, fmt::format("There is no node {}.", id.value), field};
}

Result<void> check_others(const Nodes& nodes, const NodeId& id) {
    const bool any = std::any_of(nodes.begin(), nodes.end(), [&](const Node& node) {
        return node.id != id && can_take_monitors(node);
    });
    if (any) return {};
    return Failure{ErrorKind::conflict,
                   fmt::format("{} cannot be drained: no other node is online to take its "
                               "monitors and requests.",
                               id.value),
                   "id"};
}

Result<void> check_room_for_all(Connection& db, const NodeId& node, const NodeId& target,
                                int default_limit) {
    auto rows = db.query(
        sql_format("SELECT COUNT(*) FROM monitor WHERE COALESCE(assigned_node, node_id) = ? "
                   "AND active = 1 AND pinned = 0",
                   node));
    if (!rows) return rows.error();
    const auto needed = rows->integer(0, 0);
    auto room = room_on(db, target, default_limit);
    if (!room) return room.error();
    if (needed <= room->left()) return {};
    return Failure{ErrorKind::conflict,
                   fmt::format("{} has {} of {} monitors: no room for the {} of {}.", target.value,
                               room->count, room->limit, needed, node.value),
                   "targetNodeId"};
}

Result<void> check_target(Connection& db, const Nodes& nodes, const NodeId& node,
                          const DrainWish& wish, int default_limit) {
    if (!wish.target) return {};
    const auto* target = find(nodes, *wish.target);
    if (!target) return no_such_node(*wish.target, "targetNodeId");
    if (auto able = require_able(*target); !able) return able;
    if (wish.strategy != "single") return {};
    return check_room_for_all(db, node, *wish.target, default_limit);
}

bool stands(const Node& node, const DrainWish& wish) {
    return node.draining && node.drain_strategy == wish.strategy &&
           node.drain_target == wish.target;
}

// Changes a node's wish while all nodes are locked; `change` says whether it wrote anything.
template <class Change>
Result<bool> change_wish(Connection& db, const NodeId& id, Change change) {
    bool changed = false;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        auto nodes = lock_nodes(c);
        if (!nodes) return nodes.error();
        const auto* node = find(*nodes, id);
        if (!node) return no_such_node(id, "id");
        const Result<bool> wrote = change(c, *nodes, *node);
        if (!wrote) return wrote.error();
        changed = *wrote;
        return {};
    });
    if (!done) return done.error();
    return changed;
}

}  // namespace

Result<bool> request_drain(Connection& db, const NodeId& id, const DrainWish& wish,
                           int default_limit) {
    return change_wish(
        db, id, [&](Connection& c, const Nodes& nodes, const Node& node) -> Result<bool> {
            if (stands(node, wish)) return false;
            if (auto others = check_others(nodes, id); !others) return others.error();
            if (auto good = check_target(c, nodes, id, wish, default_limit); !good)
                return good.error();
            auto written = c.execute(
                sql_format("UPDATE node SET draining = 1, drain_strategy = ?, drain_target = ? "
                           "WHERE node_id = ?",
                           wish.strategy, wish.target, id));
            if (!written) return written.error();
            return true;
        });
}

Result<bool> cancel_drain(Connection& db, const NodeId& id) {
    return change_wish(db, id, [&](Connection& c, const Nodes&, const Node& node) -> Result<bool> {
        if (!node.draining) return false;
        auto written = c.execute(
            sql_format("UPDATE node SET draining = 0, drain_strategy = NULL, drain_target = NULL "
                       "WHERE node_id = ?",
                       id));
        if (!written) return written.error();
        return true;
    });
}

}  // namespace higuma::store
