// What the children of groups last were, read for all groups that are due by one statement.
#pragma once

#include <vector>

#include "policy/group.hpp"
#include "store/database.hpp"

namespace higuma::store {

// One for each of `groups`, in their order. Children may run on any node.
Result<std::vector<policy::GroupState>> group_states(Connection& db,
                                                     const std::vector<MonitorId>& groups);

}  // namespace higuma::store
