#include "engine/start_queue.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <sstream>
#include <vector>

namespace higuma::engine {
namespace {

// A monitor in words: its host's letter and its number; a small letter for a slow one.
WaitingStart start_of(const std::string& word) {
    const bool slow = word[0] >= 'a';
    const auto host = static_cast<HostKey>(slow ? word[0] - 'a' : word[0] - 'A') + 1;
    const auto number = std::stoll(word.substr(1));
    return {MonitorId{static_cast<std::int64_t>(host) * 1'000 + number + (slow ? 500 : 0)}, host,
            slow};
}

std::string word_of(const WaitingStart& start) {
    const char letter = static_cast<char>((start.slow ? 'a' : 'A') + start.host - 1);
    return letter + std::to_string(start.monitor.value % 500);
}

struct Scenario {
    const char* name;
    StartLimits limits;  // all, of one host, of slow ones
    // "A1" waits; "!A1" is given up while it waits; "~A1" ends; "?" starts all that may.
    const char* steps;
    const char* started;
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

const Scenario kScenarios[] = {
    {"one host: in their order", {9, 9, 9}, "A1 A2 A3 ?", "A1 A2 A3"},
    {"hosts take turns", {9, 9, 9}, "A1 A2 A3 B1 B2 C1 ?", "A1 B1 C1 A2 B2 A3"},
    {"no more than all", {3, 9, 9}, "A1 A2 A3 B1 B2 C1 ?", "A1 B1 C1"},
    {"one that ends makes room", {2, 9, 9}, "A1 A2 B1 C1 ? ~A1 ?", "A1 B1 C1"},
    {"no more than a host may have", {9, 2, 9}, "A1 A2 A3 A4 B1 ?", "A1 B1 A2"},
    {"a full host goes on when one of it ends",
     {9, 2, 9},
     "A1 A2 A3 B1 ? ~B1 ? ~A2 ?",
     "A1 B1 A2 A3"},
    {"a host that was full and waits longest is not first again",
     {9, 1, 9},
     "A1 A2 A3 B1 B2 ? ~A1 ~B1 ?",
     "A1 B1 A2 B2"},
    {"slow ones fill a part only", {9, 9, 2}, "a1 b1 c1 d1 A1 B1 ?", "A1 a1 B1 b1"},
    {"a slow one that ends lets the next slow one start",
     {9, 9, 1},
     "a1 b1 A1 ? ~a1 ?",
     "A1 a1 b1"},
    {"slow and quick ones share their host's places", {9, 2, 9}, "A1 A2 a1 a2 ?", "A1 a1"},
    {"twice is once", {9, 9, 9}, "A1 A1 A2 ?", "A1 A2"},
    {"given up while waiting", {9, 1, 9}, "A1 A2 A3 ? !A2 ~A1 ?", "A1 A3"},
    {"given up is no longer in turn", {9, 9, 9}, "A1 B1 !A1 ?", "B1"},
};

class StartQueueScenario : public testing::TestWithParam<Scenario> {};

TEST_P(StartQueueScenario, Starts) {
    StartQueue queue(GetParam().limits);
    std::istringstream steps(GetParam().steps);
    std::string started;
    for (std::string step; steps >> step;) {
        if (step == "?") {
            while (const auto next = queue.next()) started += ' ' + word_of(*next);
        } else if (step[0] == '~') {
            queue.ended(start_of(step.substr(1)));
        } else if (step[0] == '!') {
            queue.erase(start_of(step.substr(1)).monitor);
        } else {
            queue.add(start_of(step));
        }
    }
    EXPECT_EQ(started, std::string(" ") + GetParam().started);
}

INSTANTIATE_TEST_SUITE_P(Table, StartQueueScenario, testing::ValuesIn(kScenarios));

TEST(StartQueue, TenThousandSlowMonitorsOfOneHostLeaveRoomForAll) {
    StartQueue queue({.all = 2'000, .of_host = 100, .of_slow = 1'000});
    for (int i = 0; i < 10'000; ++i) queue.add({MonitorId{i}, 1, i % 2 == 0});
    for (int i = 0; i < 300; ++i) queue.add({MonitorId{20'000 + i}, HostKey(2 + i), false});
    std::map<HostKey, int> started;
    while (const auto next = queue.next()) ++started[next->host];
    EXPECT_EQ(started[1], 100);
    EXPECT_EQ(started.size(), 301u);
    EXPECT_EQ(queue.full_hosts(), 1u);
    EXPECT_EQ(queue.waiting(), 9'900u);
}

// Whatever happens the counts fit, no limit is passed, and nothing that may start is left.
TEST(StartQueue, KeepsItsLimitsUnderAnyOrderOfEvents) {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        std::mt19937 random(seed);
        const StartLimits limits{.all = 20, .of_host = 1 + random() % 8, .of_slow = 6};
        StartQueue queue(limits);
        std::map<std::int64_t, WaitingStart> waiting, running;
        for (int step = 0; step < 3'000; ++step) {
            const MonitorId monitor{static_cast<std::int64_t>(random() % 200)};
            const WaitingStart start{monitor, random() % 7, random() % 3 == 0};
            const auto id = start.monitor.value;
            if (random() % 4 == 0 && !running.empty()) {
                queue.ended(running.begin()->second);
                running.erase(running.begin());
            } else if (random() % 9 == 0) {
                queue.erase(start.monitor);
                waiting.erase(id);
            } else if (!running.contains(id)) {
                queue.add(start);
                waiting.try_emplace(id, start);
            }
            if (random() % 3 != 0) continue;
            while (const auto next = queue.next()) {
                ASSERT_EQ(waiting.erase(next->monitor.value), 1u) << "seed " << seed;
                running[next->monitor.value] = *next;
            }
            std::map<HostKey, std::size_t> of_host;
            std::size_t slow = 0;
            for (const auto& [one, started] : running) {
                ++of_host[started.host];
                slow += started.slow ? 1 : 0;
            }
            ASSERT_LE(running.size(), limits.all);
            ASSERT_LE(slow, limits.of_slow);
            for (const auto& [host, count] : of_host) ASSERT_LE(count, limits.of_host);
            for (const auto& [one, left] : waiting) {
                ASSERT_TRUE(running.size() == limits.all || of_host[left.host] == limits.of_host ||
                            (left.slow && slow == limits.of_slow))
                    << "seed " << seed;
            }
            ASSERT_EQ(queue.waiting(), waiting.size());
            ASSERT_EQ(queue.under_way(), running.size());
            ASSERT_EQ(queue.slow_under_way(), slow);
        }
    }
}

TEST(HostKey, IsTheHostWhateverIsAroundIt) {
    const auto key = [](const char* type, const char* url, const char* hostname = "") {
        Monitor monitor;
        monitor.id = MonitorId{5};
        monitor.type = type;
        monitor.url = url;
        monitor.hostname = hostname;
        return host_key_of(monitor);
    };
    const HostKey shop = key("http", "http://shop.example/");
    EXPECT_EQ(key("keyword", "HTTPS://user:p%40ss@Shop.Example:8443/a?b=c#d"), shop);
    EXPECT_EQ(key("http", "http://shop.example?x=http://other/"), shop);
    EXPECT_EQ(key("port", "https://left.over", "shop.example"), shop);
    EXPECT_NE(key("http", "http://other.example/"), shop);
    EXPECT_EQ(key("http", "http://[2001:DB8::1]:80/"), key("port", "", "2001:db8::1"));
    Monitor database;
    database.options.set(Option::database_connection_string, "mysql://u:p@Shop.example:3306/db");
    EXPECT_EQ(host_key_of(database), shop);
    Monitor none, other;
    other.id = MonitorId{1};
    EXPECT_NE(host_key_of(none), host_key_of(other)) << "without a host each is its own";
}

}  // namespace
}  // namespace higuma::engine
