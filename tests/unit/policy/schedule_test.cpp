#include "policy/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace higuma::policy {
namespace {

using namespace std::chrono_literals;

const WallTime kStart = WallTime{} + std::chrono::hours{24 * 365 * 50};

Monitor monitor_with(std::int64_t id, Seconds interval, Seconds retry = 20s) {
    Monitor monitor;
    monitor.id = {id};
    monitor.type = "http";
    monitor.interval = interval;
    monitor.retry_interval = retry;
    return monitor;
}

BeatState beat_at(WallTime anchor, BeatStatus status = BeatStatus::up) {
    return {status, 0, 0, anchor, anchor};
}

TEST(Anchor, KeepsTheGridWhenOnTime) {
    EXPECT_EQ(anchor_of(kStart, kStart), kStart);
    EXPECT_EQ(anchor_of(kStart, kStart + 250ms), kStart);
    EXPECT_EQ(anchor_of(kStart, kStart - 250ms), kStart);
}

TEST(Anchor, IsTheRealStartWhenLateOrEarly) {
    EXPECT_EQ(anchor_of(kStart, kStart + 251ms), kStart + 251ms);
    EXPECT_EQ(anchor_of(kStart, kStart + 10s), kStart + 10s);
    EXPECT_EQ(anchor_of(kStart, kStart - 251ms), kStart - 251ms);
}

TEST(Interval, TableOfStatuses) {
    const auto monitor = monitor_with(1, 60s, 15s);
    EXPECT_EQ(interval_after(BeatStatus::up, monitor), 60s);
    EXPECT_EQ(interval_after(BeatStatus::down, monitor), 60s);
    EXPECT_EQ(interval_after(BeatStatus::maintenance, monitor), 60s);
    EXPECT_EQ(interval_after(BeatStatus::pending, monitor), 15s);
    EXPECT_EQ(interval_after(BeatStatus::pending, monitor_with(1, 60s, 0s)), 60s);
    EXPECT_EQ(interval_after(BeatStatus::up, monitor_with(1, 0s)), 1s) << "never a busy loop";
}

TEST(NextDue, FollowsTheLastBeat) {
    const auto monitor = monitor_with(1, 60s, 15s);
    EXPECT_EQ(next_due(monitor, beat_at(kStart), kStart + 5s, 20s, 1s), kStart + 60s);
    EXPECT_EQ(next_due(monitor, beat_at(kStart, BeatStatus::pending), kStart + 5s, 20s, 1s),
              kStart + 15s);
}

TEST(NextDue, SlightlyOverdueKeepsTheGrid) {
    const auto monitor = monitor_with(1, 60s);
    EXPECT_EQ(next_due(monitor, beat_at(kStart), kStart + 60s + 250ms, 20s, 1s), kStart + 60s);
}

TEST(NextDue, OverdueIsNowPlusItsShareOfTheSpread) {
    const WallTime now = kStart + 10min;
    EXPECT_EQ(next_due(monitor_with(1, 60s), beat_at(kStart), now, 20s, 0s), now);
    for (std::int64_t id = 1; id <= 1000; ++id) {
        const auto due = next_due(monitor_with(id, 60s), beat_at(kStart), now, 20s, 1s);
        EXPECT_GE(due, now);
        EXPECT_LT(due, now + 1s);
    }
}

TEST(NextDue, OverdueSpreadNeverPassesTheInterval) {
    const WallTime now = kStart + 10min;
    for (std::int64_t id = 1; id <= 100; ++id) {
        EXPECT_LT(next_due(monitor_with(id, 2s), beat_at(kStart), now, 20s, 60s), now + 2s);
    }
}

TEST(NextDue, FirstChecksAreSpreadEvenly) {
    std::vector<int> buckets(20);
    for (std::int64_t id = 1; id <= 4000; ++id) {
        const auto due = next_due(monitor_with(id, 60s), {}, kStart, 20s, 1s);
        ASSERT_GE(due, kStart);
        ASSERT_LT(due, kStart + 20s);
        ++buckets[static_cast<std::size_t>((due - kStart) / 1s)];
    }
    EXPECT_GT(*std::min_element(buckets.begin(), buckets.end()), 130) << "200 expected in each";
    EXPECT_LT(*std::max_element(buckets.begin(), buckets.end()), 270);
}

TEST(NextDue, FirstSpreadStaysWithinTheInterval) {
    for (std::int64_t id = 1; id <= 100; ++id) {
        EXPECT_LT(next_due(monitor_with(id, 5s), {}, kStart, 20s, 1s), kStart + 5s);
    }
}

TEST(NextDue, FirstSpreadDependsOnTheIdAlone) {
    auto one = monitor_with(7, 60s), same = monitor_with(7, 60s);
    same.name = "renamed";
    same.url = "http://elsewhere/";
    EXPECT_EQ(next_due(one, {}, kStart, 20s, 1s), next_due(same, {}, kStart, 20s, 1s));
}

TEST(NextDue, AWrongClockCannotStopAMonitor) {
    const auto monitor = monitor_with(1, 60s);
    EXPECT_EQ(next_due(monitor, beat_at(kStart + 24h), kStart, 20s, 1s), kStart + 60s);
}

TEST(NextDue, PushHasAWholeIntervalAndASecond) {
    auto monitor = monitor_with(1, 60s);
    monitor.type = "push";
    EXPECT_EQ(next_due(monitor, {}, kStart, 20s, 1s), kStart + 61s);
    EXPECT_EQ(next_due(monitor, beat_at(kStart), kStart + 5s, 20s, 1s), kStart + 61s);
    EXPECT_EQ(next_due(monitor, beat_at(kStart, BeatStatus::down), kStart + 5s, 20s, 1s),
              kStart + 60s);
    monitor.upside_down = true;
    EXPECT_EQ(next_due(monitor, beat_at(kStart, BeatStatus::down), kStart + 5s, 20s, 1s),
              kStart + 61s);
}

TEST(CheckTimeout, IsTheMonitorsOwnOrEightyPercent) {
    auto monitor = monitor_with(1, 60s);
    EXPECT_EQ(check_timeout(monitor), 48s);
    monitor.timeout = 1500ms;
    EXPECT_EQ(check_timeout(monitor), 1500ms);
}

// A monitor's life under random delays and hand-overs: `anchors` are what the database would hold.
struct Life {
    Monitor monitor;
    std::vector<WallTime> anchors;
    std::vector<Seconds> spans;  // that had to pass after each anchor
};

template <class Delay>
Life live(std::mt19937_64& random, Delay delay) {
    Life life;
    life.monitor = monitor_with(std::uniform_int_distribution<std::int64_t>(1, 1 << 30)(random),
                                Seconds{std::uniform_int_distribution<int>(1, 300)(random)},
                                Seconds{std::uniform_int_distribution<int>(0, 60)(random)});
    std::optional<BeatState> last;
    WallTime now = kStart;
    for (int i = 0; i < 60; ++i) {
        const WallTime due = next_due(life.monitor, last, now, 20s, 1s);
        const WallTime started = std::max(due, now) + Millis{delay(random)};
        const WallTime anchor = anchor_of(due, started);
        const auto status = static_cast<BeatStatus>(random() % 4);
        life.anchors.push_back(anchor);
        life.spans.push_back(interval_after(status, life.monitor));
        last = BeatState{status, 0, 0, started, anchor};
        now = started + Millis{random() % 800};
    }
    return life;
}

TEST(ScheduleProperty, NoTwoAnchorsAreCloserThanTheInterval) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        std::mt19937_64 random(seed);
        const Life life = live(random, [](std::mt19937_64& r) {
            return r() % 10 == 0 ? static_cast<int>(r() % 200'000) : static_cast<int>(r() % 400);
        });
        for (std::size_t i = 1; i < life.anchors.size(); ++i) {
            ASSERT_GE(life.anchors[i] - life.anchors[i - 1], life.spans[i - 1])
                << "seed " << seed << ", beat " << i;
        }
    }
}

