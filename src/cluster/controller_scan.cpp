// What happens at the latest after a while, even if no event asked for it: the scan for faults and
// another look at where monitors are.
#include <spdlog/spdlog.h>

#include "cluster/controller_impl.hpp"
#include "policy/fault_scan.hpp"

namespace higuma::cluster {

namespace {

// A node renews its lease every few seconds; it may lack the database as long as we did.
constexpr Seconds kLeaseGrace{30};

policy::ScannedNode scanned(const NodeWatcher& watcher, WallTime database_now) {
    policy::ScannedNode out;
    const auto& node = watcher.node();
    out.status = watcher.health().status;
    out.consecutive_failures = watcher.health().consecutive_failures;
    out.since_check = watcher.since_check();
    if (node.lease_until && *node.lease_until < database_now) {
        out.lease_lapsed = database_now - *node.lease_until;
    }
    return out;
}

}  // namespace

void Controller::Impl::scan() {
    const auto& config = services.config;
    const policy::ScanLimits limits{config.detector.full_interval + config.detector.check_timeout,
                                    kLeaseGrace};
    std::vector<policy::ScannedNode> nodes;
    std::vector<NodeWatcher*> scanned_watchers;
    for (const auto& [id, watcher] : watchers) {
        nodes.push_back(scanned(*watcher, database_now));
        scanned_watchers.push_back(watcher.get());
    }
    std::vector<SuspectView> found;
    for (const auto& suspect : policy::scan_for_faults(limits, nodes)) {
        NodeWatcher& watcher = *scanned_watchers[suspect.node];
        found.push_back({watcher.node().id.value, std::string(to_string(suspect.why))});
        const bool known =
            std::find(suspects.begin(), suspects.end(), found.back()) != suspects.end();
        if (!known) spdlog::warn("{} is suspect: {}", found.back().node, found.back().reason);
        watcher.check_soon();
    }
    suspects = std::move(found);
    ++statistics.scans;
    statistics.last_scan = services.clock->wall_now();
}

Task<> Controller::Impl::scan_loop() {
    while (!services.stopping) {
        co_await scan_wake.wait_for(services.config.fault_scan_interval);
        if (!services.stopping && nodes_known) scan();
    }
}

// Every change asks the mover itself; this catches what another program did to the tables.
Task<> Controller::Impl::placement_loop() {
    while (!services.stopping) {
        co_await placement_wake.wait_for(services.config.failover_check_interval);
        if (!services.stopping) mover->request();
    }
}

}  // namespace higuma::cluster
