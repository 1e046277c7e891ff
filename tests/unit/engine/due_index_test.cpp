#include "engine/due_index.hpp"

#include <gtest/gtest.h>

#include <random>

#include "engine/lateness.hpp"

namespace higuma::engine {

class DueIndexTest : public testing::Test {
  protected:
    static Instant at(int seconds) { return Instant{} + Seconds{seconds}; }
    DueIndex index_;
};

TEST_F(DueIndexTest, AnEmptyIndexHasNothingDue) {
    EXPECT_FALSE(index_.earliest());
    EXPECT_FALSE(index_.take_due(at(1'000)));
    EXPECT_EQ(index_.count_due(at(1'000)), 0u);
}

TEST_F(DueIndexTest, GivesTheEarliestFirstAndNothingTooSoon) {
    index_.set(MonitorId{1}, at(30));
    index_.set(MonitorId{2}, at(10));
    index_.set(MonitorId{3}, at(20));
    EXPECT_EQ(index_.earliest(), at(10));
    EXPECT_FALSE(index_.take_due(at(9)));
    EXPECT_EQ(index_.count_due(at(20)), 2u);
    EXPECT_EQ(index_.take_due(at(20)), std::pair(MonitorId{2}, at(10)));
    EXPECT_EQ(index_.take_due(at(20)), std::pair(MonitorId{3}, at(20)));
    EXPECT_FALSE(index_.take_due(at(20)));
    EXPECT_EQ(index_.size(), 1u);
}

TEST_F(DueIndexTest, MovesAndErases) {
    index_.set(MonitorId{1}, at(10));
    index_.set(MonitorId{1}, at(50));
    EXPECT_EQ(index_.size(), 1u);
    EXPECT_EQ(index_.earliest(), at(50));
    index_.erase(MonitorId{1});
    index_.erase(MonitorId{1});
    EXPECT_FALSE(index_.earliest());
}

TEST_F(DueIndexTest, OrdersAHundredThousandMonitors) {
    constexpr int kMonitors = 100'000;
    std::mt19937 random(7);
    for (int i = 0; i < kMonitors; ++i) {
        index_.set(MonitorId{i}, at(static_cast<int>(random() % 1'000)));
    }
    Instant last{};
    int taken = 0;
    while (const auto due = index_.take_due(at(1'000))) {
        ASSERT_GE(due->second, last);
        last = due->second;
        ++taken;
    }
    EXPECT_EQ(taken, kMonitors);
}

TEST(LatenessTest, KnowsWhatMostOfAMinuteKeptTo) {
    Lateness lateness;
    const Instant start{Seconds{100}};
    EXPECT_EQ(lateness.percentile(start, 99), Lateness::kBounds.front());
    for (int i = 0; i < 99; ++i) lateness.record(start, Millis{4});
    lateness.record(start, Millis{800});
    EXPECT_EQ(lateness.percentile(start, 99), Millis{5});
    EXPECT_EQ(lateness.percentile(start, 100), Millis{1'000});
    lateness.record(start + Seconds{1}, Millis{60'000});
    EXPECT_EQ(lateness.percentile(start + Seconds{1}, 100), Millis{60'000});
    EXPECT_EQ(lateness.percentile(start + Seconds{60}, 50), Millis{60'000});
}

TEST(LatenessTest, RemembersTheWorstOfAMinute) {
    Lateness lateness;
    const Instant start = Instant{} + Seconds{1'000};
    EXPECT_EQ(lateness.worst(start), Millis{0});
    lateness.record(start, Millis{5});
    lateness.record(start + Seconds{10}, Millis{90});
    lateness.record(start + Seconds{10}, Millis{20});
    EXPECT_EQ(lateness.worst(start + Seconds{30}), Millis{90});
    EXPECT_EQ(lateness.worst(start + Seconds{69}), Millis{90});
    EXPECT_EQ(lateness.worst(start + Seconds{70}), Millis{0});
}

}  // namespace higuma::engine
