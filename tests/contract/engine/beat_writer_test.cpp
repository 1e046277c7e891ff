#include "engine/beat_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <fstream>
#include <set>

#include "support/run_task.hpp"
#include "support/temp_folder.hpp"

namespace higuma::engine {
namespace asio = boost::asio;

// A database in memory: what it stores, and how it fails when told to.
class FakeDatabase {
  public:
    Task<Result<store::BeatWriteReport>> write(BeatWriter::Batch batch) {
        EXPECT_FALSE(std::exchange(busy_, true)) << "one write at a time";
        asio::steady_timer turn(co_await asio::this_coro::executor, Millis{1});
        co_await turn.async_wait(asio::as_tuple(asio::use_awaitable));
        busy_ = false;
        if (failure) co_return *failure;
        store::BeatWriteReport report;
        for (std::size_t i = 0; i < batch->size(); ++i) {
            const Beat& beat = (*batch)[i];
            if (beat.monitor == poison) co_return Failure{ErrorKind::internal, "bad value", ""};
        }
        for (std::size_t i = 0; i < batch->size(); ++i) {
            const Beat& beat = (*batch)[i];
            if (fenced.contains(beat.monitor.value)) continue;
            const auto key = std::pair(beat.monitor.value, beat.scheduled_at);
            if (!keys_.insert(key).second) continue;
            stored.push_back(beat);
            report.stored.push_back(i);
        }
        largest = std::max(largest, batch->size());
        report.incarnation_stale = stale;
        report.statements = 7;
        if (std::exchange(lose_answer, false)) {
            co_return Failure{ErrorKind::timeout, "the answer was lost", ""};
        }
        co_return report;
    }

    bool busy() const { return busy_; }

    std::optional<Failure> failure;
    bool lose_answer = false;  // of the next write, after it was stored
    bool stale = false;
    MonitorId poison{-1};
    std::set<std::int64_t> fenced;
    std::vector<Beat> stored;
    std::size_t largest = 0;

  private:
    bool busy_ = false;
    std::set<std::pair<std::int64_t, WallTime>> keys_;
};

class BeatWriterTest : public testing::Test {
  protected:
    std::shared_ptr<BeatWriter> writer(BeatWriterConfig config = {}) {
        return writer_on(loop_, std::move(config));
    }
    std::shared_ptr<BeatWriter> writer_on(asio::io_context& loop, BeatWriterConfig config) {
        config.flush_interval = Millis{5};
        config.first_retry = Millis{5};
        config.last_retry = Millis{20};
        config.spool_interval = Millis{20};
        BeatWriter::Hooks hooks;
        hooks.on_stored = [this](const Beat&) { ++told_stored_; };
        hooks.on_fenced = [this] { ++told_fenced_; };
        hooks.on_superseded = [this] { ++told_superseded_; };
        hooks.is_current = [this](const Beat&) { return current_; };
        auto write = [this](BeatWriter::Batch batch, Deadline) {
            return database_.write(std::move(batch));
        };
        return std::make_shared<BeatWriter>(std::move(config), loop.get_executor(), clock_,
                                            std::move(write), std::move(hooks));
    }
    Beat beat(std::int64_t id, bool important = false) {
        Beat beat;
        beat.monitor = MonitorId{id};
        beat.scheduled_at = WallTime{Millis{++last_time_}};
        beat.important = important;
        return beat;
    }
    std::string spool_path() const { return (folder_.path() / "spool").string(); }
    std::string spool_text() const {
        std::ifstream file(spool_path());
        return {std::istreambuf_iterator<char>(file), {}};
    }
    bool until(const std::function<bool()>& holds) { return test::run_until(loop_, holds); }
    Deadline in(Millis span) const { return Deadline::after(*clock_, span); }
    static Failure away() { return {ErrorKind::unavailable, "away", ""}; }

