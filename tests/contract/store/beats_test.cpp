#include "store/beats.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

const WallTime kNoon = *parse_time("2026-11-22 12:00:00.250");

class BeatsTest : public StoreTest {
  protected:
    void SetUp() override {
        StoreTest::SetUp();
        incarnation = add_node("node1");
        add_node("node2");
    }
    static Beat beat(MonitorId monitor, Millis after, BeatStatus status = BeatStatus::up,
                     std::optional<Millis> ping = Millis{10}) {
        Beat b;
        b.monitor = monitor;
        b.status = status;
        b.msg = "200 - OK";
        b.time = kNoon + after;
        b.scheduled_at = b.time;
        b.ping = ping;
        b.duration = Seconds{20};
        b.epoch = Epoch{1};
        return b;
    }
    BeatWriteReport write(const std::vector<Beat>& batch) {
        auto report = write_beats(*db, {"node1"}, incarnation, batch);
        EXPECT_TRUE(report.has_value()) << (report ? std::string() : report.error().message);
        return report ? *report : BeatWriteReport{};
    }
    std::int64_t beats() { return number("SELECT COUNT(*) FROM heartbeat"); }

    Incarnation incarnation;
};

TEST_F(BeatsTest, StoresEveryColumnAsUptimeKumaWritesIt) {
    const auto id = add_monitor("node1");
    auto b = beat(id, 0ms, BeatStatus::down, Millis{1500});
    b.important = true;
    b.down_count = 2;
    b.retries = 3;
    EXPECT_THAT(write({b}).stored, ElementsAre(0));
    EXPECT_EQ(
        word("SELECT CONCAT_WS('|', important, status, msg, time, ping, duration, down_count, "
             "end_time, retries, COALESCE(response, '-'), node_id, epoch, scheduled_at) "
             "FROM heartbeat"),
        "1|0|200 - OK|2026-11-22 12:00:00|1500|20|2|2026-11-22 12:00:01|3|-|node1|1|"
        "2026-11-22 12:00:00.250");
    auto down = beat(id, 20s, BeatStatus::down, std::nullopt);
    EXPECT_THAT(write({down}).stored, ElementsAre(0));
    EXPECT_EQ(word("SELECT ping FROM heartbeat ORDER BY id DESC LIMIT 1"), "NULL");
}

TEST_F(BeatsTest, ARepeatedBatchStoresNothingTwiceAndCountsNothingTwice) {
    const auto a = add_monitor("node1");
    const auto b = add_monitor("node1");
    const std::vector<Beat> batch = {beat(b, 0ms), beat(a, 0ms), beat(a, 20s)};
    EXPECT_THAT(write(batch).stored, ElementsAre(0, 1, 2));
    const auto again = write(batch);
    EXPECT_THAT(again.stored, IsEmpty());
    EXPECT_FALSE(again.incarnation_stale);
    EXPECT_EQ(beats(), 3);
    EXPECT_EQ(number("SELECT SUM(up) FROM stat_minutely"), 3);
    auto more = batch;
    more.push_back(beat(a, 40s));
    EXPECT_THAT(write(more).stored, ElementsAre(3));
    EXPECT_EQ(number("SELECT SUM(up) FROM stat_daily"), 4);
}

