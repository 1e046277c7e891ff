#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <random>

namespace higuma {
namespace {

using namespace std::chrono_literals;

WallTime wall(int year, unsigned month, unsigned day, Millis of_day) {
    return WallTime{std::chrono::sys_days{std::chrono::year_month_day{
               std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}}}} +
           of_day;
}

TEST(TimeText, Forms) {
    const auto time = wall(2026, 11, 22, 10h + 41min + 29s + 862ms);
    EXPECT_EQ(format_sql_time(time), "2026-11-22 10:41:29.862");
    EXPECT_EQ(format_iso_time(time), "2026-11-22T10:41:29.862Z");
    EXPECT_EQ(format_sql_time(wall(2000, 2, 29, 0ms)), "2000-02-29 00:00:00.000");
}

TEST(TimeText, RoundTrip) {
    std::mt19937_64 random(1);
    const auto least = wall(1970, 1, 1, 0ms).time_since_epoch().count();
    const auto most = wall(2100, 1, 1, 0ms).time_since_epoch().count();
    std::uniform_int_distribution<std::int64_t> any(least, most);
    for (int i = 0; i < 2000; ++i) {
        const WallTime time{Millis{any(random)}};
        EXPECT_EQ(parse_time(format_sql_time(time)), time);
        EXPECT_EQ(parse_time(format_iso_time(time)), time);
    }
}

TEST(TimeText, FractionsOfAnyLength) {
    const auto whole = wall(2026, 1, 2, 3h + 4min + 5s);
    EXPECT_EQ(parse_time("2026-01-02 03:04:05"), whole);
    EXPECT_EQ(parse_time("2026-01-02T03:04:05Z"), whole);
    EXPECT_EQ(parse_time("2026-01-02 03:04:05.7"), whole + 700ms);
    EXPECT_EQ(parse_time("2026-01-02 03:04:05.07"), whole + 70ms);
    EXPECT_EQ(parse_time("2026-01-02 03:04:05.123456"), whole + 123ms);
}

TEST(TimeText, WhatIsNoTimeIsRefused) {
    for (const char* text : {"", "now", "2026-01-02", "2026-13-02 03:04:05", "2026-02-30 03:04:05",
                             "2026-01-02 24:00:00", "2026-01-02 03:60:05", "2026-01-02 03:04:60",
                             "2026-01-02 03:04:05+02:00", "2026-01-02 03:04:05 ",
                             "2026-01-02 03:04:05.1x", "0000-00-00 00:00:00"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

TEST(ManualClock, MovesBothTimesByHand) {
    const auto start = wall(2026, 1, 2, 0ms);
    ManualClock clock(start);
    const Instant before = clock.now();
    clock.advance(1500ms);
    EXPECT_EQ(clock.now() - before, 1500ms);
    EXPECT_EQ(clock.wall_now(), start + 1500ms);
    EXPECT_EQ(clock.now() - before, 1500ms) << "it does not move by itself";
}

TEST(SystemClock, NeverGoesBack) {
    const SystemClock clock;
    const Instant first = clock.now();
    EXPECT_GE(clock.now(), first);
    EXPECT_GT(clock.wall_now(), wall(2024, 1, 1, 0ms));
}

TEST(Deadline, PassesWhenItsSpanIsOver) {
    ManualClock clock;
    const auto deadline = Deadline::after(clock, 2s);
    EXPECT_FALSE(deadline.passed(clock.now()));
    EXPECT_EQ(deadline.remaining(clock.now()), 2s);
    clock.advance(1999ms);
    EXPECT_FALSE(deadline.passed(clock.now()));
    EXPECT_EQ(deadline.remaining(clock.now()), 1ms);
    clock.advance(1ms);
    EXPECT_TRUE(deadline.passed(clock.now()));
    clock.advance(5s);
    EXPECT_EQ(deadline.remaining(clock.now()), 0s) << "never negative";
}

TEST(Deadline, NoneNeverPasses) {
    ManualClock clock;
    clock.advance(std::chrono::hours{100'000});
    EXPECT_FALSE(Deadline{}.passed(clock.now()));
    EXPECT_EQ(Deadline{}.remaining(clock.now()), Duration::max());
}

}  // namespace
}  // namespace higuma
