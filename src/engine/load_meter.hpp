// How busy a node is, as it says of itself to gateways: 0 to 1, the fullest of what limits it.
// Pure; the caller brings the clock and what the loop's thread has computed so far.
#pragma once

#include <algorithm>

#include "base/clock.hpp"
#include "engine/engine.hpp"

namespace higuma::engine {

class LoadMeter {
  public:
    // `busy`: the processor time of the loop's thread since it began.
    double sample(Instant now, Duration busy, const EngineStats& stats) {
        if (now - since_ >= kSpan) {
            const auto span = std::chrono::duration<double>(now - since_);
            const auto worked = std::chrono::duration<double>(busy - busy_then_);
            loop_ = since_ == Instant{} ? 0 : std::clamp(worked / span, 0.0, 1.0);
            since_ = now;
            busy_then_ = busy;
        }
        return std::max({loop_, share(stats.in_flight, stats.in_flight_limit),
                         share(stats.beats_queued, stats.beat_queue_limit)});
    }

  private:
    // Shorter spans measure the asking itself.
    static constexpr Millis kSpan{900};
    static double share(std::size_t used, std::size_t limit) {
        if (limit == 0) return 0;
        return std::min(1.0, static_cast<double>(used) / static_cast<double>(limit));
    }
    double loop_ = 0;
    Instant since_{};
    Duration busy_then_{};
};

}  // namespace higuma::engine
