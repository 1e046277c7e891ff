#include "policy/group.hpp"

#include <gtest/gtest.h>

namespace higuma::policy {
namespace {

GroupChild down(std::string name) { return {MonitorId{7}, std::move(name), BeatStatus::down}; }
GroupChild pending(std::string name) {
    return {MonitorId{8}, std::move(name), BeatStatus::pending};
}
GroupChild without_beat(std::string name) { return {MonitorId{9}, std::move(name), std::nullopt}; }

struct Case {
    const char* name;
    GroupState state;
    std::optional<BeatStatus> stated;  // none: a failed check
    const char* msg;
};

const Case kCases[] = {
    {"no children", {{}, 0, {}}, BeatStatus::pending, "Group empty"},
    {"all well, or paused", {{}, 3, {}}, BeatStatus::up, "All children up and running"},
    {"one pending", {{}, 2, {pending("b")}}, BeatStatus::pending, "Pending child monitors: b"},
    {"one without a beat and one pending",
     {{}, 2, {without_beat("a"), pending("b")}},
     BeatStatus::pending,
     "Pending child monitors: a, b"},
    {"some down", {{}, 9, {down("a"), down("b")}}, {}, "Child monitors down: a, b"},
    {"down and pending",
     {{}, 9, {pending("p"), down("a"), without_beat("q"), down("b")}},
     {},
     "Child monitors down: a, b; pending: p, q"},
    {"without a name", {{}, 1, {down("")}}, {}, "Child monitors down: #7"},
};

TEST(Group, IsAsBadAsItsWorstChild) {
    for (const auto& [name, state, stated, msg] : kCases) {
        const auto outcome = group_outcome(state);
        EXPECT_EQ(outcome.stated, stated) << name;
        EXPECT_EQ(outcome.msg, msg) << name;
        EXPECT_EQ(outcome.ok, stated == BeatStatus::up) << name;
        EXPECT_EQ(outcome.ping.has_value(), stated.has_value()) << name;
    }
}

TEST(Group, AHundredThousandNamesMakeABoundedText) {
    GroupState state{{}, 100'000, {}};
    for (int i = 0; i < 100'000; ++i) state.troubled.push_back(down("a name of some length"));
    EXPECT_LT(group_outcome(state).msg.size(), 10'000u);
}

TEST(Manual, SaysWhatSomebodySaid) {
    const std::tuple<std::optional<std::string>, BeatStatus, const char*> cases[] = {
        {std::nullopt, BeatStatus::pending, "Manual monitoring - No status set"},
        {"0", BeatStatus::down, "Down"},
        {"1", BeatStatus::up, "Up"},
        {"2", BeatStatus::pending, "Pending"},
        {"3", BeatStatus::maintenance, "Pending"},
    };
    for (const auto& [said, status, msg] : cases) {
        Monitor monitor;
        monitor.options.set(Option::manual_status, said);
        const auto outcome = manual_outcome(monitor);
        EXPECT_EQ(outcome.stated, status) << msg;
        EXPECT_EQ(outcome.msg, msg);
    }
}

}  // namespace
}  // namespace higuma::policy
