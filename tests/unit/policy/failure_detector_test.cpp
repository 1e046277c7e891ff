#include "policy/failure_detector.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

namespace higuma::policy {
namespace {

using namespace std::chrono_literals;

// A scenario in words. Events: "ok", "bad", "closed", "held" (each a second after the one before).
// Expected steps: status, then `-` for went_offline, `+` for came_online, and the next check in
// milliseconds.
struct Scenario {
    const char* name;
    NodeStatus stored;
    const char* events;
    const char* expected;
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

constexpr auto kUnknown = NodeStatus::unknown;
constexpr auto kOnline = NodeStatus::online;
constexpr auto kOffline = NodeStatus::offline;
constexpr auto kRecovering = NodeStatus::recovering;
constexpr auto kDraining = NodeStatus::draining;

const Scenario kScenarios[] = {
    {"unknown is online with the first good check", kUnknown, "ok ok", "online+1000 online:1000"},
    {"unknown that fails is offline after fall", kUnknown, "bad bad bad",
     "unknown:500 unknown:500 offline-1000"},
    {"unknown that fails once and answers", kUnknown, "bad ok", "unknown:500 online+1000"},
    {"healthy checks are spaced by the liveness interval", kOnline, "ok ok ok",
     "online:1000 online:1000 online:1000"},
    {"three failures in a row", kOnline, "bad bad bad bad",
     "online:500 online:500 offline-1000 offline:1000"},
    {"a success between failures starts anew", kOnline, "bad bad ok bad bad bad",
     "online:500 online:500 online:1000 online:500 online:500 offline-1000"},
    {"a closed connection counts and looks at once", kOnline, "closed bad bad",
     "online:0 online:500 offline-1000"},
    {"a closed connection of a living node", kOnline, "closed ok", "online:0 online:1000"},
    {"closed connections cannot spin", kOnline, "closed closed closed closed",
     "online:0 online:500 offline-1000 offline:1000"},
    {"offline recovers with three good checks", kOffline, "ok ok ok",
     "recovering:500 recovering:500 online+1000"},
    {"a failure while recovering starts the count anew", kOffline, "ok ok bad ok ok ok",
     "recovering:500 recovering:500 recovering:500 recovering:500 recovering:500 online+1000"},
    {"recovering goes offline after fall", kOffline, "ok bad bad bad",
     "recovering:500 recovering:500 recovering:500 offline-1000"},
    {"recovering as found in the database", kRecovering, "ok ok ok",
     "recovering:500 recovering:500 online+1000"},
    {"down and home again", kOnline, "bad bad bad ok ok ok",
     "online:500 online:500 offline-1000 recovering:500 recovering:500 online+1000"},
    {"a check that was held up here says nothing of the node", kOnline, "bad bad held bad",
     "online:500 online:500 online:500 offline-1000"},
    {"nor does it interrupt a row of failures or successes", kOffline, "ok ok held ok",
     "recovering:500 recovering:500 recovering:500 online+1000"},
    {"draining stays draining", kDraining, "ok bad ok", "draining:1000 draining:500 draining:1000"},
    {"draining is kept through offline", kDraining, "bad bad bad ok ok ok ok",
     "draining:500 draining:500 offline-1000 recovering:500 recovering:500 draining:1000 "
     "draining:1000"},
};

HealthEvent event_from(const std::string& word) {
    if (word == "ok") return HealthEvent::check_ok;
    if (word == "held") return HealthEvent::inconclusive;
    return word == "closed" ? HealthEvent::connection_closed : HealthEvent::check_failed;
}

class DetectorScenario : public testing::TestWithParam<Scenario> {};

TEST_P(DetectorScenario, Decides) {
    const DetectorConfig config;
    Instant now = Instant{} + 1h;
    NodeHealth health = initial_health(GetParam().stored, now);
    std::istringstream words(GetParam().events);
    std::string got, word;
    while (words >> word) {
        now += 1s;
        const NodeStatus before = health.status;
        const auto step = on_health_event(config, health, event_from(word), "no answer", now);
        const char mark = step.went_offline ? '-' : step.came_online ? '+' : ':';
        got += (got.empty() ? "" : " ") + std::string(to_string(step.health.status)) + mark +
               std::to_string(step.next_check_in.count());
        EXPECT_EQ(step.status_changed, before != step.health.status);
        EXPECT_EQ(step.next_timeout, config.liveness_timeout);
        if (step.status_changed) {
            EXPECT_EQ(step.health.since, now);
        }
        health = step.health;
    }
    EXPECT_EQ(got, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Table, DetectorScenario, testing::ValuesIn(kScenarios));

// Moves one node's clock and feeds events, as the controller would.
struct Watch {
    DetectorConfig config;
    Instant now = Instant{} + 1h;
    NodeHealth health = initial_health(NodeStatus::online, now);
    HealthStep last;

    const HealthStep& feed(HealthEvent event, Duration after = 1s, const std::string& error = "x") {
        now += after;
        last = on_health_event(config, health, event, error, now);
        health = last.health;
        return last;
    }
    void fail() {
        for (int i = 0; i < config.fall; ++i) feed(HealthEvent::check_failed);
    }
    // Good checks until online; how long that took.
    Duration recover() {
        const Instant start = now;
        while (health.status != NodeStatus::online && now - start < 2h) {
            feed(HealthEvent::check_ok, last.next_check_in);
        }
        return now - start;
    }
};

TEST(Detector,
     ABrokenCheckCannotLeaveADeadNodeOnline) {  // the original's checker threw at every run
    Watch watch;
    watch.fail();
    EXPECT_EQ(watch.health.status, NodeStatus::offline);
    EXPECT_TRUE(watch.last.went_offline);
}

TEST(Detector, AControllerThatIsAlwaysHeldUpDecidesInTheEnd) {
    Watch watch;
    int checks = 0;
    while (watch.health.status != NodeStatus::offline && checks < 1'000) {
        watch.feed(HealthEvent::inconclusive);
        ++checks;
    }
    EXPECT_EQ(checks, watch.config.fall * (watch.config.most_inconclusive + 1));
}

TEST(Detector, AKilledNodeIsOfflineInAboutASecond) {
    Watch watch;
    Duration took{};
    watch.feed(HealthEvent::connection_closed, 0s);
    while (watch.health.status != NodeStatus::offline) {
        took += watch.last.next_check_in;
        watch.feed(HealthEvent::check_failed, watch.last.next_check_in);  // refused at once
    }
    EXPECT_LE(took, 1s);
}

TEST(Detector, AFrozenNodeIsOfflineWithinFiveSeconds) {
    Watch watch;
    Duration took = watch.config.liveness_interval + watch.config.liveness_timeout;
    watch.feed(HealthEvent::check_failed, 0s);
    while (watch.health.status != NodeStatus::offline) {
        const Duration step = watch.last.next_check_in + watch.last.next_timeout;
        took += step;
        watch.feed(HealthEvent::check_failed, step);
    }
    EXPECT_LE(took, 5s);
}

TEST(Detector, RemembersWhenAndWhy) {
    Watch watch;
    watch.feed(HealthEvent::check_failed, 1s, "timeout of 1000ms exceeded");
    const Instant first = watch.now;
    watch.feed(HealthEvent::check_failed, 1s, "connect ECONNREFUSED");
    EXPECT_EQ(watch.health.first_failure, first);
    EXPECT_EQ(watch.health.consecutive_failures, 2);
    EXPECT_EQ(watch.health.last_error, "connect ECONNREFUSED");
    watch.feed(HealthEvent::check_ok);
    EXPECT_FALSE(watch.health.first_failure);
    EXPECT_EQ(watch.health.consecutive_failures, 0);
    EXPECT_EQ(watch.health.consecutive_successes, 1);
    EXPECT_EQ(watch.health.last_error, "");
}

TEST(Detector, KeepsTheErrorWhileRecovering) {
    Watch watch;
    watch.fail();
    watch.feed(HealthEvent::check_ok);
    EXPECT_EQ(watch.health.status, NodeStatus::recovering);
    EXPECT_EQ(watch.health.last_error, "x");
}

TEST(Detector, RecoveryOfASteadyNodeIsQuick) {
    Watch watch;
    watch.fail();
    EXPECT_LE(watch.recover(), watch.config.liveness_interval + 2 * watch.config.fast_interval);
}

struct DrainCase {
    NodeStatus before;
    bool wish;
    NodeStatus after;
    bool came_online;
};

TEST(Detector, ADrainWishIsFollowedWhereTheNodeServes) {
    for (const auto& [before, wish, after, came_online] : {
             DrainCase{kOnline, true, kDraining, false},
             DrainCase{kOnline, false, kOnline, false},
             DrainCase{kDraining, false, kOnline, true},
             DrainCase{kDraining, true, kDraining, false},
             DrainCase{kOffline, true, kOffline, false},
             DrainCase{kRecovering, true, kRecovering, false},
             DrainCase{kUnknown, true, kUnknown, false},
         }) {
        const auto step = on_drain_wish(initial_health(before, {}), wish, Instant{} + 1h);
        EXPECT_EQ(step.health.status, after);
        EXPECT_EQ(step.health.draining, wish);
        EXPECT_EQ(step.status_changed, before != after);
        EXPECT_EQ(step.came_online, came_online) << "its monitors go home";
        EXPECT_FALSE(step.went_offline);
    }
}

TEST(Detector, ThresholdsAreConfigured) {
    Watch watch;
    watch.config.fall = 1;
    watch.config.rise = 1;
    watch.feed(HealthEvent::check_failed);
    EXPECT_EQ(watch.health.status, NodeStatus::offline);
    watch.feed(HealthEvent::check_ok);
    EXPECT_EQ(watch.health.status, NodeStatus::online);
    EXPECT_TRUE(watch.last.came_online);
}

TEST(Flapping, HoldsBackAndDoubles) {
    Watch watch;
    watch.config.flap_window = 2h;
    std::vector<Seconds> took;
    for (int i = 0; i < 9; ++i) {
        watch.fail();
        took.push_back(std::chrono::floor<Seconds>(watch.recover()));
    }
    const std::vector<Seconds> expected{2s, 2s, 30s, 60s, 120s, 240s, 480s, 600s, 600s};
    EXPECT_EQ(took, expected);
}

TEST(Flapping, IsVisibleWhileHeld) {
    Watch watch;
    for (int i = 0; i < 3; ++i) {
        if (i > 0) watch.recover();
        watch.fail();
    }
    const auto offline_at = watch.now;
    for (int i = 0; i < 5; ++i) watch.feed(HealthEvent::check_ok);
    EXPECT_EQ(watch.health.status, NodeStatus::recovering);
    EXPECT_EQ(watch.health.held_until, offline_at + Duration{watch.config.flap_hold_base});
    EXPECT_EQ(watch.last.next_check_in, watch.config.liveness_interval);
    watch.recover();
    EXPECT_FALSE(watch.health.held_until);
}

TEST(Flapping, IsForgottenAfterTheWindow) {
    Watch watch;
    for (int i = 0; i < 2; ++i) {
        watch.fail();
        watch.recover();
    }
    watch.feed(HealthEvent::check_ok, Duration{watch.config.flap_window} + 1min);
    EXPECT_TRUE(watch.health.went_offline.empty());
    watch.fail();
    EXPECT_LE(watch.recover(), 3s);
}

TEST(Flapping, CanBeSwitchedOff) {
    Watch watch;
    watch.config.flap_limit = 0;
    for (int i = 0; i < 20; ++i) {
        watch.fail();
        EXPECT_LE(watch.recover(), 3s);
    }
    EXPECT_TRUE(watch.health.went_offline.empty());
}

TEST(Flapping, ANodeThatNeverCameOnlineIsNotFlapping) {
    Watch watch;
    watch.fail();
    for (int i = 0; i < 10; ++i) {
        watch.feed(HealthEvent::check_ok);
        watch.fail();
    }
    EXPECT_EQ(watch.health.went_offline.size(), 1U);
    EXPECT_FALSE(watch.health.held_until);
}

TEST(Flapping, HistoryIsBounded) {
    Watch watch;
    watch.config.flap_window = Millis{std::chrono::hours{10'000}};
    for (int i = 0; i < 200; ++i) {
        watch.fail();
        watch.recover();
    }
    EXPECT_LE(watch.health.went_offline.size(), 32U);
}

// Under any events: offline only by `fall` failures in a row, online only by `rise` successes in a
// row (unless nothing was known), a failover exactly at each fall, and never a wait over the
// interval.
TEST(DetectorProperty, RandomEvents) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        std::mt19937_64 random(seed);
        Watch watch;
        watch.health = initial_health(static_cast<NodeStatus>(random() % 5), watch.now);
        int failures = 0, successes = 0;
        for (int i = 0; i < 300; ++i) {
            const auto event = static_cast<HealthEvent>(random() % 3);
            const bool ok = event == HealthEvent::check_ok;
            failures = ok ? 0 : failures + 1;
            successes = ok ? successes + 1 : 0;
            const NodeStatus before = watch.health.status;
            const HealthStep step = watch.feed(event, Millis{random() % 5000});
            const NodeStatus after = step.health.status;
            ASSERT_EQ(step.went_offline,
                      after == NodeStatus::offline && before != NodeStatus::offline);
            ASSERT_EQ(step.came_online, after == NodeStatus::online && before != after);
            if (step.went_offline) {
                ASSERT_GE(failures, 3) << "seed " << seed;
            }
            if (failures >= 3) {
                ASSERT_EQ(after, NodeStatus::offline) << "seed " << seed;
            }
            if (step.came_online && before != NodeStatus::unknown) {
                ASSERT_GE(successes, 3) << "seed " << seed;
            }
            ASSERT_LE(step.next_check_in, watch.config.liveness_interval);
            ASSERT_GE(step.next_check_in, 0ms);
        }
    }
}

}  // namespace
}  // namespace higuma::policy
