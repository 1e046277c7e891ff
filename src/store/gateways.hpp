// The gateways of the cluster: each writes a row of its own now and then, and removes it when it
// stops in order, so that people and the other gateways can see them.
#pragma once

#include <string>
#include <vector>

#include "store/database.hpp"

namespace higuma::store {

struct Gateway {
    std::string id;
    std::string address;  // where its nginx listens
    std::string version;
    WallTime started{};
    WallTime last_seen{};  // by the database's clock
};

// Adds the row or says that it is still there. Forgets gateways that were not seen for a day.
Result<void> touch_gateway(Connection& db, const Gateway& gateway);
Result<void> forget_gateway(Connection& db, const std::string& id);
Result<std::vector<Gateway>> list_gateways(Connection& db);  // sorted by id

}  // namespace higuma::store
