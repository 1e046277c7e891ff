// The one-line texts of cluster events, for people. Pure.
#pragma once

#include <map>
#include <string>

#include "base/clock.hpp"
#include "model/node.hpp"

namespace higuma::cluster {

// How many monitors went to (or came from) which node.
using Shares = std::map<std::string, std::int64_t>;

// "node2 went offline: 100 monitors moved to node1 (50), node3 (50)"
std::string failover_text(const std::string& from, const Shares& to, std::size_t over_limit);
// "node2 is back: 100 monitors went home from node1 (50), node3 (50)"
std::string recovery_text(const std::string& home, const Shares& from);
// "node2 is drained: 100 monitors moved to node1 (50), node3 (50)"
std::string drain_text(const std::string& from, const Shares& to);
// "12 monitors without a home were placed on node1 (4), node2 (8)"
std::string adoption_text(const Shares& to);
// "node2 is offline: connect ECONNREFUSED 127.0.0.1:3002"; `detection` is left out when zero.
std::string status_text(const std::string& node, NodeStatus status, const std::string& error,
                        Millis detection);

std::int64_t sum(const Shares& shares);

}  // namespace higuma::cluster
