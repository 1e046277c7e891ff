// Nodes as the routing tests want them.
#pragma once

#include "policy/routing_choice.hpp"
#include "unit/policy/placement_support.hpp"

namespace higuma::policy {

inline RoutedNode node(NodeStatus status, std::uint32_t monitors = 10) {
    RoutedNode result;
    result.status = status;
    result.monitors = monitors;
    result.reachable = true;
    return result;
}

}  // namespace higuma::policy
