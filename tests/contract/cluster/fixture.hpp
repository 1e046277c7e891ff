// A controller against a real database and small local nodes that can be well, dead or silent.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <mutex>

#include "cluster/controller.hpp"
#include "net/http_client.hpp"
#include "net/resolver.hpp"
#include "routing/table_view.hpp"
#include "store/migrate.hpp"
#include "store/nodes.hpp"
#include "support/local_servers.hpp"
#include "support/mariadb.hpp"
#include "support/run_task.hpp"
#include "support/temp_folder.hpp"

namespace higuma::test {

// Answers health checks as told, and counts the reconcile hints that it gets.
class FakeNode {
  public:
    enum class Mode { well, dead, silent, limited };
    FakeNode() : server_([this](const ServedRequest& request) { return answer(request); }) {}
    void set(Mode mode) {
        mode_ = mode;
        if (mode != Mode::well) server_.close_connections();
    }
    void announce(const std::string& body) {
        const std::lock_guard lock(mutex_);
        body_ = body;
    }
    std::string host() const { return "127.0.0.1:" + std::to_string(server_.port()); }
    int hints() const { return hints_; }
    int checks() const { return checks_; }

  private:
    ServedReply answer(const ServedRequest& request) {
        ServedReply reply;
        if (request.target == "/api/v1/reconcile-monitors") {
            if (request.header("authorization") == "Bearer service") ++hints_;
            return reply;
        }
        ++checks_;
        {
            const std::lock_guard lock(mutex_);
            reply.body = body_;
        }
        reply.drop = mode_ == Mode::dead;
        reply.hang = mode_ == Mode::silent;
        if (mode_ == Mode::limited) reply.status = 429;
        return reply;
    }
    std::mutex mutex_;
    std::string body_ = "{}";
    std::atomic<Mode> mode_{Mode::well};
    std::atomic<int> hints_{0}, checks_{0};
    LocalHttpServer server_;
};

class ClusterTest : public ::testing::Test {
  protected:
    explicit ClusterTest(MariaDbServer& server = shared_mariadb())
        : database_config(server.fresh_database()), admin(database_config) {
        const auto quiet = [](const std::string&) {};
        const auto migrated = store::migrate(admin, quiet);
        if (!migrated) throw std::runtime_error(migrated.error().message);
        database_config.query_timeout = Millis{2'000};
    }

    // One controller with everything that it needs; drained when it goes.
    struct Running {
        Running(ClusterTest& test, const std::string& self)
            : loop(test.loop),
              clock(test.clock),
              db(test.database_config, 4, 64, test.clock),
              http(loop.get_executor(), clock),
              resolver(loop.get_executor(), clock, ""),
              controller(test.config(self, folder.path().string()), loop.get_executor(), clock, db,
                         resolver, http, [] { return std::string("service"); }) {
            boost::asio::co_spawn(loop, controller.run(), boost::asio::detached);
        }
        ~Running() { drain(); }
        void drain() {
            if (drained) return;
            drained = true;
            run_task(loop, controller.drain(Deadline::after(*clock, Seconds(10))));
        }
        std::optional<cluster::NodeView> node(const std::string& id) const {
            for (const auto& each : controller.view().nodes) {
                if (each.node.id.value == id) return each;
            }
            return std::nullopt;
        }
        NodeStatus own_status(const std::string& id) const {
            const auto found = node(id);
            return found ? found->health.status : NodeStatus::unknown;
        }
        std::string file(const std::string& name) const { return (folder.path() / name).string(); }

        TempFolder folder;
        boost::asio::io_context& loop;
        std::shared_ptr<const Clock> clock;
        store::Database db;
        net::HttpClient http;
        net::Resolver resolver;
        cluster::Controller controller;
        bool drained = false;
    };

    cluster::ControllerConfig config(const std::string& self, const std::string& folder) const {
        cluster::ControllerConfig out;
        out.self = self;
        out.gateway.id = self;
        out.heartbeat_interval = Millis{500};
        out.route_directory = folder;
        out.detector = detector;
        out.lease_ttl = Millis{2'000};
        out.lease_renew = Millis{200};
        out.poll_interval = Millis{100};
        out.owners_write_interval = Millis{20};
        out.slow_start = Millis{500};
        out.churn_percent_per_minute = churn;
        return out;
    }
    static policy::DetectorConfig fast_detector() {
        policy::DetectorConfig out;
        out.full_interval = Millis{400};
        out.liveness_interval = Millis{100};
        out.fast_interval = Millis{40};
        out.check_timeout = Millis{1'000};
        out.liveness_timeout = Millis{1'000};
        out.flap_limit = 0;
        return out;
    }

    void add_node(const std::string& id, const std::string& host, bool primary = false) {
        Node node;
        node.id = NodeId{id};
        node.name = id;
        node.host = host;
        node.is_primary = primary;
        const auto made = store::register_node(admin, node, Millis{600'000});
        ASSERT_TRUE(made) << made.error().message;
    }
    // As a REST client would have it: with a change number. `home` empty: without a home.
    void add_monitors(int count, const std::string& home) {
        const auto added = admin.transaction([&](store::Connection& db) -> Result<void> {
            auto seq = db.execute(
                "UPDATE cluster_counter SET value = LAST_INSERT_ID(value + 1) "
                "WHERE name = 'monitor'");
            if (!seq) return seq.error();
            std::string rows;
            for (int i = 0; i < count; ++i) {
                rows += (i ? "," : "") + std::string("('m','push',") +
                        (home.empty() ? "NULL" : db.quote(home)) + "," +
                        std::to_string(seq->last_insert_id) + ")";
            }
            auto made =
                db.execute("INSERT INTO monitor (name, type, node_id, change_seq) VALUES " + rows);
            if (!made) return made.error();
            return {};
        });
        ASSERT_TRUE(added) << added.error().message;
    }
    std::int64_t number(const std::string& sql) {
        auto rows = admin.query(sql);
        if (!rows) rows = admin.query(sql);  // the server may have been started anew
        if (!rows) throw std::runtime_error(rows.error().message);
        return rows->integer(0, 0);
    }
    std::int64_t monitors_on(const std::string& node) {
        return number("SELECT COUNT(*) FROM monitor WHERE COALESCE(assigned_node, node_id) = '" +
                      node + "'");
    }
    std::string stored_status(const std::string& node) {
        const auto rows = admin.query("SELECT status FROM node WHERE node_id = '" + node + "'");
        if (!rows) throw std::runtime_error(rows.error().message);
        return rows->string(0, 0);
    }
    std::int64_t events(const std::string& kind) {
        return number("SELECT COUNT(*) FROM cluster_event WHERE kind = '" + kind + "'");
    }
    bool until(const std::function<bool()>& holds) { return run_until(loop, holds); }
    // Lets the loop run on for a while, to see that something does not happen.
    void let_run(Millis span) {
        const auto end = std::chrono::steady_clock::now() + span;
        run_until(loop, [&] { return std::chrono::steady_clock::now() >= end; });
    }

    boost::asio::io_context loop;
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
    policy::DetectorConfig detector = fast_detector();
    double churn = 0;  // percent of the load a minute; no limit
    store::DatabaseConfig database_config;
    store::Connection admin;
};

}  // namespace higuma::test
