// Which findings of checks are worth writing: those that changed since they were written, and all
// again after an hour. Bounded; pure, time is an argument.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "store/findings.hpp"

namespace higuma::engine {

struct FindingsLimits {
    std::size_t waiting = 10'000;  // monitors
    std::size_t bytes = 32 << 20;  // of what waits
    std::size_t batch = 500;       // monitors
    std::size_t batch_bytes = 1 << 20;
    Duration stale{std::chrono::hours{1}};
};

class FindingsKeeper {
  public:
    explicit FindingsKeeper(FindingsLimits limits = {}) : limits_(limits) {}

    void offer(store::MonitorFindings one, Instant now);
    void forget(MonitorId id);
    // The next ones to write.
    std::vector<store::MonitorFindings> take();
    // They could not be written: they wait again, unless newer ones came.
    void put_back(std::vector<store::MonitorFindings> batch);
    void written(const std::vector<store::MonitorFindings>& batch, Instant now);

    std::size_t waiting() const { return waiting_.size(); }
    std::uint64_t dropped() const { return dropped_; }

  private:
    struct Known {
        std::size_t hash = 0;
        Instant at{};
    };
    void forget_waiting(MonitorId id);
    static std::size_t size_of(const store::MonitorFindings& one);

    FindingsLimits limits_;
    std::unordered_map<MonitorId, Known> known_;  // as it is in the database
    std::unordered_map<MonitorId, store::MonitorFindings> waiting_;
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace higuma::engine
