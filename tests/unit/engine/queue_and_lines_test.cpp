#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/beat_queue.hpp"
#include "engine/spool.hpp"

namespace higuma::engine {

namespace {

constexpr std::size_t kAnyBytes = 1 << 20;

Beat beat(std::int64_t id, bool important = false) {
    Beat beat;
    beat.monitor = MonitorId{id};
    beat.important = important;
    return beat;
}

std::vector<std::int64_t> ids(BeatQueue::Batch batch) {
    std::vector<std::int64_t> ids;
    for (const auto& queued : batch) ids.push_back(queued.beat.monitor.value);
    return ids;
}

}  // namespace

TEST(BeatQueueTest, KeepsOrder) {
    BeatQueue queue(10);
    for (int i = 1; i <= 5; ++i) EXPECT_FALSE(queue.push({beat(i)}));
    auto batch = queue.take(3, kAnyBytes);
    EXPECT_EQ(ids(batch), (std::vector<std::int64_t>{1, 2, 3}));
    queue.put_back(std::move(batch));
    EXPECT_EQ(ids(queue.take(10, kAnyBytes)), (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
    EXPECT_TRUE(queue.take(10, kAnyBytes).empty());
}

TEST(BeatQueueTest, WhenFullTheOldestUnimportantBeatMakesRoom) {
    BeatQueue queue(4);
    EXPECT_FALSE(queue.push({beat(1, true)}));
    EXPECT_FALSE(queue.push({beat(2)}));
    EXPECT_FALSE(queue.push({beat(3, true)}));
    EXPECT_FALSE(queue.push({beat(4)}));
    EXPECT_EQ(queue.push({beat(5)})->beat.monitor, MonitorId{2});
    EXPECT_EQ(queue.push({beat(6, true)})->beat.monitor, MonitorId{4});
    EXPECT_EQ(queue.push({beat(7, true)})->beat.monitor, MonitorId{5});
    EXPECT_EQ(queue.push({beat(8)})->beat.monitor, MonitorId{1}) << "all are important";
    EXPECT_EQ(ids(queue.take(10, kAnyBytes)), (std::vector<std::int64_t>{3, 6, 7, 8}));
}

TEST(BeatQueueTest, ABatchIsBoundedByItsTexts) {
    BeatQueue queue(10);
    for (int i = 1; i <= 5; ++i) {
        Beat long_one = beat(i);
        long_one.msg.assign(100, 'm');
        long_one.response.assign(300, 'r');
        queue.push({std::move(long_one)});
    }
    EXPECT_EQ(queue.bytes(), 2'000u);
    EXPECT_EQ(ids(queue.take(10, 1'000)), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(queue.bytes(), 1'200u);
    auto one = queue.take(10, 10);
    EXPECT_EQ(one.size(), 1u) << "at least one, or it would wait for ever";
    queue.put_back(std::move(one));
    EXPECT_EQ(ids(queue.take(10, kAnyBytes)), (std::vector<std::int64_t>{3, 4, 5}));
    EXPECT_EQ(queue.bytes(), 0u);
}

TEST(BeatQueueTest, StaysBoundedWhateverHappens) {
    BeatQueue queue(100);
    std::uint64_t dropped = 0, added = 0;
    for (int i = 0; i < 10'000; ++i) {
        ++added;
        if (queue.push({beat(i, i % 3 == 0)})) ++dropped;
        if (i % 700 == 0) queue.put_back(queue.take(20, kAnyBytes));
        ASSERT_LE(queue.size(), 100u);
    }
    EXPECT_EQ(queue.size() + dropped, added);
}

TEST(SpoolLine, HoldsAWholeBeat) {
    Beat whole = beat(42, true);
    whole.status = BeatStatus::pending;
    whole.msg = "a \"quoted\" \n line \xE7\xBE\x86";
    whole.time = WallTime{Millis{1'700'000'000'123}};
    whole.scheduled_at = WallTime{Millis{1'700'000'000'100}};
    whole.ping = Millis{17};
    whole.down_count = 3;
    whole.retries = 2;
    whole.duration = Seconds{20};
    whole.epoch = Epoch{9};
    whole.response = "what the target \"answered\"\n";
    const std::string line = to_spool_line(whole);
    ASSERT_EQ(line.find('\n'), line.size() - 1) << "one line";
    const auto read = from_spool_line(line.substr(0, line.size() - 1));
    ASSERT_TRUE(read);
    EXPECT_EQ(to_spool_line(*read), line);
    EXPECT_EQ(read->msg, whole.msg);
    EXPECT_EQ(read->ping, whole.ping);
    EXPECT_EQ(read->epoch, whole.epoch);
    EXPECT_EQ(read->scheduled_at, whole.scheduled_at);
}

TEST(SpoolLine, DamageIsNoticed) {
    const std::string line = to_spool_line(beat(42));
    const std::string text = line.substr(0, line.size() - 1);
    ASSERT_TRUE(from_spool_line(text));
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string damaged = text;
        damaged[at] = damaged[at] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(from_spool_line(damaged)) << at;
        EXPECT_FALSE(from_spool_line(text.substr(0, at))) << at;
    }
    EXPECT_FALSE(from_spool_line(""));
    EXPECT_FALSE(from_spool_line("00000000 "));
}

}  // namespace higuma::engine
