#include "engine/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checks/services.hpp"
#include "policy/schedule.hpp"
#include "store/migrate.hpp"
#include "store/monitors.hpp"
#include "store/nodes.hpp"
#include "support/local_servers.hpp"
#include "support/mariadb.hpp"
#include "support/run_task.hpp"

namespace higuma::engine {
namespace asio = boost::asio;
using policy::CheckOutcome;
using test::ServedReply;
using test::ServedRequest;

class EngineTest : public testing::Test {
  protected:
    void SetUp() override { open(test::fresh_database()); }

    void open(store::DatabaseConfig config) {
        config.connect_timeout = Millis{1'000};
        config.query_timeout = Millis{5'000};
        config_ = config;
        admin_ = std::make_unique<store::Connection>(config);
        const auto migrated = store::migrate(*admin_, [](const std::string&) {});
        ASSERT_TRUE(migrated) << migrated.error().message;
        database_ = std::make_unique<store::Database>(config, 2, 100, clock_);
    }

    std::unique_ptr<Engine> engine(const std::string& node = "node1", EngineConfig config = {}) {
        config.node = NodeId{node};
        config.first_spread = Millis{1'000};
        auto made = std::make_unique<Engine>(std::move(config), loop_.get_executor(), clock_,
                                             services_.context(), *database_);
        return made;
    }
    void register_as(Engine& engine, const std::string& name = "node1") {
        Node node;
        node.id = NodeId{name};
        node.name = name;
        node.host = "127.0.0.1:1";
        const auto incarnation = store::register_node(*admin_, node, Millis{600'000});
        ASSERT_TRUE(incarnation) << incarnation.error().message;
        engine.set_incarnation(*incarnation);
    }
    Monitor add_monitor(const std::string& type = "http") {
        Monitor monitor;
        monitor.name = "web";
        monitor.type = type;
        monitor.url = target_.url();
        monitor.interval = monitor.retry_interval = Seconds{1};
        monitor.timeout = Millis{30'000};
        monitor.push_token = type == "push" ? "token" + std::to_string(++tokens_) : "";
        monitor.assignment.home = NodeId{"node1"};
        const auto id = store::create_monitor(*admin_, monitor, 1'000'000);
        EXPECT_TRUE(id) << (id ? "" : id.error().message);
        return *store::get_monitor(*admin_, *id);
    }
    std::int64_t number(const std::string& sql) {
        const auto rows = admin_->query(sql);
        EXPECT_TRUE(rows) << sql << "\n" << (rows ? "" : rows.error().message);
        return rows ? rows->integer(0, 0) : -1;
    }
    void run_sql(const std::string& sql) {
        const auto done = admin_->execute(sql);
        ASSERT_TRUE(done) << sql << "\n" << done.error().message;
    }
    std::int64_t stored() { return number("SELECT COUNT(*) FROM heartbeat"); }
    bool until(const std::function<bool()>& holds) { return test::run_until(loop_, holds); }
    void drain(Engine& engine, Millis span = Seconds{60}) {
        test::run_task(loop_, engine.drain(Deadline::after(*clock_, span)));
    }
    // The shortest and the longest span between a monitor's beats, in milliseconds.
    std::pair<std::int64_t, std::int64_t> gaps() {
        const auto rows = admin_->query(
            "SELECT MIN(gap), MAX(gap) FROM (SELECT ROUND(1000 * TIMESTAMPDIFF(MICROSECOND, "
            "LAG(scheduled_at) OVER (PARTITION BY monitor_id ORDER BY scheduled_at), scheduled_at) "
            "/ 1000000) AS gap FROM heartbeat) g");
        return {rows->integer(0, 0), rows->integer(0, 1)};
    }
    CheckOutcome pushed(BeatStatus status) const {
        CheckOutcome outcome;
        outcome.ok = status == BeatStatus::up;
        outcome.msg = "pushed";
        outcome.ping = Millis{5};
        outcome.reported = status;
        return outcome;
    }

    asio::io_context loop_;
    std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
    test::LocalHttpServer target_{[](const ServedRequest&) { return ServedReply{}; }};
    checks::Services services_{{}, loop_.get_executor(), clock_};
    store::DatabaseConfig config_;
    std::unique_ptr<store::Connection> admin_;
    std::unique_ptr<store::Database> database_;
    int tokens_ = 0;
};

TEST_F(EngineTest, GroupsFollowTheirChildrenOnAnyNodeByOneQuery) {
    auto engine = this->engine();
    register_as(*engine);
    std::vector<Monitor> groups;
    for (int i = 0; i < 50; ++i) {
        groups.push_back(add_monitor("group"));
        Monitor child = add_monitor();
        run_sql("UPDATE monitor SET parent = " + std::to_string(groups.back().id.value) +
                ", node_id = 'node2' WHERE id = " + std::to_string(child.id.value));
        run_sql("INSERT INTO heartbeat (monitor_id, status, time) VALUES (" +
                std::to_string(child.id.value) + ", " + (i % 2 ? "0" : "1") + ", UTC_TIMESTAMP())");
        engine->run(groups.back(), std::nullopt);
    }
    const auto jobs = database_->stats().jobs;
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 150; }));
    EXPECT_LT(database_->stats().jobs - jobs, 150u) << "groups that are due together share a query";
    drain(*engine);
    EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat h JOIN monitor m ON m.id = h.monitor_id WHERE "
                     "m.type = 'group' AND h.status <> IF(m.id % 4 = 1, 1, 0)"),
              0);
    EXPECT_GT(number("SELECT COUNT(*) FROM heartbeat WHERE msg = 'Child monitors down: web'"), 0);
    EXPECT_GT(number("SELECT COUNT(*) FROM heartbeat WHERE msg = 'All children up and running'"),
              0);
    EXPECT_GE(gaps().first, 1'000);
}

TEST_F(EngineTest, ThreeHundredMonitorsMakeOneBeatForEachSlot) {
    constexpr int kMonitors = 300;
    auto engine = this->engine();
    register_as(*engine);
    for (int i = 0; i < kMonitors; ++i) engine->run(add_monitor(), std::nullopt);
    EXPECT_DOUBLE_EQ(engine->stats().checks_per_second, kMonitors);
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 5 * kMonitors; }));
    const Millis lateness = engine->stats().worst_lateness;
    drain(*engine);
    const auto stats = engine->stats();
    EXPECT_EQ(stats.beats_stored, static_cast<std::uint64_t>(stored()));
    EXPECT_EQ(stats.beats_fenced, 0u);
    EXPECT_EQ(stats.beats_dropped, 0u);
    EXPECT_EQ(number("SELECT COUNT(DISTINCT monitor_id) FROM heartbeat"), kMonitors);
    EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat WHERE status <> 1"), 0);
    const auto [shortest, longest] = gaps();
    EXPECT_GE(shortest, 1'000) << "two checks were too close";
    // On a machine that kept up, every slot has its beat.
    if (lateness < policy::kOnTimeTolerance) {
        EXPECT_EQ(longest, 1'000);
    }
}

// The rule "one owner": a node that does not know yet that its monitors moved writes nothing more.
TEST_F(EngineTest, AMovedMonitorHasNoDoubleBeats) {
    constexpr int kMonitors = 50;
    auto before = this->engine("node1"), after = this->engine("node2");
    register_as(*before, "node1");
    register_as(*after, "node2");
    int reconciles = 0;
    before->on_fenced = [&] { ++reconciles; };
    std::vector<MonitorId> ids;
    for (int i = 0; i < kMonitors; ++i) {
        const Monitor monitor = add_monitor();
        ids.push_back(monitor.id);
        before->run(monitor, std::nullopt);
    }
    ASSERT_TRUE(until([&] { return before->stats().beats_stored >= 2 * kMonitors; }));
    ASSERT_TRUE(
        admin_->execute("UPDATE monitor SET assigned_node = 'node2', "
                        "assignment_epoch = assignment_epoch + 1"));
    std::map<MonitorId, BeatState> last;
    const auto last_beats = store::last_beats(*admin_, ids);
    for (const auto& [id, beat] : *last_beats) last.emplace(id, beat);
    for (const MonitorId id : ids) {
        const auto known = last.find(id);
        after->run(*store::get_monitor(*admin_, id),
                   known == last.end() ? std::nullopt : std::optional(known->second));
    }
    ASSERT_TRUE(until([&] {
        return after->stats().beats_stored >= 3 * kMonitors && before->stats().beats_fenced > 0;
    }));
    EXPECT_GT(reconciles, 0);
    for (const MonitorId id : ids) before->stop(id);
    drain(*before);
    drain(*after);
    EXPECT_EQ(before->stats().beats_stored + after->stats().beats_stored,
              static_cast<std::uint64_t>(stored()));
    EXPECT_GE(gaps().first, 1'000);
}

TEST_F(EngineTest, StoppingAndRunningAgainUnderANewEpochDoublesNothing) {
    auto engine = this->engine();
    register_as(*engine);
    const Monitor monitor = add_monitor();
    engine->run(monitor, std::nullopt);
    for (std::uint64_t round = 1; round <= 4; ++round) {
        ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= round; }));
        ASSERT_TRUE(admin_->execute("UPDATE monitor SET assignment_epoch = assignment_epoch + 1"));
        if (round % 2 == 0) engine->stop(monitor.id);
        const auto last = store::last_beats(*admin_, {monitor.id});
        engine->run(*store::get_monitor(*admin_, monitor.id), last->front().second);
    }
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 6; }));
    drain(*engine);
    EXPECT_EQ(engine->stats().beats_stored, static_cast<std::uint64_t>(stored()));
    EXPECT_GE(gaps().first, 1'000);
}

