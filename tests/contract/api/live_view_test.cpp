// The answer of GET /lb/live against a real MariaDB: pages, bars, searches, and what is kept of
// them while the database is away.
#include "api/live_view.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "store/migrate.hpp"
#include "support/mariadb.hpp"
#include "support/run_task.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

// The real clock, put forward by hand: the database's threads keep real deadlines.
class PutForwardClock final : public Clock {
  public:
    Instant now() const override { return real_.now() + by_; }
    WallTime wall_now() const override { return real_.wall_now() + by_; }
    void advance(Millis by) { by_ += by; }

  private:
    SystemClock real_;
    Millis by_{0};
};

class LiveViewTest : public testing::Test {
  protected:
    void open(const store::DatabaseConfig& config, int monitors) {
        sql_ = std::make_unique<store::Connection>(config);
        const auto quiet = [](const std::string&) {};
        const auto migrated = store::migrate(*sql_, quiet);
        ASSERT_TRUE(migrated) << migrated.error().message;
        if (monitors > 0) {
            run(
                fmt::format("INSERT INTO monitor (id, name, type, url, node_id, change_seq) "
                            "SELECT seq, CONCAT('Shop ', LPAD(seq, 6, '0')), 'http', "
                            "'https://me:secret@shop.example/?key=1', "
                            "CONCAT('node', 1 + seq % 3), 2 FROM seq_1_to_{}",
                            monitors));
            run("UPDATE cluster_counter SET value = 2 WHERE name = 'monitor'");
        }
        db_ = std::make_unique<store::Database>(config, 2, 64, system_);
        resolver_ = std::make_unique<net::Resolver>(loop_.get_executor(), system_, "127.0.0.1");
        http_ = std::make_unique<net::HttpClient>(loop_.get_executor(), system_);
        const auto token = [] { return std::string("token"); };
        controller_ =
            std::make_unique<cluster::Controller>(cluster::ControllerConfig{}, loop_.get_executor(),
                                                  system_, *db_, *resolver_, *http_, token);
        view_ = std::make_unique<LiveView>(loop_.get_executor(), clock_, *db_, *controller_);
        view_->set_identity("gateway-1", "0.1.0");
    }

    void TearDown() override {
        view_.reset();
        controller_.reset();
        loop_.restart();
        loop_.run_for(std::chrono::milliseconds(50));
    }