TEST_F(BeatsTest, FencesOffAnotherEpochAnotherNodeAndDeletedMonitors) {
    const auto mine = add_monitor("node1");
    const auto moved = add_monitor("node1");
    const auto others = add_monitor("node2");
    const auto gone = add_monitor("node1");
    HIGUMA_OK(delete_monitor(*db, gone));
    HIGUMA_OK(apply_moves(*db, lead(), {{moved, Epoch{1}, {"node2"}}}));
    auto late = beat(mine, 20s);
    late.epoch = Epoch{0};
    const auto report =
        write({beat(moved, 0ms), beat(others, 0ms), beat(mine, 0ms), beat(gone, 0ms), late});
    EXPECT_THAT(report.stored, ElementsAre(2));
    EXPECT_FALSE(report.incarnation_stale);
    EXPECT_EQ(beats(), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM stat_hourly"), 1);
}

TEST_F(BeatsTest, AnOlderProcessUnderTheSameNodeIdIsFencedOffAndTold) {
    const auto id = add_monitor("node1");
    const auto newer = add_node("node1");
    EXPECT_EQ(newer.value, incarnation.value + 1);
    const auto report = write({beat(id, 0ms)});
    EXPECT_THAT(report.stored, IsEmpty());
    EXPECT_TRUE(report.incarnation_stale);
    auto from_newer = write_beats(*db, {"node1"}, newer, {beat(id, 0ms)});
    HIGUMA_OK(from_newer);
    EXPECT_THAT(from_newer->stored, ElementsAre(0));
    EXPECT_FALSE(from_newer->incarnation_stale);
}

TEST_F(BeatsTest, AwkwardTextsAreStoredAsText) {
    const auto id = add_monitor("node1");
    const std::vector<std::string> texts = {"'); DROP TABLE heartbeat; --",
                                            std::string("nul\0inside", 10),
                                            "日本語 🐻 \\ \" '",
                                            "\xff\xfe broken \xc3",
                                            "line\nline\r\x1a",
                                            "%s {} ? :x"};
    const std::vector<std::string> expected = {texts[0],      texts[1], texts[2],
                                               "?? broken ?", texts[4], texts[5]};
    std::vector<Beat> batch;
    for (const auto& text : texts) {
        batch.push_back(beat(id, Seconds{20} * static_cast<int>(batch.size())));
        batch.back().msg = text;
    }
    batch.push_back(beat(id, 1h));
    batch.back().msg.assign(70'000, 'x');
    batch.back().msg.replace(65'534, 3, "あ");
    EXPECT_THAT(write(batch).stored, SizeIs(texts.size() + 1));
    auto stored = list_beats(*db, id, 0, 100);
    HIGUMA_OK(stored);
    std::reverse(stored->begin(), stored->end());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ((*stored)[i].beat.msg, expected[i]);
    }
    EXPECT_EQ(stored->back().beat.msg, std::string(65'534, 'x'));
}

TEST_F(BeatsTest, SavedAnswersComeBackAndLongOnesAreShortened) {
    const auto id = add_monitor("node1");
    std::string noise;
    for (unsigned i = 0, x = 1; i < 200'000; ++i) {
        x = x * 1'664'525 + 1'013'904'223;
        noise += static_cast<char>('!' + (x >> 24) % 90);
    }
    std::vector<Beat> batch = {beat(id, 0s), beat(id, 20s), beat(id, 40s)};
    batch[1].response = "{\"answer\": \"日本語\"}";
    batch[2].response = noise;
    EXPECT_THAT(write(batch).stored, SizeIs(3));
    EXPECT_LE(number("SELECT MAX(LENGTH(response)) FROM heartbeat"), 65'535);
    auto stored = list_beats(*db, id, 0, 3);
    HIGUMA_OK(stored);
    EXPECT_EQ((*stored)[2].beat.response, "");
    EXPECT_EQ((*stored)[1].beat.response, batch[1].response);
    const auto& cut = (*stored)[0].beat.response;
    EXPECT_TRUE(cut.ends_with("... (truncated)")) << cut.size();
    EXPECT_EQ(noise.find(cut.substr(0, cut.size() - 15)), 0u);
}

TEST_F(BeatsTest, AHugePingIsStoredWithinBounds) {
    const auto id = add_monitor("node1");
    EXPECT_THAT(write({beat(id, 0ms, BeatStatus::up, Millis::max()),
                       beat(id, 20s, BeatStatus::up, Millis{-5})})
                    .stored,
                SizeIs(2));
    EXPECT_EQ(number("SELECT MAX(ping) FROM heartbeat"), 99'999'999'999);
    EXPECT_EQ(number("SELECT MIN(ping) FROM heartbeat"), 0);
}

TEST_F(BeatsTest, StatisticsFollowUptimeKumasRules) {
    const auto id = add_monitor("node1");
    write({beat(id, 0s, BeatStatus::up, Millis{10}), beat(id, 5s, BeatStatus::up, Millis{30}),
           beat(id, 10s, BeatStatus::down, std::nullopt),
           beat(id, 15s, BeatStatus::pending, std::nullopt),
           beat(id, 20s, BeatStatus::maintenance, std::nullopt),
           beat(id, 60s, BeatStatus::up, Millis{50})});
    const std::string minute =
        "SELECT CONCAT_WS('|', up, down, ping, ping_min, ping_max, COALESCE(extras, '-')) "
        "FROM stat_minutely ORDER BY timestamp";
    EXPECT_EQ(word(minute), "2|2|20.00|10.00|30.00|{\"maintenance\":1}");
    EXPECT_EQ(word(minute + " DESC"), "1|0|50.00|50.00|50.00|-");
    write({beat(id, 25s, BeatStatus::up, Millis{80}), beat(id, 30s, BeatStatus::maintenance),
           beat(id, 35s, BeatStatus::down, std::nullopt)});
    EXPECT_EQ(word(minute), "3|3|40.00|10.00|80.00|{\"maintenance\": 2}");
    EXPECT_EQ(word("SELECT CONCAT_WS('|', up, down, ping, ping_min, ping_max, extras, timestamp) "
                   "FROM stat_daily"),
              "4|3|42.50|10.00|80.00|{\"maintenance\": 2}|1795305600");
    EXPECT_EQ(number("SELECT timestamp FROM stat_hourly"), 1795348800);
}

TEST_F(BeatsTest, BeatsWithoutPingKeepTheAverageAndCount) {
    const auto id = add_monitor("node1");
    write({beat(id, 0s, BeatStatus::up, std::nullopt)});
    write({beat(id, 5s, BeatStatus::up, Millis{100})});
    EXPECT_EQ(word("SELECT CONCAT_WS('|', up, ping, ping_min, ping_max) FROM stat_minutely"),
              "2|50.00|0.00|100.00");
    write({beat(id, 10s, BeatStatus::up, std::nullopt)});
    EXPECT_EQ(word("SELECT CONCAT_WS('|', up, ping, ping_min, ping_max) FROM stat_minutely"),
              "3|50.00|0.00|100.00");
}

TEST_F(BeatsTest, AHundredBeatsTakeAHandfulOfStatements) {
    std::vector<Beat> first, second;
    for (int i = 0; i < 100; ++i) {
        const auto id = add_monitor("node1");
        first.push_back(beat(id, 0s));
        second.push_back(beat(id, 60s));
    }
    EXPECT_EQ(write(first).statements, 9u) << "begin, beats, three tables of statistics, commit";
    EXPECT_EQ(write(second).statements, 7u) << "new rows in stat_minutely alone";
}

// Their ids are 32 bits wide: a beat must not use one up where it only adds to a row.
TEST_F(BeatsTest, StatisticsUseAnIdForARowNotForABeat) {
    const auto id = add_monitor("node1");
    for (int i = 0; i < 50; ++i) write({beat(id, Seconds{i})});
    const auto other = add_monitor("node1");
    write({beat(other, 0s)});
    for (const auto* table : {"stat_minutely", "stat_hourly", "stat_daily"}) {
        EXPECT_EQ(number(fmt::format("SELECT up FROM {} ORDER BY id", table)), 50) << table;
        EXPECT_LE(number(fmt::format("SELECT MAX(id) FROM {}", table)), 4) << table;
    }
}

TEST_F(BeatsTest, TwoWritersOfOneNodeLoseNoCount) {
    std::vector<MonitorId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(add_monitor("node1"));
    std::atomic<int> failed = 0;
    const auto writer = [&](int which) {
        Connection own(config);
        for (int round = 0; round < 40; ++round) {
            std::vector<Beat> batch;
            for (const auto id : ids) {
                batch.push_back(beat(id, Seconds{30 * round} + Millis{which}));
            }
            auto report = write_beats(own, {"node1"}, incarnation, batch);
            if (!report || report->stored.size() != batch.size()) ++failed;
        }
    };
    std::thread first(writer, 1), second(writer, 2);
    first.join();
    second.join();
    EXPECT_EQ(failed, 0);
    for (const auto* table : {"stat_minutely", "stat_hourly", "stat_daily"}) {
        EXPECT_EQ(number(fmt::format("SELECT SUM(up) FROM {}", table)), 400) << table;
    }
}

TEST_F(BeatsTest, CountersStopAtTheLargestValueOfTheirColumn) {
    const auto id = add_monitor("node1");
    write({beat(id, 0s)});
    run("UPDATE stat_hourly SET up = 32767");
    write({beat(id, 5s)});
    EXPECT_EQ(number("SELECT up FROM stat_hourly"), 32'767);
    EXPECT_EQ(number("SELECT up FROM stat_minutely"), 2);
}

TEST_F(BeatsTest, AnEmptyBatchAndALargeOneAreFine) {
    EXPECT_THAT(write({}).stored, IsEmpty());
    const auto id = add_monitor("node1");
    std::vector<Beat> batch;
    for (int i = 0; i < 2'500; ++i) batch.push_back(beat(id, Seconds{i}));
    EXPECT_THAT(write(batch).stored, SizeIs(2'500));
    EXPECT_EQ(number("SELECT up FROM stat_daily"), 2'500);
}

// A mover and two beat writers race; afterwards no beat of an old epoch lies behind the move.
TEST_F(BeatsTest, NoBeatOfAnOldEpochIsStoredAfterItsMove) {
    const auto second = add_node("node2");
    std::vector<MonitorId> ids;
    for (int i = 0; i < 40; ++i) ids.push_back(add_monitor("node1"));
    run("CREATE TABLE moved (beat int unsigned, monitor_id int unsigned, epoch bigint unsigned)");
    std::atomic<bool> stop = false;
    std::atomic<int> stored = 0;
    std::atomic<int> failed = 0;
    const auto writer = [&](const NodeId& node, Incarnation mine) {
        Connection own(config);
        for (int round = 0; !stop; ++round) {
            std::vector<Beat> batch;
            auto known = monitors_changed_since(own, node, {});
            if (!known) {
                ++failed;
                continue;
            }
            for (int step = 0; step < 3; ++step) {
                batch.clear();
                for (const auto& monitor : known->mine) {
                    batch.push_back(beat(monitor.id, Millis{round * 10 + step}));
                    batch.back().epoch = monitor.assignment.epoch;
                    batch.back().scheduled_at += node.value == "node1" ? 0ms : 10h;
                }
                auto report = write_beats(own, node, mine, batch);
                if (report) {
                    stored += static_cast<int>(report->stored.size());
                } else {
                    ++failed;
                }
            }
        }
    };
    std::thread one(writer, NodeId{"node1"}, incarnation);
    std::thread two(writer, NodeId{"node2"}, second);
    const auto leader = lead();
    std::uint64_t moves = 0;
    for (int round = 0; round < 60; ++round) {
        auto rows = assignments_changed_since(*db, {});
        ASSERT_TRUE(rows.has_value());
        std::vector<AssignmentMove> plan;
        for (const auto& row : rows->changed) {
            const bool away = row.assigned && row.assigned->value == "node2";
            plan.push_back({row.id,
                            row.epoch,
                            {away ? "node1" : "node2"},
                            away ? AssignmentChange::home : AssignmentChange::assign});
        }
        auto applied = apply_moves(*db, leader, plan, 7);
        ASSERT_TRUE(applied.has_value()) << applied.error().message;
        moves += applied->moved;
        // What the table of beats held at this moment, seen by a reader that started after the
        // commit.
        run("INSERT INTO moved SELECT (SELECT MAX(id) FROM heartbeat), id, assignment_epoch "
            "FROM monitor");
    }
    stop = true;
    one.join();
    two.join();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(moves, 60U * 40U);
    EXPECT_GT(stored, 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM moved v JOIN heartbeat h ON h.monitor_id = v.monitor_id "
                     "AND h.id > v.beat AND h.epoch < v.epoch"),
              0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat"), stored);
    EXPECT_EQ(number("SELECT SUM(up) FROM stat_daily"), stored);
}

}  // namespace
}  // namespace higuma::store
