#include "engine/roster.hpp"

#include <gtest/gtest.h>

#include <set>

namespace higuma::engine {

using policy::CheckOutcome;

class RosterTest : public testing::Test {
  protected:
    Now now() const { return {clock_.now(), clock_.wall_now()}; }
    Monitor monitor(std::int64_t id, const std::string& type = "http") const {
        Monitor monitor;
        monitor.id = MonitorId{id};
        monitor.type = type;
        monitor.url = "http://localhost/";
        monitor.interval = Seconds{20};
        return monitor;
    }
    BeatState beaten(Millis ago, BeatStatus status = BeatStatus::up) const {
        const WallTime time = clock_.wall_now() - ago;
        return {status, 0, 0, time, time};
    }
    // Moves time on to the next due moment and takes it.
    Roster::Turn next_turn() {
        const auto wake = roster_.wake_at();
        EXPECT_TRUE(wake);
        if (*wake > clock_.now()) {
            clock_.advance(std::chrono::ceil<Millis>(*wake - clock_.now()));
        }
        auto turn = roster_.take_due(now());
        EXPECT_TRUE(turn);
        return *turn;
    }
    static CheckOutcome up() { return CheckOutcome::up("200 - OK", Millis{3}); }
    static CheckOutcome failed() { return CheckOutcome::down("refused"); }
    static CheckOutcome pushed(BeatStatus status) {
        CheckOutcome outcome;
        outcome.ok = status == BeatStatus::up;
        outcome.msg = "pushed";
        outcome.reported = status;
        return outcome;
    }

