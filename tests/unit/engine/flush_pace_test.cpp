#include "engine/flush_pace.hpp"

#include <gtest/gtest.h>

namespace higuma::engine {
namespace {

using namespace std::chrono_literals;

struct Case {
    const char* name;
    std::size_t beats;
    Duration since;
    Millis interval;
};

class FlushPaceTest : public testing::TestWithParam<Case> {};

TEST_P(FlushPaceTest, FollowsHowFastBeatsCome) {
    FlushPace pace(100ms, 500ms, {200, 1'000});
    EXPECT_EQ(pace.interval(), 100ms) << "before anything is known";
    const Instant start = Instant{} + 1h;
    pace.took(1, start);
    pace.took(GetParam().beats, start + GetParam().since);
    EXPECT_EQ(pace.interval(), GetParam().interval);
}

INSTANTIATE_TEST_SUITE_P(Table, FlushPaceTest,
                         testing::Values(Case{"one", 1, 100ms, 100ms},
                                         Case{"few", 20, 100ms, 100ms},
                                         Case{"between", 60, 100ms, 300ms},
                                         Case{"many", 100, 100ms, 500ms},
                                         Case{"more_than_many", 1'000, 100ms, 500ms},
                                         Case{"the_same_in_a_longer_span", 250, 500ms, 250ms},
                                         Case{"none_for_long", 1, 1h, 100ms},
                                         // Two takes without a pause say nothing about the rate.
                                         Case{"at_once", 1'000, 1ms, 100ms}),
                         [](const auto& test) { return test.param.name; });

TEST(FlushPace, ComesBackWhenBeatsGetFewer) {
    FlushPace pace(100ms, 500ms, {});
    Instant now = Instant{} + 1h;
    for (int i = 0; i < 10; ++i) pace.took(833, now += 500ms);
    EXPECT_EQ(pace.interval(), 500ms);
    pace.took(9, now += 500ms);
    EXPECT_EQ(pace.interval(), 100ms);
}

TEST(FlushPace, ALongestBelowTheShortestIsTheShortest) {
    FlushPace pace(700ms, 500ms, {});
    pace.took(1'000'000, Instant{} + 1h);
    pace.took(1'000'000, Instant{} + 1h + 500ms);
    EXPECT_EQ(pace.interval(), 700ms);
}

}  // namespace
}  // namespace higuma::engine
