// What a node runs, as reconciling sees it: which monitors to start, restart, go on with or stop
// for a delta. Pure; the agent applies the answer to the engine.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "store/monitors.hpp"

namespace higuma::cluster {

// A digest of every setting that a check depends on; equal settings have equal digests.
std::uint64_t digest(const Monitor& monitor);

struct ReconcilePlan {
    std::vector<Monitor> start;   // new here, or under a new epoch: their last beats are needed
    std::vector<Monitor> change;  // the same assignment with other settings
    std::vector<MonitorId> stop;
    std::vector<MonitorId> restarts;  // those of `start` that ran under an older epoch
};

class MonitorSet {
  public:
    ReconcilePlan plan(store::MonitorDelta delta) const;
    void started(const Monitor& monitor);
    void stopped(MonitorId id) { known_.erase(id); }
    std::vector<MonitorId> ids() const;
    std::size_t size() const { return known_.size(); }

  private:
    struct Entry {
        Epoch epoch;
        std::uint64_t digest = 0;
    };
    std::unordered_map<MonitorId, Entry> known_;
};

}  // namespace higuma::cluster