TEST_F(EngineTest, ASupersededProcessIsTold) {
    auto engine = this->engine();
    register_as(*engine);
    bool superseded = false;
    engine->on_superseded = [&] { superseded = true; };
    engine->run(add_monitor(), std::nullopt);
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 1; }));
    auto newer = this->engine();
    register_as(*newer);
    ASSERT_TRUE(until([&] { return superseded; }));
    drain(*engine);
}

TEST_F(EngineTest, PushesAndTheirAbsenceMakeBeats) {
    auto engine = this->engine();
    register_as(*engine);
    std::vector<Beat> seen;
    engine->on_stored = [&](const Beat& beat) { seen.push_back(beat); };
    const Monitor monitor = add_monitor("push");
    engine->run(monitor, std::nullopt);
    EXPECT_EQ(engine->push(MonitorId{999'999}, pushed(BeatStatus::up)).error().kind,
              ErrorKind::not_found);
    ASSERT_TRUE(engine->push(monitor.id, pushed(BeatStatus::up)));
    ASSERT_TRUE(engine->push(monitor.id, pushed(BeatStatus::down)));
    ASSERT_TRUE(engine->push(monitor.id, pushed(BeatStatus::up)));
    ASSERT_TRUE(until([&] { return seen.size() >= 4; }));
    EXPECT_EQ(seen[0].status, BeatStatus::up);
    EXPECT_EQ(seen[0].ping, Millis{5});
    EXPECT_EQ(seen[1].status, BeatStatus::down);
    EXPECT_TRUE(seen[1].important);
    EXPECT_EQ(seen[2].status, BeatStatus::up);
    EXPECT_EQ(seen[3].status, BeatStatus::down);
    EXPECT_EQ(seen[3].msg, "No heartbeat in the time window");
    EXPECT_GE(seen[3].time - seen[2].time, Millis{2'000}) << "the interval and a second of grace";
    drain(*engine);
    EXPECT_EQ(engine->push(monitor.id, pushed(BeatStatus::up)).error().kind,
              ErrorKind::unavailable);
}

TEST_F(EngineTest, MaintenanceMakesBeatsWithoutChecks) {
    auto engine = this->engine();
    register_as(*engine);
    const Monitor monitor = add_monitor();
    engine->set_maintenance({monitor.id});
    engine->run(monitor, std::nullopt);
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 2; }));
    EXPECT_EQ(target_.requests(), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat WHERE status <> 3"), 0);
    engine->set_maintenance({});
    ASSERT_TRUE(until([&] { return target_.requests() > 0; }));
    drain(*engine);
}

TEST_F(EngineTest, AMonitorOfATypeThatIsNotBuiltIsLeftAloneAndCounted) {
    auto engine = this->engine();
    register_as(*engine);
    const auto unknown = add_monitor("gamedig");
    engine->run(unknown, std::nullopt);
    engine->run(add_monitor("push"), std::nullopt);
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 1; }));
    EXPECT_FALSE(engine->runs(unknown.id));
    EXPECT_EQ(engine->stats().unsupported, 1U);
    engine->stop(unknown.id);
    EXPECT_EQ(engine->stats().unsupported, 0U);
    drain(*engine);
    EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat WHERE monitor_id = " +
                     std::to_string(unknown.id.value)),
              0);
}