TEST(ScheduleProperty, ThereIsNoDriftWhenOnTime) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        std::mt19937_64 random(seed);
        const Life life =
            live(random, [](std::mt19937_64& r) { return static_cast<int>(r() % 251); });
        for (std::size_t i = 1; i < life.anchors.size(); ++i) {
            ASSERT_EQ(life.anchors[i] - life.anchors[i - 1], life.spans[i - 1])
                << "seed " << seed << ", beat " << i;
        }
    }
}

// Whoever looks at the stored beat, and whenever before the due time, comes to the same answer.
TEST(ScheduleProperty, HandOverFromAnyPointGivesTheSameDue) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        std::mt19937_64 random(seed);
        const auto monitor = monitor_with(static_cast<std::int64_t>(random() >> 2),
                                          Seconds{1 + random() % 300}, Seconds{random() % 60});
        const auto last = beat_at(kStart, static_cast<BeatStatus>(random() % 4));
        const auto span = interval_after(last.status, monitor);
        for (int i = 0; i < 20; ++i) {
            const Millis after{random() % static_cast<std::uint64_t>(Millis{span}.count() + 250)};
            ASSERT_EQ(next_due(monitor, last, kStart + after, Millis{random() % 60'000},
                               Millis{random() % 60'000}),
                      kStart + span)
                << "seed " << seed;
        }
    }
}

}  // namespace
}  // namespace higuma::policy
