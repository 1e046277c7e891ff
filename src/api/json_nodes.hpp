// Nodes as JSON: what the REST interface answers, and what it takes for a node.
#pragma once

#include <boost/json/object.hpp>

#include "base/result.hpp"
#include "model/node.hpp"
#include "store/cluster.hpp"

namespace higuma::api {

boost::json::object node_to_json(const Node& node, const store::NodeCapacity& capacity);

enum class NodeEdit { create, replace, patch };
// `base` with the settings of `input`: node_id (create only), name, host, is_primary,
// monitor_limit. Failures: invalid_input naming the field.
Result<Node> node_from_json(const boost::json::object& input, NodeEdit edit, const Node& base);

}  // namespace higuma::api
