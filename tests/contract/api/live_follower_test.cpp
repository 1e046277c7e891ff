// The live page's memory of all monitors against a real MariaDB: loaded once, then only what is new
// is read, one read at a time; forgotten when nobody looks; kept when the database goes.
#include "api/live_follower.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/migrate.hpp"
#include "support/mariadb.hpp"
#include "support/run_task.hpp"

namespace higuma::api {
namespace {

using store::Connection;

class LiveFollowerTest : public testing::Test {
  protected:
    void SetUp() override {
        config_ = test::fresh_database();
        sql_ = std::make_unique<Connection>(config_);
        const auto quiet = [](const std::string&) {};
        const auto migrated = store::migrate(*sql_, quiet);
        ASSERT_TRUE(migrated) << migrated.error().message;
        start(config_);
    }

    void start(const store::DatabaseConfig& config, LiveFollowLimits limits = {}) {
        clock_ = std::make_shared<ManualClock>(*parse_time("2026-11-22 10:00:00"));
        follower_.reset();
        // The database's threads work by the real clock; what is tested here is moved by hand.
        db_ = std::make_unique<store::Database>(config, 2, 64, std::make_shared<SystemClock>());
        limits.patience = Millis{60'000};
        limits.read_deadline = Millis{1'000'000'000};
        follower_ = std::make_shared<LiveFollower>(loop_.get_executor(), clock_, *db_, limits);
    }

    void TearDown() override {
        if (follower_) follower_->stop();
        loop_.restart();
        loop_.run_for(std::chrono::milliseconds(50));
    }

    void run(const std::string& sql) {
        const auto done = sql_->execute(sql);
        ASSERT_TRUE(done) << done.error().message << " in " << sql;
    }
    void add_monitors(int first, int last, const std::string& node = "node1") {
        std::string sql = "INSERT INTO monitor (id, name, type, url, node_id, change_seq) VALUES ";
        for (int id = first; id <= last; ++id) {
            sql += fmt::format("{}({}, 'monitor {}', 'http', 'https://example.org/', '{}', {})",
                               id == first ? "" : ",", id, id, node, next_seq_);
        }
        run(sql);
        bump();
    }
    void bump() {
        run(fmt::format("UPDATE cluster_counter SET value = {} WHERE name = 'monitor'",
                        next_seq_++));
    }
    void add_beat(int id, int monitor, int status, const std::string& time) {
        run(fmt::format(
            "INSERT INTO heartbeat (id, monitor_id, status, msg, time, ping, important, "
            "node_id) VALUES ({}, {}, {}, 'said', '{}', 5, 1, 'node1')",
            id, monitor, status, time));
    }
    void look() { test::run_task(loop_, follower_->look(Deadline{})); }
    void look_later() {
        clock_->advance(Millis{1'000});
        look();
    }
    LiveStatus status(int id) { return follower_->index()->find({id})->status; }

    store::DatabaseConfig config_;
    std::unique_ptr<Connection> sql_;
    boost::asio::io_context loop_;
    std::shared_ptr<ManualClock> clock_;
    std::unique_ptr<store::Database> db_;
    std::shared_ptr<LiveFollower> follower_;
    int next_seq_ = 100;
};

TEST_F(LiveFollowerTest, LoadsAllInChunksThenFollowsWhatIsNew) {
    LiveFollowLimits limits;
    limits.load_chunk = 7;
    limits.apply_slice = 2;
    start(config_, limits);
    add_monitors(1, 30);
    add_beat(1, 1, 1, "2026-11-22 09:59:00");
    add_beat(2, 1, 0, "2026-11-22 09:59:20");
    look();
    ASSERT_TRUE(follower_->index()) << follower_->trouble();
    EXPECT_EQ(follower_->index()->size(), 30u);
    EXPECT_EQ(status(1), LiveStatus::down);
    EXPECT_EQ(status(2), LiveStatus::unknown);

    add_beat(3, 2, 2, "2026-11-22 10:00:00");
    add_beat(4, 1, 1, "2026-11-22 10:00:00");
    add_monitors(31, 31);
    run(fmt::format("UPDATE monitor SET assigned_node = 'node2', change_seq = {} WHERE id <= 10",
                    next_seq_));
    bump();
    run("DELETE FROM heartbeat WHERE monitor_id = 20");
    run("DELETE FROM monitor WHERE id = 20");
    run(fmt::format("INSERT INTO monitor_tombstone VALUES (20, {})", next_seq_));
    bump();
    look_later();
    EXPECT_EQ(status(1), LiveStatus::up);
    EXPECT_EQ(status(2), LiveStatus::pending);
    EXPECT_NE(follower_->index()->find({31}), nullptr);
    EXPECT_EQ(follower_->index()->find({20}), nullptr);
    EXPECT_EQ(follower_->index()->node("node2").moved_in, 10);
    EXPECT_EQ(follower_->index()->node("node1").moved_out, 10);
    EXPECT_EQ(follower_->stats().loads, 1u);
    ASSERT_FALSE(follower_->changes().empty());
    EXPECT_EQ(follower_->changes().front().beat.id, 4);
}

TEST_F(LiveFollowerTest, ManyWhoLookCauseOneReadASecond) {
    add_monitors(1, 3);
    for (int i = 0; i < 50; ++i) {
        boost::asio::co_spawn(loop_, follower_->look(Deadline{}), boost::asio::detached);
    }
    look();
    EXPECT_EQ(follower_->stats().reads, 1u);
    clock_->advance(Millis{999});
    look();
    EXPECT_EQ(follower_->stats().reads, 1u);
    clock_->advance(Millis{1});
    look();
    EXPECT_EQ(follower_->stats().reads, 2u);
}

// Two nodes write at once: the one that got the lower ids may commit later.
TEST_F(LiveFollowerTest, ABeatThatIsCommittedLateIsNotMissed) {
    LiveFollowLimits limits;
    limits.sweep_chunk = 1;  // keep the sweep from finding it
    start(config_, limits);
    add_monitors(1, 9);
    look();
    Connection slow(config_);
    ASSERT_TRUE(slow.execute("START TRANSACTION"));
    ASSERT_TRUE(
        slow.execute("INSERT INTO heartbeat (id, monitor_id, status, time) "
                     "VALUES (50, 8, 0, '2026-11-22 10:00:00')"));
    add_beat(51, 9, 1, "2026-11-22 10:00:00");
    look_later();
    EXPECT_EQ(status(9), LiveStatus::up);
    EXPECT_EQ(status(8), LiveStatus::unknown);
    ASSERT_TRUE(slow.execute("COMMIT"));
    look_later();
    EXPECT_EQ(status(8), LiveStatus::down);
}

// A stock Uptime Kuma on the same database knows nothing of our change numbers.
TEST_F(LiveFollowerTest, ChangesOfAnotherProgramAreFoundBySweeping) {
    LiveFollowLimits limits;
    limits.sweep_chunk = 4;
    start(config_, limits);
    add_monitors(1, 12);
    look();
    run("UPDATE monitor SET name = 'renamed elsewhere' WHERE id = 11");
    run("DELETE FROM monitor WHERE id = 6");
    run("INSERT INTO monitor (id, name, type) VALUES (13, 'made elsewhere', 'push')");
    for (int turn = 0; turn < 8; ++turn) look_later();
    EXPECT_EQ(follower_->index()->find({11})->monitor.name, "renamed elsewhere");
    EXPECT_EQ(follower_->index()->find({6}), nullptr);
    EXPECT_NE(follower_->index()->find({13}), nullptr);
    EXPECT_EQ(follower_->index()->size(), 12u);
}

TEST_F(LiveFollowerTest, ManyChangesUnderOneNumberComeInPortions) {
    LiveFollowLimits limits;
    limits.change_rows = 10;
    limits.sweep_chunk = 1;
    start(config_, limits);
    add_monitors(1, 35);
    look();
    run(fmt::format("UPDATE monitor SET assigned_node = 'node2', change_seq = {}", next_seq_));
    bump();
    for (int turn = 0; turn < 5; ++turn) look_later();
    EXPECT_EQ(follower_->index()->node("node2").moved_in, 35);
}

TEST_F(LiveFollowerTest, ForgetsWhenNobodyLooks) {
    LiveFollowLimits limits;
    limits.idle = Millis{30};
    start(config_, limits);
    add_monitors(1, 3);
    look();
    ASSERT_TRUE(follower_->index());
    clock_->advance(Millis{40});
    ASSERT_TRUE(test::run_until(loop_, [&] { return follower_->stats().forgotten == 1; }));
    EXPECT_FALSE(follower_->index());
    look();
    ASSERT_TRUE(follower_->index());
    EXPECT_EQ(follower_->stats().loads, 2u);
}

TEST_F(LiveFollowerTest, KeepsWhatItKnowsWhileTheDatabaseIsAway) {
    test::MariaDbServer server;
    const auto config = server.fresh_database();
    sql_ = std::make_unique<Connection>(config);
    const auto quiet = [](const std::string&) {};
    ASSERT_TRUE(store::migrate(*sql_, quiet));
    start(config);
    add_monitors(1, 5);
    look();
    ASSERT_TRUE(follower_->index());
    server.kill();
    for (int turn = 0; turn < 3; ++turn) {
        look_later();
        const auto reads = follower_->stats().reads;
        test::run_until(
            loop_, [&] { return follower_->stats().reads > reads; }, Seconds{1});
    }
    EXPECT_FALSE(follower_->trouble().empty());
    ASSERT_TRUE(follower_->index());
    EXPECT_EQ(follower_->index()->size(), 5u);
    server.start();
    ASSERT_TRUE(test::run_until(loop_, [&] {
        look_later();
        return follower_->trouble().empty();
    }));
    EXPECT_EQ(follower_->index()->size(), 5u);
}

}  // namespace
}  // namespace higuma::api
