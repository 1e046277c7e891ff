// A drain as the planner wants it: which node, how, and where to. Made from the node's row.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/rebalancing.hpp"

namespace higuma::cluster {

struct DrainOrder {
    policy::NodeIndex from = policy::kNoNode;
    policy::DrainStrategy strategy = policy::DrainStrategy::distribute;
    std::optional<policy::NodeIndex> target;

    bool operator==(const DrainOrder&) const = default;
};

// "distribute", "single", "auto".
std::string_view to_string(policy::DrainStrategy strategy);
std::optional<policy::DrainStrategy> drain_strategy_from(std::string_view text);

}  // namespace higuma::cluster
