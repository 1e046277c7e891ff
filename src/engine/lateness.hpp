// How late checks started in the last minute, the worst and a percentile, kept by second.
// Recording costs nothing that depends on the number of checks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/clock.hpp"

namespace higuma::engine {

class Lateness {
  public:
    void record(Instant now, Duration late) {
        Slot& slot = slots_[index_of(now)];
        if (slot.second != second_of(now)) slot = Slot{.second = second_of(now)};
        slot.worst = std::max(slot.worst, late);
        const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), late);
        ++slot.counts[static_cast<std::size_t>(bound - kBounds.begin())];
    }

    Millis worst(Instant now) const {
        Duration worst{};
        for (const Slot& slot : slots_) {
            if (is_recent(slot, now)) worst = std::max(worst, slot.worst);
        }
        return std::chrono::duration_cast<Millis>(worst);
    }

    // So many of a hundred checks were not later than this; rounded up to one of `kBounds`.
    Millis percentile(Instant now, unsigned percent) const {
        std::array<std::uint64_t, kBounds.size() + 1> counts{};
        std::uint64_t total = 0;
        for (const Slot& slot : slots_) {
            if (!is_recent(slot, now)) continue;
            for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += slot.counts[i];
        }
        for (const auto count : counts) total += count;
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < kBounds.size(); ++i) {
            below += counts[i];
            if (below * 100 >= total * percent) return kBounds[i];
        }
        return worst(now);
    }

    static constexpr std::array kBounds = {
        Millis{1},   Millis{2},     Millis{3},     Millis{5},     Millis{7},     Millis{10},
        Millis{15},  Millis{20},    Millis{30},    Millis{50},    Millis{70},    Millis{100},
        Millis{150}, Millis{200},   Millis{250},   Millis{300},   Millis{400},   Millis{500},
        Millis{700}, Millis{1'000}, Millis{2'000}, Millis{5'000}, Millis{10'000}};

  private:
    struct Slot {
        std::int64_t second = -1'000;
        Duration worst{};
        std::array<std::uint32_t, kBounds.size() + 1> counts{};
    };
    static std::int64_t second_of(Instant now) {
        return std::chrono::floor<Seconds>(now.time_since_epoch()).count();
    }
    bool is_recent(const Slot& slot, Instant now) const {
        const auto age = second_of(now) - slot.second;
        return age >= 0 && age < static_cast<std::int64_t>(slots_.size());
    }
    std::size_t index_of(Instant now) const {
        return static_cast<std::size_t>(second_of(now)) % slots_.size();
    }
    std::array<Slot, 60> slots_;
};

}  // namespace higuma::engine
