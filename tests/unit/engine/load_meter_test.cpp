#include "engine/load_meter.hpp"

#include <gtest/gtest.h>

namespace higuma::engine {
namespace {

using namespace std::chrono_literals;

EngineStats with(std::size_t in_flight, std::size_t queued) {
    EngineStats stats;
    stats.in_flight = in_flight;
    stats.in_flight_limit = 100;
    stats.beats_queued = queued;
    stats.beat_queue_limit = 1000;
    return stats;
}

TEST(LoadMeter, IsTheFullestOfWhatLimitsANode) {
    LoadMeter meter;
    const Instant start = Instant{} + 1h;
    EXPECT_EQ(meter.sample(start, 5s, with(0, 0)), 0) << "nothing is known of the time before";
    EXPECT_DOUBLE_EQ(meter.sample(start + 1s, 5'250ms, with(0, 0)), 0.25);
    EXPECT_DOUBLE_EQ(meter.sample(start + 1'100ms, 5'350ms, with(0, 0)), 0.25) << "too short";
    EXPECT_DOUBLE_EQ(meter.sample(start + 2s, 6'250ms, with(0, 0)), 1.0);
    EXPECT_DOUBLE_EQ(meter.sample(start + 4s, 6'250ms, with(30, 0)), 0.3);
    EXPECT_DOUBLE_EQ(meter.sample(start + 5s, 6'250ms, with(30, 700)), 0.7);
    EXPECT_DOUBLE_EQ(meter.sample(start + 6s, 6'250ms, with(0, 5000)), 1.0);
    EXPECT_EQ(meter.sample(start + 7s, 6'250ms, {}), 0);
}

}  // namespace
}  // namespace higuma::engine
