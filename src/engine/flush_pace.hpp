// How long beats may gather before they are written: a short time while few come, so that a page
// shows them at once and a crash loses little; a longer one while many come, so that a statement
// carries many. Pure; time is an argument.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"

namespace higuma::engine {

class FlushPace {
  public:
    // `few`: beats a second up to which `shortest` holds; from `many` on it is `longest`.
    struct Rates {
        double few = 200, many = 1'000;
    };
    FlushPace(Millis shortest, Millis longest, Rates rates)
        : shortest_(shortest), longest_(std::max(shortest, longest)), rates_(rates) {}

    // So many beats were taken to be written: all that came since the take before, or a part.
    void took(std::size_t beats, Instant now) {
        const std::chrono::duration<double> span = now - taken_at_;
        // Right after a take nothing is known about how fast beats come.
        if (now - taken_at_ >= shortest_ / 2) rate_ = static_cast<double>(beats) / span.count();
        taken_at_ = now;
    }

    Millis interval() const {
        const double share = (rate_ - rates_.few) / (rates_.many - rates_.few);
        const auto range = static_cast<double>((longest_ - shortest_).count());
        const auto more = static_cast<std::int64_t>(std::clamp(share, 0.0, 1.0) * range);
        return shortest_ + Millis{more};
    }

  private:
    Millis shortest_, longest_;
    Rates rates_;
    double rate_ = 0;
    Instant taken_at_{};
};

}  // namespace higuma::engine
