#include "store/nodes.hpp"

#include <fmt/format.h>

#include "store/cells.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::string_view kColumns =
    "node_id, node_name, host, is_primary, status, status_since, last_seen, lease_until, "
    "incarnation, monitor_limit, version, COALESCE(last_error, ''), draining, drain_strategy, "
    "drain_target, weight";

Node read_node(const Rows& rows, std::size_t i) {
    Node node;
    node.id = {rows.string(i, 0)};
    node.name = rows.string(i, 1);
    node.host = rows.string(i, 2);
    node.is_primary = rows.integer(i, 3) != 0;
    node.status = node_status_from(rows.string(i, 4)).value_or(NodeStatus::unknown);
    node.status_since = time_of(rows.text(i, 5));
    node.last_seen = time_of(rows.text(i, 6));
    node.lease_until = time_of(rows.text(i, 7));
    node.incarnation = {static_cast<std::uint64_t>(rows.integer(i, 8))};
    if (!rows.is_null(i, 9)) node.monitor_limit = static_cast<int>(rows.integer(i, 9));
    node.version = rows.string(i, 10);
    node.last_error = rows.string(i, 11);
    node.draining = rows.integer(i, 12) != 0;
    node.drain_strategy = rows.string(i, 13);
    node.drain_target = node_of(rows.text(i, 14));
    if (!rows.is_null(i, 15)) node.weight = static_cast<int>(rows.integer(i, 15));
    return node;
}

Failure no_such_node(const NodeId& id) {
    return {ErrorKind::not_found, fmt::format("there is no node {}", id.value), "node_id"};
}

Result<void> check_id(const NodeId& id) {
    if (is_valid_node_id(id.value)) return {};
    return invalid("node_id", "a node's id has 1 to 50 of the characters A-Z a-z 0-9 . _ -");
}

}  // namespace

Result<std::vector<Node>> list_nodes(Connection& db) {
    auto rows = db.query(fmt::format("SELECT {} FROM node ORDER BY node_id", kColumns));
    if (!rows) return rows.error();
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < rows->size(); ++i) nodes.push_back(read_node(*rows, i));
    return nodes;
}

Result<Node> get_node(Connection& db, const NodeId& id) {
    auto rows =
        db.query(sql_format(fmt::format("SELECT {} FROM node WHERE node_id = ?", kColumns), id));
    if (!rows) return rows.error();
    if (rows->size() == 0) return no_such_node(id);
    return read_node(*rows, 0);
}

Result<Incarnation> register_node(Connection& db, const Node& node, Millis lease) {
    if (auto good = check_id(node.id); !good) return good.error();
    Incarnation incarnation;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        // A limit that an operator set stays when the process brings none of its own.
        auto written = c.execute(
            sql_format("INSERT INTO node (node_id, node_name, host, is_primary, monitor_limit, "
                       "weight, version, incarnation, lease_until) VALUES (?, ?, ?, ?, ?, ?, ?, 1, "
                       "UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND) ON DUPLICATE KEY UPDATE "
                       "node_name = VALUES(node_name), host = VALUES(host), "
                       "is_primary = VALUES(is_primary), version = VALUES(version), "
                       "monitor_limit = COALESCE(VALUES(monitor_limit), monitor_limit), "
                       "weight = COALESCE(VALUES(weight), weight), "
                       "lease_until = VALUES(lease_until), incarnation = incarnation + 1",
                       node.id, node.name, node.host, node.is_primary, node.monitor_limit,
                       node.weight, node.version, lease.count() * 1000));
        if (!written) return written.error();
        auto rows = c.query(
            sql_format("SELECT incarnation FROM node WHERE node_id = ? FOR UPDATE", node.id));
        if (!rows) return rows.error();
        incarnation.value = static_cast<std::uint64_t>(rows->integer(0, 0));
        return {};
    });
    if (!done) return done.error();
    return incarnation;
}

Result<void> renew_node_lease(Connection& db, const NodeId& id, Incarnation mine, Millis lease) {
    auto written = db.execute(
        sql_format("UPDATE node SET lease_until = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND "
                   "WHERE node_id = ? AND incarnation = ?",
                   lease.count() * 1000, id, mine));
    if (!written) return written.error();
    if (written->affected > 0) return {};
    if (auto there = get_node(db, id); !there) return there.error();
    return Failure{
        ErrorKind::stale, fmt::format("another process has registered as node {}", id.value), {}};
}

Result<void> create_node(Connection& db, const Node& node) {
    if (auto good = check_id(node.id); !good) return good.error();
    auto written = db.execute(sql_format(
        "INSERT INTO node (node_id, node_name, host, is_primary, monitor_limit, weight) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        node.id, node.name, node.host, node.is_primary, node.monitor_limit, node.weight));
    if (written) return {};
    if (written.error().kind != ErrorKind::conflict) return written.error();
    return Failure{ErrorKind::conflict, fmt::format("node {} exists already", node.id.value),
                   "node_id"};
}

Result<void> update_node(Connection& db, const Node& node) {
    auto written = db.execute(sql_format(
        "UPDATE node SET node_name = ?, host = ?, is_primary = ?, monitor_limit = ?, "
        "weight = ? WHERE node_id = ?",
        node.name, node.host, node.is_primary, node.monitor_limit, node.weight, node.id));
    if (!written) return written.error();
    if (written->affected == 0) return no_such_node(node.id);
    return {};
}

Result<void> delete_node(Connection& db, const NodeId& id) {
    return db.transaction([&](Connection& c) -> Result<void> {
        // Who changes assignments takes this row first: none can come to the node meanwhile.
        auto locked =
            c.query("SELECT value FROM cluster_counter WHERE name = 'monitor' FOR UPDATE");
        if (!locked) return locked.error();
        auto used =
            c.query(sql_format("SELECT (SELECT COUNT(*) FROM monitor WHERE node_id = ?) + "
                               "(SELECT COUNT(*) FROM monitor WHERE assigned_node = ?)",
                               id, id));
        if (!used) return used.error();
        if (used->integer(0, 0) > 0) {
            return Failure{ErrorKind::conflict,
                           fmt::format("node {} still has monitors; move them first", id.value),
                           "node_id"};
        }
        auto written = c.execute(sql_format("DELETE FROM node WHERE node_id = ?", id));
        if (!written) return written.error();
        if (written->affected == 0) return no_such_node(id);
        return {};
    });
}

}  // namespace higuma::store