    asio::io_context loop_;
    std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
    test::TempFolder folder_;
    FakeDatabase database_;
    bool current_ = true;
    int told_stored_ = 0, told_fenced_ = 0, told_superseded_ = 0;
    std::int64_t last_time_ = 0;
};

TEST_F(BeatWriterTest, BeyondTheRoomForTextsABeatLosesItsSavedAnswer) {
    const auto writer = this->writer({.queue_bytes = 250, .spool_path = {}});
    writer->replay();
    for (int i = 0; i < 5; ++i) {
        Beat with_answer = beat(i);
        with_answer.response.assign(100, 'r');
        writer->add(std::move(with_answer));
    }
    writer->start();
    ASSERT_TRUE(until([&] { return writer->stats().stored == 5; }));
    std::vector<std::size_t> lengths;
    for (const Beat& stored : database_.stored) lengths.push_back(stored.response.size());
    EXPECT_THAT(lengths, testing::ElementsAre(100, 100, 0, 0, 0));
    EXPECT_EQ(writer->stats().responses_dropped, 3u);
    EXPECT_EQ(writer->stats().batches, 1u);
    EXPECT_EQ(writer->stats().statements, 7u);
    writer->stop();
}

TEST_F(BeatWriterTest, WritesInOrderAndInBatches) {
    const auto writer = this->writer({.batch_size = 10, .spool_path = {}});
    writer->replay();
    for (int i = 0; i < 95; ++i) writer->add(beat(i));
    writer->start();
    ASSERT_TRUE(until([&] { return writer->stats().stored == 95; }));
    EXPECT_EQ(database_.largest, 10u);
    for (int i = 0; i < 95; ++i) {
        EXPECT_EQ(database_.stored[static_cast<std::size_t>(i)].monitor.value, i);
    }
    EXPECT_EQ(told_stored_, 95);
    writer->stop();
}

TEST_F(BeatWriterTest, WritesNothingBeforeItIsStarted) {
    const auto writer = this->writer();
    writer->replay();
    writer->add(beat(1));
    until([n = 0]() mutable { return ++n > 10; });
    EXPECT_TRUE(database_.stored.empty());
    writer->stop();
}

TEST_F(BeatWriterTest, AFencedBeatIsCountedAndToldOf) {
    database_.fenced = {2};
    const auto writer = this->writer();
    writer->replay();
    writer->start();
    for (int i = 1; i <= 3; ++i) writer->add(beat(i));
    ASSERT_TRUE(until([&] { return writer->stats().stored == 2; }));
    EXPECT_EQ(writer->stats().fenced, 1u);
    EXPECT_EQ(told_fenced_, 1);
    EXPECT_EQ(told_superseded_, 0);
    database_.stale = true;
    writer->add(beat(2));
    ASSERT_TRUE(until([&] { return told_superseded_ == 1; }));
    writer->stop();
}

TEST_F(BeatWriterTest, ADatabaseThatIsAwayIsWaitedFor) {
    database_.failure = away();
    const auto writer = this->writer();
    writer->replay();
    writer->start();
    for (int i = 0; i < 20; ++i) writer->add(beat(i));
    ASSERT_TRUE(until([&] { return writer->stats().write_errors >= 3; }));
    for (int i = 20; i < 40; ++i) writer->add(beat(i));
    EXPECT_EQ(writer->stats().queued, 40u);
    database_.failure.reset();
    ASSERT_TRUE(until([&] { return writer->stats().stored == 40; }));
    for (int i = 0; i < 40; ++i) {
        EXPECT_EQ(database_.stored[static_cast<std::size_t>(i)].monitor.value, i);
    }
    EXPECT_EQ(writer->stats().dropped, 0u);
    writer->stop();
}

TEST_F(BeatWriterTest, AnUncertainWriteIsRepeatedAndNothingIsDoubledOrLost) {
    database_.lose_answer = true;
    const auto writer = this->writer();
    writer->replay();
    writer->start();
    for (int i = 0; i < 20; ++i) writer->add(beat(i));
    ASSERT_TRUE(until([&] { return writer->stats().stored == 20; }));
    EXPECT_EQ(database_.stored.size(), 20u);
    EXPECT_EQ(told_stored_, 20);
    EXPECT_EQ(told_fenced_, 0);
    writer->stop();
}

TEST_F(BeatWriterTest, AfterAnUncertainWriteWhatIsNotOursIsFenced) {
    database_.lose_answer = true;
    current_ = false;
    const auto writer = this->writer();
    writer->replay();
    writer->start();
    writer->add(beat(1));
    ASSERT_TRUE(until([&] { return writer->stats().fenced == 1; }));
    EXPECT_EQ(told_fenced_, 1);
    writer->stop();
}

TEST_F(BeatWriterTest, OneRefusedBeatDoesNotHoldUpTheOthers) {
    database_.poison = MonitorId{7};
    const auto writer = this->writer();
    writer->replay();
    writer->start();
    for (int i = 0; i < 50; ++i) writer->add(beat(i));
    ASSERT_TRUE(until([&] { return writer->stats().stored == 49; }));
    ASSERT_TRUE(until([&] { return writer->stats().dropped == 1; }));
    EXPECT_EQ(writer->stats().queued, 0u);
    writer->stop();
}

TEST_F(BeatWriterTest, ADatabaseThatRefusesEverythingLosesNothing) {
    database_.failure = Failure{ErrorKind::internal, "disk full", ""};
    const auto writer = this->writer();
    writer->replay();
    writer->start();
    for (int i = 0; i < 5; ++i) writer->add(beat(i));
    ASSERT_TRUE(until([&] { return writer->stats().write_errors >= 20; }));
    EXPECT_EQ(writer->stats().dropped, 0u);
    database_.failure.reset();
    ASSERT_TRUE(until([&] { return writer->stats().stored == 5; }));
    writer->stop();
}

TEST_F(BeatWriterTest, AFullQueueDropsTheUnimportantAndCounts) {
    database_.failure = away();
    const auto writer = this->writer({.queue_limit = 10, .spool_path = {}});
    writer->replay();
    for (int i = 0; i < 30; ++i) writer->add(beat(i, i == 3));
    EXPECT_EQ(writer->stats().dropped, 20u);
    database_.failure.reset();
    writer->start();
    ASSERT_TRUE(until([&] { return writer->stats().stored == 10; }));
    EXPECT_EQ(database_.stored.front().monitor, MonitorId{3});
    writer->stop();
}

TEST_F(BeatWriterTest, TheSpoolHoldsWhatIsUnwrittenAndIsEmptiedAfterwards) {
    database_.failure = away();
    const auto writer = this->writer({.spool_path = spool_path()});
    writer->replay();
    writer->start();
    for (int i = 0; i < 20; ++i) writer->add(beat(i));
    ASSERT_TRUE(until([&] { return writer->stats().spooled == 20; }));
    EXPECT_FALSE(spool_text().empty());
    database_.failure.reset();
    ASSERT_TRUE(until([&] { return writer->stats().stored == 20; }));
    EXPECT_TRUE(spool_text().empty());
    writer->stop();
}

// A process that is killed while the database is away: the next one writes what it left.
TEST_F(BeatWriterTest, AKilledProcessLeavesItsBeatsToTheNext) {
    database_.failure = away();
    {
        asio::io_context dying;
        const auto killed = writer_on(dying, {.spool_path = spool_path()});
        killed->replay();
        killed->start();
        for (int i = 0; i < 20; ++i) killed->add(beat(i));
        ASSERT_TRUE(test::run_until(
            dying, [&] { return killed->stats().spooled == 20 && !database_.busy(); }));
    }
    database_.failure.reset();
    std::ofstream(spool_path(), std::ios::app) << "1234abcd {\"torn";
    const auto next = this->writer({.spool_path = spool_path()});
    EXPECT_EQ(next->replay().size(), 20u);
    EXPECT_EQ(next->stats().replayed, 20u);
    next->add(beat(99));
    next->start();
    ASSERT_TRUE(until([&] { return database_.stored.size() >= 21; }));
    EXPECT_EQ(database_.stored.size(), 21u);
    EXPECT_EQ(database_.stored.back().monitor, MonitorId{99}) << "the older ones come first";
    ASSERT_TRUE(until([&] { return spool_text().empty(); }));
    next->stop();
}

TEST_F(BeatWriterTest, DrainWritesEverything) {
    const auto writer = this->writer();
    writer->replay();
    writer->start();
    for (int i = 0; i < 2'000; ++i) writer->add(beat(i));
    test::run_task(loop_, writer->drain(in(Seconds{60})));
    EXPECT_EQ(database_.stored.size(), 2'000u);
}

TEST_F(BeatWriterTest, DrainSpoolsWhatItCannotWriteByTheDeadline) {
    database_.failure = away();
    const auto writer = this->writer({.spool_path = spool_path()});
    writer->replay();
    writer->start();
    for (int i = 0; i < 20; ++i) writer->add(beat(i));
    test::run_task(loop_, writer->drain(in(Millis{50})));
    const auto next = this->writer({.spool_path = spool_path()});
    EXPECT_EQ(next->replay().size(), 20u);
    next->stop();
}

TEST_F(BeatWriterTest, ASpoolThatCannotBeOpenedIsNoReasonToStop) {
    const auto writer = this->writer({.spool_path = "/no/such/folder/spool"});
    EXPECT_TRUE(writer->replay().empty());
    writer->start();
    writer->add(beat(1));
    ASSERT_TRUE(until([&] { return writer->stats().stored == 1; }));
    writer->stop();
}

TEST_F(BeatWriterTest, ASpoolIsBounded) {
    Spool spool(spool_path(), 1'000);
    ASSERT_TRUE(spool.open());
    const std::string line = to_spool_line(beat(1));
    int kept = 0;
    while (spool.append(line, false)) ++kept;
    EXPECT_GT(kept, 0);
    EXPECT_LE(spool.bytes(), 1'000u);
    EXPECT_EQ(spool.append(line, false).error().kind, ErrorKind::too_large);
    EXPECT_TRUE(spool.clear());
    EXPECT_TRUE(spool.append(line, true));
}

}  // namespace higuma::engine
