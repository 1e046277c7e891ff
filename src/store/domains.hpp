// The table `domain_expiry` of Uptime Kuma, and which monitors want to know.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace higuma::store {

// Of an active monitor with domain_expiry_notification: where it looks.
struct WatchedHost {
    std::string type, url, hostname;
};
inline constexpr int kMostWatchedHosts = 100'000;
Result<std::vector<WatchedHost>> hosts_with_domain_expiry(Connection& db);

struct DomainRow {
    std::string domain;
    std::optional<WallTime> last_check, expiry;
};
Result<std::vector<DomainRow>> list_domains(Connection& db);

// Notes that the domain was looked at. None: its expiry stays as it is. A later expiry than before
// means that it was renewed: what was told about the old one is forgotten.
Result<void> save_domain(Connection& db, const std::string& domain,
                         const std::optional<WallTime>& expiry, WallTime last_check);

}  // namespace higuma::store
