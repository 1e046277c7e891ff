// Whole nodes in the test's process: database pool, engine, agent, authenticator and HTTP server on
// one loop with a thread of its own, over a migrated database of the test.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/node_api.hpp"
#include "checks/services.hpp"
#include "contract/api/raw_client.hpp"
#include "store/migrate.hpp"
#include "store/monitors.hpp"
#include "store/nodes.hpp"
#include "store/users.hpp"
#include "support/local_servers.hpp"
#include "support/mariadb.hpp"

namespace higuma::api {

class TestNode {
  public:
    TestNode(boost::asio::io_context& loop, const store::DatabaseConfig& config,
             const std::string& id, const std::string& secret)
        : address("127.0.0.1:" + std::to_string(test::free_port())),
          clock(std::make_shared<SystemClock>()),
          db(config, 4, 256, clock),
          services({}, loop.get_executor(), clock),
          engine(engine_config(id), loop.get_executor(), clock, services.context(), db),
          agent(agent_config(id), loop.get_executor(), clock, db, engine),
          auth(loop.get_executor(), clock, db) {
        auto token = [clock = clock, secret] {
            return make_service_token(secret, clock->wall_now(), Seconds{30});
        };
        context = std::make_shared<NodeApiContext>(
            NodeApiContext{NodeId{id}, "0.1.0", 1000, clock, clock->wall_now(), db, engine, agent,
                           auth, services.http(), token});
        server = std::make_unique<HttpServer>(loop.get_executor(), clock, ServerLimits{},
                                              node_endpoints(context));
        context->http_stats = [this] { return server->stats(); };
        server->listen(address);
        boost::asio::co_spawn(loop, agent.run(), boost::asio::detached);
    }

    Task<> drain() {
        const auto deadline = Deadline::after(*clock, std::chrono::seconds(20));
        co_await server->drain(deadline);
        co_await agent.drain(deadline);
        co_await engine.drain(deadline);
    }

    std::string address;
    std::shared_ptr<SystemClock> clock;
    store::Database db;
    checks::Services services;
    engine::Engine engine;
    cluster::NodeAgent agent;
    Authenticator auth;
    std::shared_ptr<NodeApiContext> context;
    std::unique_ptr<HttpServer> server;

  private:
    static engine::EngineConfig engine_config(const std::string& id) {
        engine::EngineConfig config;
        config.node = NodeId{id};
        config.beat_queue_limit = 100;  // small enough to be filled by a test
        return config;
    }
    cluster::NodeAgentConfig agent_config(const std::string& id) const {
        cluster::NodeAgentConfig config;
        config.self.id = NodeId{id};
        config.self.name = id;
        config.self.host = address;
        config.self.version = "0.1.0";
        // Only hints count here: what starts at once was started by one.
        config.poll_interval = Millis{600'000};
        return config;
    }
};

class NodeApiTest : public testing::Test {
  protected:
    void SetUp() override {
        config = server().fresh_database();
        sql = std::make_unique<store::Connection>(config);
        ASSERT_TRUE(store::migrate(*sql, [](const std::string&) {}));
        const auto user = store::create_user(*sql, "admin", bcrypt_hash("secret", 4));
        ASSERT_TRUE(user);
        const auto secret = random_token(40);
        const auto id = store::create_api_key(*sql, "test", bcrypt_hash(secret, 4), *user, {});
        ASSERT_TRUE(id);
        key = "uk" + std::to_string(id->value) + "_" + secret;
        const auto signing = store::jwt_secret(*sql);
        ASSERT_TRUE(signing);
        jwt_secret = *signing;
        for (const auto* name : {"node1", "node2"}) {
            nodes.push_back(std::make_unique<TestNode>(loop, config, name, jwt_secret));
        }
        thread = std::thread([this] { loop.run(); });
        ASSERT_TRUE(test::eventually([&] { return count("SELECT COUNT(*) FROM node") == 2; }));
        run("UPDATE node SET status = 'online'");
    }

    void TearDown() override {
        if (thread.joinable()) {
            for (auto& node : nodes) on_loop(*node);
            work.reset();
            thread.join();
        }
        nodes.clear();
    }

    // The server of the test's database; a test that stops it brings its own.
    virtual test::MariaDbServer& server() { return test::shared_mariadb(); }

    void run(const std::string& statement) {
        const auto done = sql->execute(statement);
        ASSERT_TRUE(done) << statement << ": " << done.error().message;
    }
    std::int64_t count(const std::string& query) {
        auto rows = sql->query(query);
        return rows && rows->size() > 0 ? rows->integer(0, 0) : -1;
    }

    test::Answer ask(const std::string& method, const std::string& target,
                     const std::string& body = "", std::vector<std::string> headers = {},
                     std::size_t node = 0) {
        headers.push_back("Authorization: Bearer " + key);
        return plain(method, target, body, std::move(headers), node);
    }
    // Without credentials.
    test::Answer plain(const std::string& method, const std::string& target,
                       const std::string& body = "", std::vector<std::string> headers = {},
                       std::size_t node = 0) {
        test::RawClient client(nodes.at(node)->address);
        client.send(test::request_text(method, target, headers, body));
        return client.read_answer(method == "HEAD");
    }
    static boost::json::object object(const test::Answer& answer) {
        boost::system::error_code error;
        auto value = boost::json::parse(answer.body, error);
        EXPECT_TRUE(!error && value.is_object()) << answer.body;
        return value.is_object() ? value.get_object() : boost::json::object{};
    }
    std::int64_t create(const std::string& monitor) {
        const auto answer = ask("POST", "/api/v1/monitors", monitor);
        EXPECT_EQ(answer.status, 201) << answer.body;
        return answer.status == 201 ? object(answer).at("id").as_int64() : -1;
    }
    bool runs(std::size_t node, std::int64_t id) {
        auto answer = std::make_shared<std::promise<bool>>();
        boost::asio::post(loop, [this, node, id, answer] {
            answer->set_value(nodes.at(node)->engine.runs(MonitorId{id}));
        });
        return answer->get_future().get();
    }

    store::DatabaseConfig config;
    std::unique_ptr<store::Connection> sql;
    std::string key, jwt_secret;
    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    std::vector<std::unique_ptr<TestNode>> nodes;
    std::thread thread;

  private:
    void on_loop(TestNode& node) {
        auto done = std::make_shared<std::promise<void>>();
        boost::asio::co_spawn(loop, node.drain(),
                              [done](std::exception_ptr) { done->set_value(); });
        done->get_future().wait();
    }
};

}  // namespace higuma::api
