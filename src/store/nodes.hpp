// The `node` table: registration, leases and states.
#pragma once

#include <vector>

#include "model/node.hpp"
#include "store/database.hpp"

namespace higuma::store {

Result<std::vector<Node>> list_nodes(Connection& db);
Result<Node> get_node(Connection& db, const NodeId& id);  // not_found

// Inserts or updates the node's row (name, host, primary, limit, version), adds one to its
// incarnation and returns it: older processes under the same id can write no more beats.
Result<Incarnation> register_node(Connection& db, const Node& node, Millis lease);
// Failures: stale when a newer incarnation has registered, not_found when the row is gone.
Result<void> renew_node_lease(Connection& db, const NodeId& id, Incarnation mine, Millis lease);

// By REST. Failures: conflict (exists), not_found, conflict (still has monitors).
Result<void> create_node(Connection& db, const Node& node);
Result<void> update_node(Connection& db,
                         const Node& node);  // name, host, is_primary, monitor_limit, weight
Result<void> delete_node(Connection& db, const NodeId& id);

}  // namespace higuma::store