TEST_F(EngineTest, ChecksInFlightAreBoundedAndTheRestWaits) {
    test::LocalHttpServer hanging([](const ServedRequest&) { return ServedReply{.hang = true}; });
    EngineConfig config;
    config.limits.all = 5;
    auto engine = this->engine("node1", config);
    register_as(*engine);
    for (int i = 0; i < 20; ++i) {
        Monitor monitor = add_monitor();
        monitor.url = hanging.url();
        engine->run(monitor, std::nullopt);
    }
    ASSERT_TRUE(until([&] { return engine->stats().due_waiting == 15; }));
    EXPECT_EQ(engine->stats().in_flight, 5u);
    // Stopping what hangs lets the waiting ones go on.
    for (const MonitorId id : engine->running()) engine->stop(id);
    EXPECT_EQ(engine->stats().in_flight, 0u);
    EXPECT_EQ(engine->stats().due_waiting, 0u);
    drain(*engine);
}

TEST_F(EngineTest, AHostThatHangsHoldsUpNobodyElse) {
    test::LocalHttpServer hanging([](const ServedRequest&) { return ServedReply{.hang = true}; });
    EngineConfig config;
    config.limits = {.all = 30, .of_host = 10, .of_slow = 15};
    auto engine = this->engine("node1", config);
    register_as(*engine);
    for (int i = 0; i < 100; ++i) {
        Monitor monitor = add_monitor();
        monitor.url = hanging.url();
        engine->run(monitor, std::nullopt);
    }
    ASSERT_TRUE(until([&] { return engine->stats().due_waiting == 90; }));
    EXPECT_EQ(engine->stats().full_hosts, 1u);
    for (int i = 0; i < 50; ++i) {
        Monitor monitor = add_monitor();
        monitor.url = "http://localhost:" + std::to_string(target_.port()) + "/";
        engine->run(monitor, std::nullopt);
    }
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 150; }));
    EXPECT_EQ(engine->stats().in_flight, 10u);

    drain(*engine, Millis{200});
    EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat WHERE status <> 1"), 0);
}

