// One monitoring process of the cluster: a row of `node`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace higuma {

enum class NodeStatus : std::uint8_t { unknown, online, recovering, draining, offline };

std::string_view to_string(NodeStatus status);
std::optional<NodeStatus> node_status_from(std::string_view text);

struct Node {
    NodeId id;
    std::string name;
    std::string host;  // "host:port" that the gateway reaches; may be empty or wrong
    bool is_primary = false;
    NodeStatus status = NodeStatus::unknown;
    std::optional<WallTime> status_since;
    std::optional<WallTime> last_seen;    // the last successful health check
    std::optional<WallTime> lease_until;  // renewed by the node itself
    Incarnation incarnation;
    std::optional<int> monitor_limit;  // none: the cluster's default
    bool draining = false;             // an operator's wish; survives offline and restarts
    std::string drain_strategy;        // "distribute", "single", "auto"
    std::optional<NodeId> drain_target;
    std::optional<int> weight;  // stated capacity in percent; none: 100
    std::string version;
    std::string last_error;
};

}  // namespace higuma
