// The secret that signs tokens, as Uptime Kuma keeps it: setting `jwtSecret`, a bcrypt hash of
// random bytes that nobody knows.
#pragma once

#include <string>

#include "store/database.hpp"

namespace higuma::store {

// Creates it when it is missing; of several processes at once one wins and all get the same.
Result<std::string> ensure_jwt_secret(Connection& db);

}  // namespace higuma::store