TEST_F(EngineTest, ADrainDoesNotWaitForAHangingCheckBeyondItsDeadline) {
    test::LocalHttpServer hanging([](const ServedRequest&) { return ServedReply{.hang = true}; });
    auto engine = this->engine();
    register_as(*engine);
    Monitor monitor = add_monitor();
    monitor.url = hanging.url();
    engine->run(monitor, std::nullopt);
    ASSERT_TRUE(until([&] { return hanging.requests() == 1; }));
    drain(*engine, Millis{200});
    EXPECT_EQ(engine->stats().in_flight, 0u);
    EXPECT_EQ(stored(), 0) << "a check that was given up says nothing of its target";
}

class EngineOutageTest : public EngineTest {
  protected:
    void SetUp() override { open(server_.fresh_database()); }
    void run_monitors(Engine& engine, int count) {
        for (int i = 0; i < count; ++i) monitors_.push_back(add_monitor());
        for (const Monitor& monitor : monitors_) engine.run(monitor, std::nullopt);
    }
    void start_server() {
        server_.start();
        admin_ = std::make_unique<store::Connection>(config_);
    }
    // Every check has its one beat, and none says that a target was down.
    void expect_nothing_lost(std::uint64_t checks) {
        EXPECT_EQ(static_cast<std::uint64_t>(stored()), checks);
        EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat WHERE status <> 1"), 0);
        EXPECT_GE(gaps().first, 1'000);
    }

    test::MariaDbServer server_;
    std::vector<Monitor> monitors_;
};

TEST_F(EngineOutageTest, AKilledDatabaseLosesNoBeatAndDoublesNone) {
    auto engine = this->engine();
    register_as(*engine);
    run_monitors(*engine, 50);
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 100; }));
    server_.kill();
    const auto checks = engine->stats().checks;
    ASSERT_TRUE(until([&] { return engine->stats().checks >= checks + 100; })) << "checks go on";
    EXPECT_GT(engine->stats().write_errors, 0u);
    start_server();
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= checks + 100; }));
    drain(*engine);
    const auto stats = engine->stats();
    EXPECT_EQ(stats.beats_queued, 0u);
    EXPECT_EQ(stats.beats_fenced, 0u);
    EXPECT_EQ(stats.beats_dropped, 0u);
    EXPECT_EQ(stats.beats_stored, stats.checks);
    expect_nothing_lost(stats.checks);
}