    ManualClock clock_{WallTime{Seconds{1'700'000'000}}};
    Roster roster_{Spreads{Millis{20'000}, Millis{1'000}}, StartLimits{100'000, 100'000, 100'000}};
};

TEST_F(RosterTest, KeepsTheGridWhateverTheChecksTake) {
    roster_.run(monitor(1), beaten(Millis{15'000}), now());
    const WallTime first_due = clock_.wall_now() + Seconds{5};
    for (int i = 0; i < 10; ++i) {
        const auto turn = next_turn();
        ASSERT_TRUE(turn.check);
        clock_.advance(Millis{137 * i});
        const auto beat = roster_.finish(MonitorId{1}, turn.ticket, up(), now());
        ASSERT_TRUE(beat);
        EXPECT_EQ(beat->scheduled_at, first_due + Seconds{20} * i);
        EXPECT_EQ(beat->duration, Seconds{20});
        EXPECT_EQ(beat->status, BeatStatus::up);
    }
}

TEST_F(RosterTest, ALateStartBeginsANewGridSoThatNoTwoChecksAreTooClose) {
    roster_.run(monitor(1), beaten(Millis{0}), now());
    clock_.advance(Millis{23'000});  // the loop was held up for three seconds
    const auto turn = roster_.take_due(now());
    EXPECT_EQ(turn->lateness, Millis{3'000});
    const auto beat = roster_.finish(MonitorId{1}, turn->ticket, up(), now());
    EXPECT_EQ(beat->scheduled_at, clock_.wall_now());
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{20});
}

TEST_F(RosterTest, FirstChecksAreSpread) {
    for (int id = 1; id <= 1'000; ++id) roster_.run(monitor(id), std::nullopt, now());
    std::set<Instant> starts;
    while (const auto turn = roster_.wake_at() ? std::optional(next_turn()) : std::nullopt) {
        starts.insert(clock_.now());
    }
    EXPECT_GT(starts.size(), 500u);
    EXPECT_LE(*starts.rbegin() - *starts.begin(), Seconds{20});
}

TEST_F(RosterTest, OverdueMonitorsThatAreTakenOverStartWithinASecondButNotAllAtOnce) {
    for (int id = 1; id <= 3'000; ++id) roster_.run(monitor(id), beaten(Millis{90'000}), now());
    EXPECT_LT(roster_.count_due(now()), 300u);
    clock_.advance(Millis{1'000});
    EXPECT_EQ(roster_.count_due(now()), 3'000u);
}

TEST_F(RosterTest, CountsScheduledChecksExactly) {
    auto fast = monitor(1);
    fast.interval = Seconds{1};
    roster_.run(fast, std::nullopt, now());
    roster_.run(monitor(2), std::nullopt, now());
    EXPECT_DOUBLE_EQ(roster_.checks_per_second(), 1.05);
    fast.interval = Seconds{2};
    roster_.run(fast, std::nullopt, now());
    EXPECT_DOUBLE_EQ(roster_.checks_per_second(), 0.55);
    roster_.stop(MonitorId{1});
    roster_.stop(MonitorId{2});
    EXPECT_DOUBLE_EQ(roster_.checks_per_second(), 0);
}

TEST_F(RosterTest, RunningTheSameAgainChangesNothing) {
    roster_.run(monitor(1), beaten(Millis{5'000}), now());
    const auto wake = roster_.wake_at();
    auto renamed = monitor(1);
    renamed.name = "another name";
    EXPECT_FALSE(roster_.run(renamed, std::nullopt, now()));
    EXPECT_EQ(roster_.wake_at(), wake);
    const auto turn = next_turn();
    EXPECT_FALSE(roster_.run(renamed, std::nullopt, now()));
    EXPECT_TRUE(roster_.finish(MonitorId{1}, turn.ticket, up(), now()));
}

TEST_F(RosterTest, ANewEpochDropsTheResultInFlight) {
    roster_.run(monitor(1), beaten(Millis{20'000}), now());
    const auto turn = next_turn();
    auto moved = monitor(1);
    moved.assignment.epoch = Epoch{2};
    EXPECT_EQ(roster_.run(moved, beaten(Millis{20'000}), now()), turn.ticket);
    EXPECT_FALSE(roster_.finish(MonitorId{1}, turn.ticket, up(), now()));
    const auto again = next_turn();
    const auto beat = roster_.finish(MonitorId{1}, again.ticket, up(), now());
    ASSERT_TRUE(beat);
    EXPECT_EQ(beat->epoch, Epoch{2});
}

TEST_F(RosterTest, StoppingDropsTheResultInFlight) {
    roster_.run(monitor(1), beaten(Millis{20'000}), now());
    const auto turn = next_turn();
    EXPECT_EQ(roster_.stop(MonitorId{1}), turn.ticket);
    EXPECT_FALSE(roster_.finish(MonitorId{1}, turn.ticket, up(), now()));
    EXPECT_FALSE(roster_.runs(MonitorId{1}));
    EXPECT_FALSE(roster_.wake_at());
}

TEST_F(RosterTest, NewSettingsGoOnFromTheLastDecidedBeat) {
    roster_.run(monitor(1), beaten(Millis{20'000}), now());
    auto turn = next_turn();
    ASSERT_TRUE(roster_.finish(MonitorId{1}, turn.ticket, failed(), now())->important);
    auto edited = monitor(1);
    edited.url = "http://localhost/other";
    roster_.run(edited, beaten(Millis{20'000}), now());  // the database does not know the beat yet
    turn = next_turn();
    EXPECT_EQ(turn.check->url, edited.url);
    const auto beat = roster_.finish(MonitorId{1}, turn.ticket, failed(), now());
    EXPECT_FALSE(beat->important) << "it was down already";
}

TEST_F(RosterTest, NewSettingsDoNotPutTheFirstCheckOff) {
    roster_.run(monitor(1), std::nullopt, now());
    const auto wake = roster_.wake_at();
    auto edited = monitor(1);
    edited.url = "http://localhost/other";
    clock_.advance(Millis{1});
    roster_.run(edited, std::nullopt, now());
    EXPECT_EQ(roster_.wake_at(), wake);
}

TEST_F(RosterTest, PendingBeatsComeAtTheRetryInterval) {
    auto retrying = monitor(1);
    retrying.max_retries = 1;
    retrying.retry_interval = Seconds{3};
    roster_.run(retrying, beaten(Millis{20'000}), now());
    auto turn = next_turn();
    const auto pending = roster_.finish(MonitorId{1}, turn.ticket, failed(), now());
    EXPECT_EQ(pending->status, BeatStatus::pending);
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{3});
    turn = next_turn();
    const auto down = roster_.finish(MonitorId{1}, turn.ticket, failed(), now());
    EXPECT_EQ(down->status, BeatStatus::down);
    EXPECT_TRUE(down->important);
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{20});
}

TEST_F(RosterTest, MaintenanceTakesThePlaceOfTheCheck) {
    roster_.run(monitor(1), beaten(Millis{20'000}), now());
    roster_.set_maintenance({MonitorId{1}});
    const auto turn = next_turn();
    ASSERT_TRUE(turn.beat);
    EXPECT_FALSE(turn.check);
    EXPECT_EQ(turn.beat->status, BeatStatus::maintenance);
    EXPECT_EQ(turn.beat->msg, "Monitor under maintenance");
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{20});
    roster_.set_maintenance({});
    EXPECT_TRUE(next_turn().check);
}

TEST_F(RosterTest, MaintenanceThatBeginsDuringACheckIsNoFailure) {
    roster_.run(monitor(1), beaten(Millis{20'000}), now());
    const auto turn = next_turn();
    roster_.set_maintenance({MonitorId{1}});
    EXPECT_EQ(roster_.finish(MonitorId{1}, turn.ticket, failed(), now())->status,
              BeatStatus::maintenance);
}

TEST_F(RosterTest, APushMakesABeatAndPutsTheDeadlineOff) {
    roster_.run(monitor(1, "push"), std::nullopt, now());
    clock_.advance(Millis{7'000});
    const auto beat = roster_.push(MonitorId{1}, pushed(BeatStatus::up), now());
    ASSERT_TRUE(beat);
    EXPECT_EQ(beat->status, BeatStatus::up);
    EXPECT_EQ(beat->msg, "pushed");
    EXPECT_EQ(beat->time, clock_.wall_now());
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{21}) << "the interval and a second";
}

TEST_F(RosterTest, AMissingPushIsDownAtEachInterval) {
    roster_.run(monitor(1, "push"), std::nullopt, now());
    ASSERT_TRUE(roster_.push(MonitorId{1}, pushed(BeatStatus::up), now()));
    auto turn = next_turn();
    ASSERT_TRUE(turn.beat);
    EXPECT_EQ(turn.beat->status, BeatStatus::down);
    EXPECT_EQ(turn.beat->msg, "No heartbeat in the time window");
    EXPECT_TRUE(turn.beat->important);
    EXPECT_EQ(turn.beat->duration, Seconds{21});
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{20});
    turn = next_turn();
    EXPECT_FALSE(turn.beat->important);
    const auto back = roster_.push(MonitorId{1}, pushed(BeatStatus::up), now());
    EXPECT_TRUE(back->important);
}

TEST_F(RosterTest, AMissingPushRetriesFirst) {
    auto retrying = monitor(1, "push");
    retrying.max_retries = 1;
    retrying.retry_interval = Seconds{5};
    roster_.run(retrying, std::nullopt, now());
    ASSERT_TRUE(roster_.push(MonitorId{1}, pushed(BeatStatus::up), now()));
    EXPECT_EQ(next_turn().beat->status, BeatStatus::pending);
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{5});
    EXPECT_EQ(next_turn().beat->status, BeatStatus::down);
}

TEST_F(RosterTest, ASilentUpsideDownAgentIsUp) {
    auto flipped = monitor(1, "push");
    flipped.upside_down = true;
    roster_.run(flipped, std::nullopt, now());
    EXPECT_EQ(roster_.push(MonitorId{1}, pushed(BeatStatus::up), now())->status, BeatStatus::down);
    EXPECT_EQ(next_turn().beat->status, BeatStatus::up);
}

TEST_F(RosterTest, AnAgentGetsTimeToPushAgainAfterAFailover) {
    roster_.run(monitor(1, "push"), beaten(Millis{21'500}), now());
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{10});
    ASSERT_TRUE(roster_.push(MonitorId{1}, pushed(BeatStatus::up), now()));
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{21});
}

TEST_F(RosterTest, EachPushOfOneMillisecondIsABeatOfItsOwn) {
    roster_.run(monitor(1, "push"), std::nullopt, now());
    std::set<WallTime> anchors;
    for (int i = 0; i < 10; ++i) {
        anchors.insert(roster_.push(MonitorId{1}, pushed(BeatStatus::up), now())->scheduled_at);
    }
    EXPECT_EQ(anchors.size(), 10u);
}

TEST_F(RosterTest, RefusesPushesOfOthers) {
    roster_.run(monitor(1), std::nullopt, now());
    EXPECT_EQ(roster_.push(MonitorId{1}, up(), now()).error().kind, ErrorKind::not_found);
    EXPECT_EQ(roster_.push(MonitorId{2}, up(), now()).error().kind, ErrorKind::not_found);
}

TEST_F(RosterTest, AStepOfTheWallClockNeitherStallsNorStormsMonitors) {
    roster_.run(monitor(1), beaten(Millis{0}), now());
    clock_.advance(Millis{20'000});
    const Now stepped{clock_.now(), clock_.wall_now() - std::chrono::hours{5}};
    const auto turn = roster_.take_due(stepped);
    ASSERT_TRUE(turn) << "durations are the monotonic clock's";
    ASSERT_TRUE(roster_.finish(MonitorId{1}, turn->ticket, up(), stepped));
    EXPECT_EQ(*roster_.wake_at() - clock_.now(), Seconds{20});
}

TEST(BoundedText, IsAlwaysValidUtf8) {
    EXPECT_EQ(bounded_text("plain"), "plain");
    EXPECT_EQ(bounded_text("caf\xC3\xA9 \xE7\xBE\x86 \xF0\x9F\x90\xBB"),
              "caf\xC3\xA9 \xE7\xBE\x86 \xF0\x9F\x90\xBB");
    EXPECT_EQ(bounded_text("a\xFF\xC0\x80z"), "a???z");
    EXPECT_EQ(bounded_text("cut\xE7\xBE"), "cut??");
    EXPECT_EQ(bounded_text("\xED\xA0\x80"), "???") << "a surrogate";
    EXPECT_EQ(bounded_text(std::string("nul\0x", 5)), "nul?x");
    EXPECT_EQ(bounded_text(std::string(1'000'000, 'x')).size(), 4'000u);
    std::string wide = "x";
    while (wide.size() < 10'000) wide += "\xE7\xBE\x86";
    const auto cut = bounded_text(wide);
    EXPECT_LE(cut.size(), 4'000u);
    EXPECT_EQ((cut.size() - 1) % 3, 0u);
}

TEST_F(RosterTest, AManualMonitorBeatsWithWhatWasSaidAndAtOnceWhenItChanges) {
    Monitor manual = monitor(1, "manual");
    roster_.run(manual, beaten(Millis{15'000}), now());
    auto turn = next_turn();
    ASSERT_TRUE(turn.beat);
    EXPECT_EQ(turn.beat->status, BeatStatus::pending);
    clock_.advance(Millis{7'000});
    manual.options.set(Option::manual_status, "0");
    roster_.run(manual, std::nullopt, now());
    turn = next_turn();
    ASSERT_TRUE(turn.beat);
    EXPECT_EQ(turn.beat->status, BeatStatus::down);
    EXPECT_EQ(turn.beat->msg, "Down");
    EXPECT_EQ(turn.beat->time, clock_.wall_now());
    EXPECT_TRUE(turn.beat->important);
    EXPECT_EQ(next_turn().beat->scheduled_at, turn.beat->scheduled_at + Seconds{20});
}

TEST_F(RosterTest, ACheckOutOfTurnStartsNowAndTheGridGoesOnFromIt) {
    EXPECT_EQ(roster_.check_now(MonitorId{1}, now()).error().kind, ErrorKind::not_found);
    roster_.run(monitor(1), beaten(Millis{5'000}), now());
    roster_.run(monitor(2, "push"), beaten(Millis{5'000}), now());
    EXPECT_EQ(roster_.check_now(MonitorId{2}, now()).error().kind, ErrorKind::conflict);
    ASSERT_TRUE(roster_.check_now(MonitorId{1}, now()));
    auto turn = roster_.take_due(now());
    ASSERT_TRUE(turn && turn->check);
    // While it is in flight there is no second one.
    ASSERT_TRUE(roster_.check_now(MonitorId{1}, now()));
    EXPECT_FALSE(roster_.take_due(now()));
    const WallTime asked = clock_.wall_now();
    const auto beat = roster_.finish(MonitorId{1}, turn->ticket, up(), now());
    ASSERT_TRUE(beat);
    EXPECT_EQ(beat->scheduled_at, asked);
    roster_.stop(MonitorId{2});
    const auto next = next_turn();
    EXPECT_EQ(roster_.finish(MonitorId{1}, next.ticket, up(), now())->scheduled_at,
              asked + Seconds{20});
}

}  // namespace higuma::engine