    void run(const std::string& sql) {
        const auto done = sql_->execute(sql);
        ASSERT_TRUE(done) << done.error().message << " in " << sql;
    }
    void add_beats(int monitor, int status, int count, int first_id) {
        for (int i = 0; i < count; ++i) {
            run(fmt::format(
                "INSERT INTO heartbeat (id, monitor_id, status, msg, time, ping, node_id, "
                "important) VALUES ({}, {}, {}, 'said {}', '2026-11-22 09:{:02}:00', 7, "
                "'node1', {})",
                first_id + i, monitor, status, i, i, i == 0));
        }
    }
    json::object ask(LiveQuery query = {}) {
        clock_->advance(Millis{1'000});
        auto answer = test::run_task(loop_, view_->snapshot(query, Deadline{}));
        EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
        return answer ? *answer : json::object{};
    }
    // Asks until the monitors are loaded.
    json::object ask_loaded(LiveQuery query = {}) {
        json::object answer;
        const bool loaded = test::run_until(loop_, [&] {
            answer = ask(query);
            return !answer.at("monitors").at("loading").as_bool();
        });
        EXPECT_TRUE(loaded);
        return answer;
    }
    static const json::array& items(const json::object& answer) {
        return answer.at("monitors").at("items").as_array();
    }

    boost::asio::io_context loop_;
    std::shared_ptr<SystemClock> system_ = std::make_shared<SystemClock>();
    std::shared_ptr<PutForwardClock> clock_ = std::make_shared<PutForwardClock>();
    std::unique_ptr<store::Connection> sql_;
    std::unique_ptr<store::Database> db_;
    std::unique_ptr<net::Resolver> resolver_;
    std::unique_ptr<net::HttpClient> http_;
    std::unique_ptr<cluster::Controller> controller_;
    std::unique_ptr<LiveView> view_;
};

TEST_F(LiveViewTest, ShowsAPageWithBarsProblemsFirst) {
    open(test::fresh_database(), 150);
    add_beats(140, 0, 35, 1);
    add_beats(141, 1, 3, 101);
    const auto answer = ask_loaded();
    EXPECT_EQ(answer.at("self"), "gateway-1");
    EXPECT_EQ(answer.at("monitors").at("total"), 150);
    ASSERT_EQ(items(answer).size(), 60u);
    const auto& first = items(answer)[0].as_object();
    EXPECT_EQ(first.at("name"), "Shop 000140");
    EXPECT_EQ(first.at("status"), "down");
    EXPECT_EQ(first.at("since"), "2026-11-22T09:00:00.000Z");
    EXPECT_EQ(first.at("target"), "https://shop.example/?…");
    const auto& beats = first.at("beats").as_array();
    ASSERT_EQ(beats.size(), 30u);
    EXPECT_EQ(beats.back().at("id"), 35);
    EXPECT_EQ(beats.back().at("msg"), "said 34");
    EXPECT_EQ(beats.back().at("node_id"), "node1");
    EXPECT_EQ(items(answer)[1].at("beats").as_array().size(), 0u);

    add_beats(140, 1, 1, 201);
    run("UPDATE heartbeat SET time = '2026-11-22 09:59:00' WHERE id = 201");
    LiveQuery known;
    known.beats_after = 103;
    known.status = "up";
    const auto next = ask(known);
    EXPECT_EQ(next.at("monitors").at("total"), 2);
    const auto& recovered = items(next)[0].as_object();
    EXPECT_EQ(recovered.at("since"), "2026-11-22T09:59:00.000Z");
    ASSERT_EQ(recovered.at("beats").as_array().size(), 1u);
    EXPECT_EQ(recovered.at("beats").as_array()[0].at("id"), 201);
    EXPECT_EQ(next.at("changes").as_array()[0].at("name"), "Shop 000140");
    EXPECT_TRUE(items(next)[1].at("beats").as_array().empty());
}

TEST_F(LiveViewTest, SearchesAndPages) {
    open(test::fresh_database(), 150);
    ask_loaded();
    LiveQuery query;
    query.search = "SHOP 00014";
    query.limit = 4;
    query.offset = 8;
    const auto answer = ask(query);
    EXPECT_EQ(answer.at("monitors").at("total"), 10);
    ASSERT_EQ(items(answer).size(), 2u);
    EXPECT_EQ(items(answer)[1].at("name"), "Shop 000149");
    query = {};
    query.node = "node2";
    EXPECT_EQ(ask(query).at("monitors").at("total"), 50);
    query.offset = 1'000'000;
    EXPECT_TRUE(items(ask(query)).empty());
}

TEST_F(LiveViewTest, ManySearchesAtOnceAreBounded) {
    open(test::fresh_database(), 3'000);
    ask_loaded();
    int answered = 0;
    for (int i = 0; i < 200; ++i) {
        LiveQuery query;
        query.search = std::to_string(i);
        const auto count = [&](std::exception_ptr, Result<json::object> result) {
            ++answered;
            EXPECT_TRUE(result || result.error().kind == ErrorKind::overloaded);
        };
        boost::asio::co_spawn(loop_, view_->snapshot(query, Deadline{}), count);
    }
    EXPECT_TRUE(test::run_until(loop_, [&] { return answered == 200; }));
}

TEST_F(LiveViewTest, AHundredThousandMonitorsAreLoadedAndPaged) {
    open(test::fresh_database(), 100'000);
    run("INSERT INTO heartbeat (monitor_id, status, time) SELECT seq, IF(seq % 1000 = 0, 0, 1), "
        "'2026-11-22 09:59:00' FROM seq_1_to_100000");
    LiveQuery query;
    query.offset = 99'960;
    const auto answer = ask_loaded(query);
    EXPECT_EQ(answer.at("monitors").at("total"), 100'000);
    EXPECT_EQ(answer.at("cluster").at("down"), 100);
    ASSERT_EQ(items(answer).size(), 40u);
    EXPECT_EQ(items(answer)[39].at("name"), "Shop 099999");
    query = {};
    query.search = "shop 05";
    EXPECT_EQ(ask(query).at("monitors").at("total"), 10'000);
}

TEST_F(LiveViewTest, AnswersWhatIsKnownWhileTheDatabaseIsAway) {
    test::MariaDbServer server;
    open(server.fresh_database(), 5);
    add_beats(1, 1, 5, 1);
    EXPECT_EQ(items(ask_loaded())[4].at("beats").as_array().size(), 5u);
    server.kill();
    json::object answer;
    EXPECT_TRUE(test::run_until(loop_, [&] {
        answer = ask();
        return !answer.at("database").at("error").as_string().empty();
    }));
    EXPECT_EQ(answer.at("database").at("reachable"), false);
    ASSERT_EQ(items(answer).size(), 5u);
    EXPECT_EQ(items(answer)[4].at("beats").as_array().size(), 5u);
}

TEST_F(LiveViewTest, RefusesAnUnknownStatus) {
    open(test::fresh_database(), 0);
    LiveQuery query;
    query.status = "broken";
    const auto answer = test::run_task(loop_, view_->snapshot(query, Deadline{}));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().field, "status");
}

}  // namespace
}  // namespace higuma::api
