// The audit log: what operators asked for, who, when, why, and what came of it. Refused and failed
// operations are in it, too.
#pragma once

#include <string>
#include <vector>

#include "store/database.hpp"

namespace higuma::store {

struct Operation {
    std::int64_t id = 0;
    WallTime time{};
    std::string actor;    // a user's name, "token" or "anonymous"
    std::string address;  // the client's
    std::string action;   // "drain", "switch-node", ...
    std::string target;   // "node2", "monitor 7 to node2"
    std::string reason;   // the operator's own words
    std::string result;   // "done", "refused", "failed"
    std::string detail;   // one line for people
};

Result<void> add_operation(Connection& db, const Operation& operation);  // keeps the last 10,000
// The newest `limit` operations before `before_id` (0: of all), newest first.
Result<std::vector<Operation>> list_operations(Connection& db, std::int64_t before_id, int limit);

}  // namespace higuma::store
