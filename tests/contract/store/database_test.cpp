#include "store/database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "store/sql.hpp"
#include "support/mariadb.hpp"

namespace higuma::store {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

// A server of its own for tests that freeze, stop or kill it.
test::MariaDbServer& own_server() {
    static test::MariaDbServer server;
    return server;
}

DatabaseConfig quick(DatabaseConfig config) {
    config.connect_timeout = 2'000ms;
    config.query_timeout = 5'000ms;
    return config;
}

TEST(ConnectionTest, SessionIsStrictUtcAndRepeatableRead) {
    Connection db(quick(test::fresh_database()));
    auto rows = db.query(
        "SELECT @@time_zone, @@sql_mode, @@tx_isolation, @@max_statement_time, "
        "@@character_set_connection, @@innodb_lock_wait_timeout");
    ASSERT_TRUE(rows.has_value()) << rows.error().message;
    EXPECT_EQ(rows->string(0, 0), "+00:00");
    EXPECT_THAT(rows->string(0, 1), HasSubstr("STRICT_ALL_TABLES"));
    EXPECT_EQ(rows->string(0, 2), "REPEATABLE-READ");
    EXPECT_EQ(rows->real(0, 3), 5.0);
    EXPECT_EQ(rows->string(0, 4), "utf8mb4");
    EXPECT_EQ(rows->integer(0, 5), 2);
    EXPECT_THAT(db.server_version(), HasSubstr("MariaDB"));
}

TEST(ConnectionTest, CellsAndTheirTypes) {
    Connection db(quick(test::fresh_database()));
    auto rows = db.query("SELECT NULL, -5, 1.5, 'text', '' UNION ALL SELECT 1, 2, 3, 4, 5");
    ASSERT_TRUE(rows.has_value());
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_TRUE(rows->is_null(0, 0));
    EXPECT_EQ(rows->integer(0, 0, 7), 7);
    EXPECT_EQ(rows->integer(0, 1), -5);
    EXPECT_EQ(rows->real(0, 2), 1.5);
    EXPECT_EQ(rows->string(0, 3), "text");
    EXPECT_EQ(rows->text(0, 4), std::string_view());
    EXPECT_THROW((void)rows->text(0, 5), std::out_of_range);
    EXPECT_THROW((void)rows->text(2, 0), std::out_of_range);
}

TEST(ConnectionTest, QuotedTextComesBackAsItWas) {
    Connection db(quick(test::fresh_database()));
    std::string all;
    for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
    for (const std::string& text :
         {all, std::string("'; DROP TABLE x; --"), std::string("日本🐻")}) {
        auto rows = db.query("SELECT " + db.quote(text));
        ASSERT_TRUE(rows.has_value()) << rows.error().message;
        EXPECT_EQ(rows->string(0, 0), text);
    }
}

TEST(ConnectionTest, WrongPasswordAndUnknownDatabaseAreDenied) {
    auto config = quick(test::fresh_database());
    config.password = "not-the-password";
    Connection wrong(config);
    auto refused = wrong.connect();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_THAT(refused.error().message, HasSubstr("127.0.0.1:" + std::to_string(config.port)));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("not-the-password")));

    auto unknown = quick(test::fresh_database());
    unknown.name = "no_such_database";
    Connection nowhere(unknown);
    auto query = nowhere.query("SELECT 1");
    ASSERT_FALSE(query.has_value());
    EXPECT_EQ(query.error().kind, ErrorKind::denied);
}

TEST(ConnectionTest, ADownServerIsUnavailable) {
    DatabaseConfig config;
    config.host = "127.0.0.1";
    config.port = test::free_port();
    Connection db(quick(config));
    auto refused = db.connect();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(db.connected());
    config.socket = "/nowhere/mariadb.sock";
    Connection by_socket(config);
    EXPECT_EQ(by_socket.connect().error().kind, ErrorKind::unavailable);
}

