#include "cluster/rebalance_record.hpp"

#include <gtest/gtest.h>

namespace higuma::cluster {
namespace {

TEST(RebalanceRecord, ComesBackAsItWasWritten) {
    RebalanceRecord record;
    record.id = 1'795'343'107'123;
    record.kind = RebalanceKind::all;
    record.state = RebalanceState::running;
    record.actor = "o'ps \"x\" \xe2\x86\x92";
    record.planned = 40;
    record.done = 12;
    record.failed = 1;
    record.requested = parse_time("2026-11-22 10:41:29.862");
    record.started = parse_time("2026-11-22 10:41:30.001");
    record.figures = {2.5, 1.75, 1.05, 300};
    record.error = "waits: x";
    const auto text = to_text(record);
    const auto back = rebalance_record_from(text);
    EXPECT_EQ(to_text(back), text);
    EXPECT_TRUE(back.active());
    EXPECT_EQ(back.actor, record.actor);
    EXPECT_EQ(back.started, record.started);
    EXPECT_FALSE(back.finished.has_value());
    EXPECT_EQ(back.figures.movable, 300U);
}

TEST(RebalanceRecord, WhatCannotBeReadIsIdle) {
    for (const char* text :
         {"", "{", "[]", "7", "null", R"({"state":"sideways"})", R"({"state":7,"id":"x"})",
          R"({"id":-1e400})", R"({"planned":-5,"started":"yesterday"})"}) {
        const auto record = rebalance_record_from(text);
        EXPECT_EQ(record.state, RebalanceState::idle) << text;
        EXPECT_FALSE(record.active()) << text;
        EXPECT_EQ(record.planned, 0U) << text;
    }
}

}  // namespace
}  // namespace higuma::cluster
