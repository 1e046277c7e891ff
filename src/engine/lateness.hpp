// The worst lateness of the last minute, kept as the worst of each of its seconds.
// Recording costs nothing that depends on the number of checks.
#pragma once

#include <algorithm>
#include <array>

#include "base/clock.hpp"

namespace higuma::engine {

class Lateness {
  public:
    void record(Instant now, Duration late) {
        Slot& slot = slots_[index_of(now)];
        if (slot.second != second_of(now)) slot = {second_of(now), Duration::zero()};
        slot.worst = std::max(slot.worst, late);
    }

    Millis worst(Instant now) const {
        Duration worst{};
        for (const Slot& slot : slots_) {
            const auto age = second_of(now) - slot.second;
            if (age >= 0 && age < static_cast<std::int64_t>(slots_.size())) {
                worst = std::max(worst, slot.worst);
            }
        }
        return std::chrono::duration_cast<Millis>(worst);
    }

  private:
    struct Slot {
        std::int64_t second = -1'000;
        Duration worst{};
    };
    static std::int64_t second_of(Instant now) {
        return std::chrono::floor<Seconds>(now.time_since_epoch()).count();
    }
    std::size_t index_of(Instant now) const {
        return static_cast<std::size_t>(second_of(now)) % slots_.size();
    }
    std::array<Slot, 60> slots_;
};

}  // namespace higuma::engine