TEST(ConnectionTest, ALongStatementTimesOutAndTheConnectionLivesOn) {
    auto config = test::fresh_database();
    config.query_timeout = 200ms;
    Connection db(config);
    ASSERT_TRUE(db.execute("CREATE TABLE t (id int)").has_value());
    auto slow = db.query(
        "SELECT COUNT(*) FROM information_schema.columns a, "
        "information_schema.columns b, information_schema.columns c");
    ASSERT_FALSE(slow.has_value());
    EXPECT_EQ(slow.error().kind, ErrorKind::timeout) << slow.error().message;
    EXPECT_TRUE(db.connected());
    EXPECT_TRUE(db.query("SELECT 1").has_value());
}

TEST(ConnectionTest, BadValuesNameTheirColumn) {
    Connection db(quick(test::fresh_database()));
    ASSERT_TRUE(db.execute("CREATE TABLE t (id int PRIMARY KEY, name varchar(3))").has_value());
    auto too_long = db.execute("INSERT INTO t VALUES (1, 'four')");
    ASSERT_FALSE(too_long.has_value());
    EXPECT_EQ(too_long.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(too_long.error().field, "name");
    ASSERT_TRUE(db.execute("INSERT INTO t VALUES (1, 'a')").has_value());
    EXPECT_EQ(db.execute("INSERT INTO t VALUES (1, 'b')").error().kind, ErrorKind::conflict);
    EXPECT_EQ(db.execute("SELECT nonsense FROM").error().kind, ErrorKind::internal);
}

TEST(ConnectionTest, AFailedTransactionLeavesNothing) {
    Connection db(quick(test::fresh_database()));
    ASSERT_TRUE(db.execute("CREATE TABLE t (id int)").has_value());
    auto failed = db.transaction([](Connection& c) -> Result<void> {
        if (auto done = c.execute("INSERT INTO t VALUES (1)"); !done) return done.error();
        return Failure{ErrorKind::stale, "as it happens", {}};
    });
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().kind, ErrorKind::stale);
    EXPECT_EQ(db.query("SELECT COUNT(*) FROM t")->integer(0, 0), 0);
}

TEST(ConnectionTest, ADeadlockedTransactionRunsAgain) {
    const auto config = quick(test::fresh_database());
    Connection setup(config);
    ASSERT_TRUE(setup.execute("CREATE TABLE t (id int PRIMARY KEY, n int)").has_value());
    ASSERT_TRUE(setup.execute("INSERT INTO t VALUES (1, 0), (2, 0)").has_value());
    std::atomic<int> inside = 0;
    std::atomic<int> runs = 0;
    const auto add = [&](int first, int second) {
        Connection own(config);
        bool waited = false;
        auto done = own.transaction([&](Connection& c) -> Result<void> {
            ++runs;
            auto one = c.execute(sql_format("UPDATE t SET n = n + 1 WHERE id = ?", first));
            if (!one) return one.error();
            if (!waited) {
                waited = true;
                ++inside;
                while (inside < 2) std::this_thread::yield();
            }
            auto two = c.execute(sql_format("UPDATE t SET n = n + 1 WHERE id = ?", second));
            if (!two) return two.error();
            return {};
        });
        EXPECT_TRUE(done.has_value()) << done.error().message;
    };
    std::thread other([&] { add(2, 1); });
    add(1, 2);
    other.join();
    EXPECT_EQ(setup.query("SELECT SUM(n) FROM t")->integer(0, 0), 4);
    EXPECT_GE(runs, 3);
}

TEST(ConnectionTest, AConnectionLostWithinATransactionDoesNotGoOnOutsideOfIt) {
    const auto config = quick(test::fresh_database());
    Connection db(config);
    Connection killer(config);
    ASSERT_TRUE(db.execute("CREATE TABLE t (id int)").has_value());
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        const auto id = c.query("SELECT CONNECTION_ID()")->integer(0, 0);
        EXPECT_TRUE(killer.execute("KILL " + std::to_string(id)).has_value());
        (void)c.execute("INSERT INTO t VALUES (1)");
        if (auto second = c.execute("INSERT INTO t VALUES (2)"); !second) return second.error();
        return {};
    });
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(db.query("SELECT COUNT(*) FROM t")->integer(0, 0), 0);
}

