// Brings a database to our schema: an empty one, one of ours, or one of Uptime Kuma 2.5.3 (adopted
// in place). Safe when several processes start at once: one works, the others wait for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace higuma::store {

struct MigrationReport {
    bool adopted = false;              // an Uptime Kuma database was there
    std::vector<std::string> applied;  // in order
};

// `progress` gets one line a step. Failures: invalid_input (an older Uptime Kuma, an unknown or
// changed migration, an unsupported server version), timeout (another process holds the lock),
// unavailable.
Result<MigrationReport> migrate(Connection& db,
                                const std::function<void(const std::string&)>& progress);
// The same with another limit for waiting for a process that migrates already (120 s above).
Result<MigrationReport> migrate(Connection& db,
                                const std::function<void(const std::string&)>& progress,
                                Millis lock_wait);

}  // namespace higuma::store
