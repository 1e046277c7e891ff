#include "cluster/loop_pulse.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace higuma::cluster {
namespace {

using namespace std::chrono_literals;

struct LoopPulseTest : testing::Test {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    boost::asio::io_context loop;
    LoopPulse pulse{loop.get_executor(), clock};
};

TEST_F(LoopPulseTest, ALoopInTimeWasNotHeldUp) {
    const auto began = clock->now();
    clock->advance(150ms);
    EXPECT_EQ(pulse.held_up_since(began), 0ms);
}

TEST_F(LoopPulseTest, ABeatThatIsOverdueNowCounts) {
    const auto began = clock->now();
    clock->advance(900ms);
    EXPECT_EQ(pulse.held_up_since(began), 800ms);
}

TEST_F(LoopPulseTest, OnlyTheTimeSinceTheBeginningCounts) {
    clock->advance(900ms);
    const auto began = clock->now();
    clock->advance(50ms);
    EXPECT_EQ(pulse.held_up_since(began), 50ms);
}

TEST_F(LoopPulseTest, APastDelayIsRemembered) {
    const auto began = clock->now();
    boost::asio::co_spawn(loop, pulse.run(), boost::asio::detached);
    loop.poll();  // waits for its first beat
    clock->advance(1100ms);
    while (pulse.held_up_since(clock->now()) > 0ms) loop.run_one();
    EXPECT_GE(pulse.held_up_since(began), 1000ms);
    EXPECT_EQ(pulse.held_up_since(clock->now()), 0ms);
    pulse.stop();
    loop.run();
}

}  // namespace
}  // namespace higuma::cluster