TEST(ConnectionTest, ReconnectsAfterTheServerCameBack) {
    auto& server = own_server();
    Connection db(quick(server.fresh_database()));
    ASSERT_TRUE(db.query("SELECT 1").has_value());
    server.stop();
    auto down = db.query("SELECT 1");
    ASSERT_FALSE(down.has_value());
    EXPECT_EQ(down.error().kind, ErrorKind::unavailable) << down.error().message;
    EXPECT_EQ(db.query("SELECT 1").error().kind, ErrorKind::unavailable);
    server.start();
    EXPECT_TRUE(db.query("SELECT 1").has_value());
}

// Runs a coroutine on a loop of its own and returns what it returned.
template <class Coroutine>
auto run_loop(Coroutine coroutine) {
    asio::io_context loop;
    auto future = asio::co_spawn(loop, std::move(coroutine), asio::use_future);
    loop.run();
    return future.get();
}

Result<std::int64_t> select_one(Connection& c) {
    auto rows = c.query("SELECT 1");
    if (!rows) return rows.error();
    return rows->integer(0, 0);
}

Result<std::int64_t> sleep_long(Connection& c) {
    auto rows = c.query("SELECT SLEEP(4)");
    if (!rows) return rows.error();
    return rows->integer(0, 0);
}

class DatabaseTest : public testing::Test {
  protected:
    std::shared_ptr<Clock> clock = std::make_shared<SystemClock>();
    Deadline in(Duration span) const { return Deadline::after(*clock, span); }
};

TEST_F(DatabaseTest, ResultsComeBackOnTheCallersExecutor) {
    Database db(quick(test::fresh_database()), 2, 10, clock);
    const auto here = std::this_thread::get_id();
    std::thread::id worked;
    std::thread::id resumed;
    auto answer = run_loop([&]() -> Task<Result<std::int64_t>> {
        const auto job = [&worked](Connection& c) {
            worked = std::this_thread::get_id();
            return select_one(c);
        };
        auto result = co_await db.run(in(30s), job);
        resumed = std::this_thread::get_id();
        co_return result;
    });
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(*answer, 1);
    EXPECT_EQ(resumed, here);
    EXPECT_NE(worked, here);
}

TEST_F(DatabaseTest, AFullQueueRefuses) {
    Database db(quick(test::fresh_database()), 1, 1, clock);
    asio::io_context loop;
    int overloaded = 0;
    int good = 0;
    for (int i = 0; i < 5; ++i) {
        const auto call = [&]() -> Task<> {
            const auto job = [](Connection& c) -> Result<std::int64_t> {
                auto rows = c.query("SELECT SLEEP(0.3)");
                if (!rows) return rows.error();
                return rows->integer(0, 0);
            };
            auto result = co_await db.run(in(60s), job);
            if (result) ++good;
            if (!result && result.error().kind == ErrorKind::overloaded) ++overloaded;
        };
        asio::co_spawn(loop, call, asio::detached);
    }
    loop.run();
    EXPECT_GE(good, 1);
    EXPECT_GE(overloaded, 3);
    EXPECT_EQ(good + overloaded, 5);
    EXPECT_EQ(db.stats().refused, static_cast<std::uint64_t>(overloaded));
}

TEST_F(DatabaseTest, AJobThatExpiresInTheQueueIsNeverStarted) {
    Database db(quick(test::fresh_database()), 1, 10, clock);
    asio::io_context loop;
    std::atomic<bool> started = false;
    Result<std::int64_t> second(0);
    const auto first_call = [&]() -> Task<> { (void)co_await db.run(in(60s), sleep_long); };
    const auto second_call = [&]() -> Task<> {
        const auto job = [&started](Connection& c) {
            started = true;
            return select_one(c);
        };
        second = co_await db.run(in(100ms), job);
    };
    asio::co_spawn(loop, first_call, asio::detached);
    asio::co_spawn(loop, second_call, asio::detached);
    loop.run();
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::timeout);
    EXPECT_FALSE(started);
    EXPECT_EQ(db.stats().queued, 0U);
    EXPECT_GE(db.stats().timed_out, 1U);
}

