#include "base/process_stats.hpp"

#include <gtest/gtest.h>

namespace higuma {
namespace {

TEST(ProcessStats, TellsOfThisProcess) {
    const auto stats = process_stats();
    EXPECT_GT(stats.resident_bytes, 1'000'000u);
    EXPECT_GE(stats.virtual_bytes, stats.resident_bytes);
    EXPECT_GE(stats.open_files, 3u);
    EXPECT_GT(stats.most_files, stats.open_files);
    EXPECT_GT(stats.started_unix_seconds, 1.5e9);
    EXPECT_GE(stats.cpu_seconds, 0);
}

TEST(ProcessStats, ANameMayHoldSpacesAndBrackets) {
    const auto fields = parse_proc_stat(
        "4711 (a) S 1) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24");
    EXPECT_EQ(fields.cpu_ticks, 11u + 12u);
    EXPECT_EQ(fields.start_ticks, 19u);
    EXPECT_EQ(fields.virtual_bytes, 20u);
    EXPECT_EQ(fields.resident_pages, 21u);
}

TEST(ProcessStats, WhatCannotBeReadIsZero) {
    for (const char* line : {"", "1 (a) S", "nonsense"}) {
        EXPECT_EQ(parse_proc_stat(line).virtual_bytes, 0u) << line;
    }
}

}  // namespace
}  // namespace higuma