TEST_F(EngineOutageTest, AFrozenDatabaseIsNotRecordedAsADownTarget) {
    auto engine = this->engine();
    register_as(*engine);
    run_monitors(*engine, 20);
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 20; }));
    server_.freeze();
    const auto checks = engine->stats().checks;
    ASSERT_TRUE(until([&] { return engine->stats().checks >= checks + 60; })) << "checks go on";
    server_.thaw();
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= checks + 60; }));
    drain(*engine);
    EXPECT_EQ(engine->stats().beats_dropped, 0u);
    expect_nothing_lost(engine->stats().checks);
}

TEST_F(EngineOutageTest, BeatsOutliveTheProcessWhileTheDatabaseIsAway) {
    test::TempFolder folder;
    EngineConfig config;
    config.spool_path = (folder.path() / "beats.spool").string();
    auto engine = this->engine("node1", config);
    register_as(*engine);
    run_monitors(*engine, 20);
    ASSERT_TRUE(until([&] { return engine->stats().beats_stored >= 40; }));
    server_.kill();
    const auto before = engine->stats().checks;
    ASSERT_TRUE(until([&] { return engine->stats().checks >= before + 40; }));
    drain(*engine, Millis{500});
    const auto first = engine->stats();
    EXPECT_GT(first.beats_queued, 0u);
    engine.reset();

    engine = this->engine("node1", config);
    EXPECT_EQ(engine->stats().beats_replayed, first.beats_queued);
    start_server();
    // The schedule goes on from the spooled beats, which the database does not know yet.
    for (const Monitor& monitor : monitors_) engine->run(monitor, std::nullopt);
    register_as(*engine);
    ASSERT_TRUE(until([&] { return engine->stats().checks >= 40; }));
    drain(*engine);
    const auto second = engine->stats();
    EXPECT_EQ(second.beats_dropped, 0u);
    expect_nothing_lost(first.checks + second.checks);
    EXPECT_EQ(std::filesystem::file_size(config.spool_path), 0u);
}

}  // namespace higuma::engine