TEST_F(DatabaseTest, ARunningJobEndsAtItsDeadlineAndTheThreadIsFreeAgain) {
    Database db(quick(test::fresh_database()), 1, 10, clock);
    auto late = run_loop(
        [&]() -> Task<Result<std::int64_t>> { co_return co_await db.run(in(150ms), sleep_long); });
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().kind, ErrorKind::timeout) << late.error().message;
    auto next = run_loop(
        [&]() -> Task<Result<std::int64_t>> { co_return co_await db.run(in(30s), select_one); });
    EXPECT_TRUE(next.has_value());
}

TEST_F(DatabaseTest, AJobThatThrowsIsAFailureAndItsTransactionIsRolledBack) {
    const auto config = quick(test::fresh_database());
    Database db(config, 1, 10, clock);
    const auto job = [](Connection& c) -> Result<std::int64_t> {
        (void)c.execute("CREATE TABLE t (id int)");
        auto done = c.transaction([](Connection& inner) -> Result<void> {
            (void)inner.execute("INSERT INTO t VALUES (1)");
            throw std::out_of_range("no such column");
        });
        return std::int64_t{1};
    };
    auto thrown =
        run_loop([&]() -> Task<Result<std::int64_t>> { co_return co_await db.run(in(30s), job); });
    ASSERT_FALSE(thrown.has_value());
    EXPECT_EQ(thrown.error().kind, ErrorKind::internal);
    EXPECT_THAT(thrown.error().message, HasSubstr("no such column"));
    const auto count = [](Connection& c) -> Result<std::int64_t> {
        auto rows = c.query("SELECT COUNT(*) FROM t");
        if (!rows) return rows.error();
        return rows->integer(0, 0);
    };
    auto next = run_loop(
        [&]() -> Task<Result<std::int64_t>> { co_return co_await db.run(in(30s), count); });
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(*next, 0);
}

TEST_F(DatabaseTest, ACancelledCallerLeavesNoJobBehind) {
    Database db(quick(test::fresh_database()), 1, 10, clock);
    asio::io_context loop;
    asio::cancellation_signal signal;
    bool resumed = false;
    bool threw = false;
    const auto call = [&]() -> Task<> {
        auto result = co_await db.run(in(60s), sleep_long);
        EXPECT_FALSE(result.has_value());
        resumed = true;
    };
    asio::co_spawn(loop, call,
                   asio::bind_cancellation_slot(
                       signal.slot(), [&](std::exception_ptr e) { threw = e != nullptr; }));
    asio::steady_timer timer(loop, 100ms);
    timer.async_wait([&](auto) { signal.emit(asio::cancellation_type::terminal); });
    loop.run();
    EXPECT_TRUE(resumed || threw);
    auto next = run_loop(
        [&]() -> Task<Result<std::int64_t>> { co_return co_await db.run(in(30s), select_one); });
    EXPECT_TRUE(next.has_value());
}

TEST_F(DatabaseTest, ACallerDestroyedWithItsLoopLeavesNothingThatUsesIt) {
    Database db(quick(test::fresh_database()), 1, 10, clock);
    std::atomic<bool> running = false;
    std::atomic<int> after = 0;
    {
        asio::io_context loop;
        const auto call = [&]() -> Task<> {
            int mine = 1;
            const auto job = [&](Connection& c) -> Result<std::int64_t> {
                running = true;
                auto result = sleep_long(c);
                after += mine;
                return result;
            };
            (void)co_await db.run(in(60s), job);
        };
        asio::co_spawn(loop, call, asio::detached);
        asio::co_spawn(loop, call, asio::detached);
        while (!running) loop.poll();
    }
    EXPECT_EQ(after, 1);
    EXPECT_EQ(db.stats().queued, 0U);
    auto next = run_loop(
        [&]() -> Task<Result<std::int64_t>> { co_return co_await db.run(in(30s), select_one); });
    EXPECT_TRUE(next.has_value());
}

