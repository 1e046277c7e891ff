// Looks over all nodes at once for what single health checks do not show. A suspicion is reported
// and leads to another look; only failed checks take a node out of service.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "model/node.hpp"

namespace higuma::policy {

struct ScannedNode {
    NodeStatus status = NodeStatus::unknown;
    int consecutive_failures = 0;
    Duration since_check{};                // since its last check ended, or since it is known
    std::optional<Duration> lease_lapsed;  // by the database's clock; none: held, or never taken
};

struct ScanLimits {
    Duration check_overdue{};  // a node that nobody has checked for this long
    Duration lease_grace{};    // a lease may lapse this long: the database may have been away
};

enum class Suspicion : std::uint8_t {
    failing,       // checks fail, and the threshold has not decided yet
    unchecked,     // no check has ended for too long
    lease_lapsed,  // it answers, but no longer renews its lease: it cannot reach the database
};
std::string_view to_string(Suspicion suspicion);

struct Suspect {
    std::size_t node = 0;  // index of the one that was given
    Suspicion why = Suspicion::failing;
};

// At most one suspicion for each node, the first of the order above. Nodes that are offline are not
// suspects any more.
std::vector<Suspect> scan_for_faults(const ScanLimits& limits, std::span<const ScannedNode> nodes);

}  // namespace higuma::policy
