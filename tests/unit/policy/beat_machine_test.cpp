#include "policy/beat_machine.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace higuma::policy {
namespace {

// A scenario in words. Outcomes: "ok", "bad", "maint", "push-up", "push-down", and
// "is-up", "is-down", "is-pending" of a check that says the status. Expected beats:
// status/retries/down_count, then `!` when important and `n` when people are told.
struct Scenario {
    const char* name;
    BeatRules rules;  // max_retries, resend_interval, upside_down
    const char* outcomes;
    const char* expected;
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

constexpr bool kUpside = true;

const Scenario kScenarios[] = {
    // First beats.
    {"first beat up is important but tells nobody", {0, 0}, "ok", "U/0/0!"},
    {"first beat down tells people", {0, 0}, "bad", "D/1/0!n"},
    {"first beat failing with retries is pending", {2, 0}, "bad", "P/1/0!"},
    {"first beat in maintenance tells nobody", {0, 0}, "maint", "M/0/0!"},
    // Without retries.
    {"up stays up in silence", {0, 0}, "ok ok ok", "U/0/0! U/0/0 U/0/0"},
    {"up to down and back", {0, 0}, "ok bad ok", "U/0/0! D/1/0!n U/0/0!n"},
    {"retries go on counting while down", {0, 0}, "bad bad bad", "D/1/0!n D/2/0 D/3/0"},
    {"each outage is told", {0, 0}, "bad ok bad ok", "D/1/0!n U/0/0!n D/1/0!n U/0/0!n"},
    // Retries.
    {"pending before down", {1, 0}, "ok bad bad", "U/0/0! P/1/0 D/2/0!n"},
    {"all retries are used", {3, 0}, "ok bad bad bad bad", "U/0/0! P/1/0 P/2/0 P/3/0 D/4/0!n"},
    {"pending that recovers is silent", {2, 0}, "ok bad ok", "U/0/0! P/1/0 U/0/0"},
    {"a success resets retries",
     {2, 0},
     "ok bad ok bad bad bad",
     "U/0/0! P/1/0 U/0/0 P/1/0 P/2/0 D/3/0!n"},
    {"down goes on counting past the retries",
     {1, 0},
     "ok bad bad bad bad",
     "U/0/0! P/1/0 D/2/0!n D/3/0 D/4/0"},
    {"down recovers after retries", {1, 0}, "ok bad bad ok", "U/0/0! P/1/0 D/2/0!n U/0/0!n"},
    {"first beats pending then down", {1, 0}, "bad bad", "P/1/0! D/2/0!n"},
    {"first beats pending then up is silent", {1, 0}, "bad ok", "P/1/0! U/0/0"},
    // Resending.
    {"no repeat when the interval is 0", {0, 0}, "bad bad bad", "D/1/0!n D/2/0 D/3/0"},
    {"repeat at each beat", {0, 1}, "bad bad bad", "D/1/0!n D/2/0n D/3/0n"},
    {"repeat at each second beat",
     {0, 2},
     "bad bad bad bad bad",
     "D/1/0!n D/2/1 D/3/0n D/4/1 D/5/0n"},
    {"repeat at each third beat",
     {0, 3},
     "bad bad bad bad bad bad bad",
     "D/1/0!n D/2/1 D/3/2 D/4/0n D/5/1 D/6/2 D/7/0n"},
    {"recovery resets the down count",
     {0, 3},
     "bad bad ok bad bad",
     "D/1/0!n D/2/1 U/0/0!n D/1/0!n D/2/1"},
    {"pending beats are not down beats",
     {2, 1},
     "ok bad bad bad bad",
     "U/0/0! P/1/0 P/2/0 D/3/0!n D/4/0n"},
    {"up beats never repeat", {0, 1}, "ok ok ok", "U/0/0! U/0/0 U/0/0"},
    // Upside-down.
    {"upside-down failure is up", {0, 0, kUpside}, "bad", "U/0/0!"},
    {"upside-down success is down", {0, 0, kUpside}, "ok", "D/1/0!n"},
    {"upside-down change and back", {0, 0, kUpside}, "bad ok bad", "U/0/0! D/1/0!n U/0/0!n"},
    {"upside-down retries", {2, 0, kUpside}, "bad ok ok ok", "U/0/0! P/1/0 P/2/0 D/3/0!n"},
    {"upside-down failure resets retries",
     {2, 0, kUpside},
     "bad ok bad ok",
     "U/0/0! P/1/0 U/0/0 P/1/0"},
    {"upside-down resend", {0, 2, kUpside}, "ok ok ok", "D/1/0!n D/2/1 D/3/0n"},
    {"upside-down leaves maintenance alone",
     {0, 0, kUpside},
     "bad maint bad",
     "U/0/0! M/0/0! U/0/0!"},
    // Maintenance.
    {"up into maintenance and out is silent",
     {0, 0},
     "ok maint maint ok",
     "U/0/0! M/0/0! M/0/0 U/0/0!"},
    {"down into maintenance is silent", {0, 0}, "bad maint", "D/1/0!n M/0/0!"},
    {"down after maintenance is told", {0, 0}, "ok maint bad", "U/0/0! M/0/0! D/1/0!n"},
    {"down, maintenance, up is silent", {0, 0}, "bad maint ok", "D/1/0!n M/0/0! U/0/0!"},
    {"maintenance resets retries",
     {2, 0},
     "ok bad maint bad bad bad",
     "U/0/0! P/1/0 M/0/0 P/1/0 P/2/0 D/3/0!n"},
    {"maintenance resets the down count",
     {0, 3},
     "bad bad maint bad bad",
     "D/1/0!n D/2/1 M/0/0! D/1/0!n D/2/1"},
    // Statuses that agents push.
    {"push up first", {0, 0}, "push-up push-up", "U/0/0! U/0/0"},
    {"push down first counts from 0", {0, 0}, "push-down push-down", "D/0/0!n D/1/0"},
    {"push down first with retries",
     {2, 0},
     "push-down push-down push-down",
     "P/1/0! P/2/0 D/3/0!n"},
    {"push down after up without retries",
     {0, 0},
     "push-up push-down push-down push-down",
     "U/0/0! D/0/0!n D/1/0 D/2/0"},
    {"push down after up with retries",
     {1, 0},
     "push-up push-down push-down push-down",
     "U/0/0! P/1/0 D/2/0!n D/3/0"},
    {"push recovers", {1, 0}, "push-up push-down push-up", "U/0/0! P/1/0 U/0/0"},
    {"push down after maintenance has no retries", {3, 0}, "maint push-down", "M/0/0! D/1/0!n"},
    {"push upside-down", {0, 0, kUpside}, "push-down push-up push-down", "U/0/0! D/0/0!n U/0/0!n"},
    {"push upside-down with retries",
     {1, 0, kUpside},
     "push-down push-up push-up",
     "U/0/0! P/1/0 D/2/0!n"},
    {"push down is repeated", {0, 2}, "push-down push-down push-down", "D/0/0!n D/1/1 D/2/0n"},
    {"push in maintenance", {0, 0}, "push-up maint push-up", "U/0/0! M/0/0! U/0/0!"},
    {"a missing push counts as a failed check",
     {1, 0},
     "push-up bad bad bad",
     "U/0/0! P/1/0 D/2/0!n D/3/0"},
    {"a push after missing ones recovers",
     {0, 0},
     "push-up bad bad push-up",
     "U/0/0! D/1/0!n D/2/0 U/0/0!n"},
    // A group or a manual monitor.
    {"a stated status has no retries",
     {3, 0},
     "is-up is-down is-down is-pending is-up",
     "U/0/0! D/0/0!n D/0/0 P/0/0 U/0/0"},
    {"a stated status ends a count of retries", {3, 0}, "bad is-pending bad", "P/1/0! P/0/0 P/1/0"},
    {"stated upside-down: up is a failure, with retries",
     {1, 0, kUpside},
     "is-down is-up is-up is-pending",
     "U/0/0! P/1/0 D/2/0!n P/0/0"},
    {"stated and down is repeated", {0, 2}, "is-down is-down is-down", "D/0/0!n D/0/1 D/0/0n"},
};

struct Input {
    CheckOutcome outcome;
    bool in_maintenance = false;
};

Input input_from(const std::string& word) {
    Input input;
    input.outcome.msg = word;
    input.outcome.ok = word == "ok";
    input.in_maintenance = word == "maint";
    if (word == "push-up") input.outcome.reported = BeatStatus::up;
    if (word == "push-down") input.outcome.reported = BeatStatus::down;
    if (word == "is-up") input.outcome.stated = BeatStatus::up;
    if (word == "is-down") input.outcome.stated = BeatStatus::down;
    if (word == "is-pending") input.outcome.stated = BeatStatus::pending;
    return input;
}

std::string text_of(const BeatDecision& beat) {
    const char letter = std::string_view("DUPM")[static_cast<std::size_t>(beat.status)];
    std::ostringstream out;
    out << letter << '/' << beat.retries << '/' << beat.down_count << (beat.important ? "!" : "")
        << (beat.notify ? "n" : "");
    return out.str();
}

class BeatScenario : public testing::TestWithParam<Scenario> {};

TEST_P(BeatScenario, FollowsUptimeKuma) {
    std::istringstream words(GetParam().outcomes);
    std::optional<BeatState> state;
    std::string got, word;
    while (words >> word) {
        const Input input = input_from(word);
        const auto beat = decide_beat(GetParam().rules, state, input.outcome, input.in_maintenance);
        got += (got.empty() ? "" : " ") + text_of(beat);
        state = BeatState{beat.status, beat.retries, beat.down_count, {}, {}};
    }
    EXPECT_EQ(got, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Table, BeatScenario, testing::ValuesIn(kScenarios));

constexpr auto D = BeatStatus::down;
constexpr auto U = BeatStatus::up;
constexpr auto P = BeatStatus::pending;
constexpr auto M = BeatStatus::maintenance;

// Every pair of statuses, none being the first beat.
TEST(ImportantChange, FullMatrix) {
    const struct {
        std::optional<BeatStatus> previous;
        BeatStatus current;
        bool important, notified;
    } matrix[] = {
        {{}, D, true, true},  {{}, U, true, false}, {{}, P, true, false}, {{}, M, true, false},
        {D, D, false, false}, {D, U, true, true},   {D, P, false, false}, {D, M, true, false},
        {U, D, true, true},   {U, U, false, false}, {U, P, false, false}, {U, M, true, false},
        {P, D, true, true},   {P, U, false, false}, {P, P, false, false}, {P, M, false, false},
        {M, D, true, true},   {M, U, true, false},  {M, P, false, false}, {M, M, false, false},
    };
    for (const auto& row : matrix) {
        const std::string what = (row.previous ? std::string(to_string(*row.previous)) : "first") +
                                 " to " + std::string(to_string(row.current));
        EXPECT_EQ(is_important_change(row.previous, row.current), row.important) << what;
        EXPECT_EQ(is_notified_change(row.previous, row.current), row.notified) << what;
    }
}

TEST(BeatMessage, IsTheChecksOwn) {
    const auto outcome = CheckOutcome::up("200 - OK", Millis{12});
    const auto beat = decide_beat({}, {}, outcome, false);
    EXPECT_EQ(beat.msg, "200 - OK");
    EXPECT_EQ(beat.ping, Millis{12});
}

TEST(BeatMessage, SaysThatASuccessWasFlipped) {
    const auto beat = decide_beat({0, 0, true}, {}, {true, "200 - OK", Millis{12}, {}}, false);
    EXPECT_EQ(beat.msg, "Flip UP to DOWN");
}

TEST(BeatMessage, KeepsTheErrorOfAFailureThatIsWanted) {
    const auto beat = decide_beat({0, 0, true}, {}, {false, "connect ECONNREFUSED", {}, {}}, false);
    EXPECT_EQ(beat.status, U);
    EXPECT_EQ(beat.msg, "connect ECONNREFUSED");
}

TEST(BeatMessage, NamesMaintenance) {
    const auto beat = decide_beat({}, {}, {true, "200 - OK", Millis{12}, {}}, true);
    EXPECT_EQ(beat.msg, "Monitor under maintenance");
    EXPECT_FALSE(beat.ping);
}

// A node that takes a monitor over has only the stored state; the settings may have changed
// meanwhile.
TEST(BeatState, DownGoesPendingWhenMoreRetriesWereGranted) {
    const BeatState down{D, 1, 2, {}, {}};
    const auto beat = decide_beat({5, 3, false}, down, {false, "x", {}, {}}, false);
    EXPECT_EQ(text_of(beat), "P/2/2");
}

TEST(BeatRules, ComeFromTheMonitor) {
    Monitor monitor;
    monitor.max_retries = 4;
    monitor.resend_interval = 7;
    monitor.upside_down = true;
    const auto rules = rules_of(monitor);
    EXPECT_EQ(rules.max_retries, 4);
    EXPECT_EQ(rules.resend_interval, 7);
    EXPECT_TRUE(rules.upside_down);
}

}  // namespace
}  // namespace higuma::policy