TEST_F(DatabaseTest, DestructionWaitsForTheRunningAndRefusesTheQueued) {
    auto db = std::make_unique<Database>(quick(test::fresh_database()), 1, 10, clock);
    asio::io_context loop;
    std::atomic<bool> running = false;
    std::atomic<bool> ended = false;
    Result<std::int64_t> queued(0);
    const auto first = [&]() -> Task<> {
        const auto job = [&](Connection&) -> Result<std::int64_t> {
            running = true;
            std::this_thread::sleep_for(200ms);
            ended = true;
            return std::int64_t{1};
        };
        (void)co_await db->run(in(60s), job);
    };
    const auto second = [&]() -> Task<> { queued = co_await db->run(in(60s), select_one); };
    asio::co_spawn(loop, first, asio::detached);
    asio::co_spawn(loop, second, asio::detached);
    while (!running) loop.poll();
    db.reset();
    EXPECT_TRUE(ended);
    loop.run();
    ASSERT_FALSE(queued.has_value());
    EXPECT_EQ(queued.error().kind, ErrorKind::unavailable);
}

// The baseline's fault 13: a frozen database. Calls end at their deadlines, connections do not pile
// up, and all is well once it goes on.
TEST_F(DatabaseTest, AFrozenServerHoldsNobodyPastTheDeadline) {
    auto& server = own_server();
    auto config = server.fresh_database();
    config.connect_timeout = 60'000ms;
    config.query_timeout = 60'000ms;
    constexpr int kThreads = 3;
    Database db(config, kThreads, 50, clock);
    asio::io_context loop;
    const auto warm = [&]() -> Task<Result<std::int64_t>> {
        co_return co_await db.run(in(30s), select_one);
    };
    ASSERT_TRUE(run_loop(warm).has_value());
    server.freeze();
    int ended = 0;
    int good = 0;
    Duration worst{};
    const auto call = [&](int round) -> Task<> {
        for (int i = 0; i < round; ++i) {
            const auto before = clock->now();
            auto result = co_await db.run(in(300ms), select_one);
            worst = std::max(worst, clock->now() - before);
            ++ended;
            if (result) ++good;
            // Not faster than callers with a poll would be.
            asio::steady_timer pause(co_await asio::this_coro::executor, 20ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    };
    for (int i = 0; i < 20; ++i) asio::co_spawn(loop, call(8), asio::detached);
    loop.run();
    EXPECT_EQ(ended, 160);
    EXPECT_EQ(good, 0);
    // Far below the connect and read time-outs: the deadline decided, not they.
    EXPECT_LT(worst, 30'000ms);
    server.thaw();
    Result<std::int64_t> back(Failure{});
    for (int tries = 0; tries < 300 && !back; ++tries) {
        back = run_loop(warm);
        if (!back) std::this_thread::sleep_for(20ms);
    }
    EXPECT_TRUE(back.has_value()) << back.error().message;
    EXPECT_TRUE(db.stats().reachable);
    Connection look(config);
    std::int64_t connections = 1'000;
    for (int tries = 0; tries < 300 && connections > kThreads + 1; ++tries) {
        connections = look.query(
                              "SELECT COUNT(*) FROM information_schema.processlist "
                              "WHERE user = 'higuma'")
                          ->integer(0, 0);
        if (connections > kThreads + 1) std::this_thread::sleep_for(20ms);
    }
    EXPECT_LE(connections, kThreads + 1);
}

TEST_F(DatabaseTest, GoesOnAfterARestartOfTheServer) {
    auto& server = own_server();
    Database db(quick(server.fresh_database()), 2, 10, clock);
    const auto ask = [&]() -> Task<Result<std::int64_t>> {
        co_return co_await db.run(in(30s), select_one);
    };
    ASSERT_TRUE(run_loop(ask).has_value());
    server.kill();
    const auto down = run_loop(ask);
    ASSERT_FALSE(down.has_value());
    EXPECT_EQ(down.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(db.stats().reachable);
    EXPECT_THAT(db.stats().last_error, HasSubstr("127.0.0.1"));
    server.start();
    Result<std::int64_t> back(Failure{});
    for (int tries = 0; tries < 300 && !back; ++tries) {
        back = run_loop(ask);
        if (!back) std::this_thread::sleep_for(20ms);
    }
    EXPECT_TRUE(back.has_value());
}

}  // namespace
}  // namespace higuma::store
