#include "cluster/monitor_set.hpp"

#include <gtest/gtest.h>

namespace higuma::cluster {
namespace {

Monitor monitor(std::int64_t id, std::uint64_t epoch = 1) {
    Monitor out;
    out.id = MonitorId{id};
    out.type = "http";
    out.url = "http://127.0.0.1/";
    out.assignment.epoch = Epoch{epoch};
    return out;
}

store::MonitorDelta delta(std::vector<Monitor> mine, std::vector<MonitorId> not_mine = {},
                          bool full = false) {
    store::MonitorDelta out;
    out.mine = std::move(mine);
    out.not_mine = std::move(not_mine);
    out.full = full;
    return out;
}

TEST(MonitorSet, StartsWhatIsNewAndStopsWhatIsNotHere) {
    MonitorSet set;
    auto plan = set.plan(delta({monitor(1), monitor(2)}));
    ASSERT_EQ(plan.start.size(), 2U);
    for (const auto& started : plan.start) set.started(started);

    plan = set.plan(delta({}, {MonitorId{1}, MonitorId{77}}));
    EXPECT_EQ(plan.stop, std::vector<MonitorId>{MonitorId{1}});
    EXPECT_TRUE(plan.start.empty());
}

TEST(MonitorSet, ANewEpochIsAStartThatNeedsTheLastBeat) {
    MonitorSet set;
    set.started(monitor(1, 1));
    const auto plan = set.plan(delta({monitor(1, 3)}));
    EXPECT_EQ(plan.start.size(), 1U);
    EXPECT_EQ(plan.restarts, std::vector<MonitorId>{MonitorId{1}});
    EXPECT_TRUE(plan.change.empty());
}

TEST(MonitorSet, SettingsOfARunningMonitorChangeInPlace) {
    MonitorSet set;
    set.started(monitor(1));
    auto changed = monitor(1);
    changed.interval = Seconds{60};
    EXPECT_EQ(set.plan(delta({changed})).change.size(), 1U);
    EXPECT_TRUE(set.plan(delta({monitor(1)})).change.empty());
}

TEST(MonitorSet, AnInactiveMonitorStopsAndIsNotStarted) {
    MonitorSet set;
    set.started(monitor(1));
    auto one = monitor(1), two = monitor(2);
    one.active = two.active = false;
    const auto plan = set.plan(delta({one, two}));
    EXPECT_EQ(plan.stop, std::vector<MonitorId>{MonitorId{1}});
    EXPECT_TRUE(plan.start.empty());
}

TEST(MonitorSet, AFullReloadStopsWhatItDoesNotName) {
    MonitorSet set;
    set.started(monitor(1));
    set.started(monitor(2));
    const auto plan = set.plan(delta({monitor(2)}, {}, true));
    EXPECT_EQ(plan.stop, std::vector<MonitorId>{MonitorId{1}});
    EXPECT_TRUE(plan.start.empty());
    EXPECT_TRUE(plan.change.empty());
}

}  // namespace
}  // namespace higuma::cluster
