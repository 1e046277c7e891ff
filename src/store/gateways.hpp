// The `gateway` table: which gateways run. Each writes its own row now and then, so that people and
// the other gateways see it.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace higuma::store {

struct Gateway {
    std::string id;
    std::string address;  // where its nginx listens
    std::string version;
    WallTime started_at{}, last_seen{};  // by the database's clock
};

// `restarted`: the process is new, so started_at is now.
Result<void> note_gateway(Connection& db, const Gateway& gateway, bool restarted);
Result<void> forget_gateway(Connection& db, const std::string& id);
// Those that were seen within a day, by id.
Result<std::vector<Gateway>> list_gateways(Connection& db);

}  // namespace higuma::store
