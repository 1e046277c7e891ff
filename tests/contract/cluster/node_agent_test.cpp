#include "cluster/node_agent.hpp"

#include "checks/services.hpp"
#include "contract/cluster/fixture.hpp"
#include "engine/engine.hpp"

namespace higuma::test {
namespace {

class AgentTest : public ClusterTest {
  protected:
    explicit AgentTest(MariaDbServer& server = shared_mariadb()) : ClusterTest(server) {}

    // A node's half that reconciles, with a real engine; drained when it goes.
    struct Agent {
        Agent(AgentTest& test, const std::string& id)
            : loop(test.loop),
              clock(test.clock),
              db(test.database_config, 2, 64, test.clock),
              services({}, loop.get_executor(), clock),
              engine(engine_config(id), loop.get_executor(), clock, services.context(), db),
              agent(agent_config(id), loop.get_executor(), clock, db, engine) {
            engine.on_superseded = [this] { ++superseded; };
            const auto at_end = [this](std::exception_ptr) { ended = true; };
            boost::asio::co_spawn(loop, agent.run(), at_end);
        }
        ~Agent() {
            run_task(loop, agent.drain(Deadline::after(*clock, Seconds(10))));
            run_task(loop, engine.drain(Deadline::after(*clock, Seconds(10))));
        }
        static engine::EngineConfig engine_config(const std::string& id) {
            engine::EngineConfig out;
            out.node = NodeId{id};
            return out;
        }
        static cluster::NodeAgentConfig agent_config(const std::string& id) {
            cluster::NodeAgentConfig out;
            out.self.id = NodeId{id};
            out.self.name = id;
            out.self.host = "127.0.0.1:1";
            out.renew_interval = Millis{100};
            out.poll_interval = Millis{100};
            out.maintenance_interval = Millis{200};
            return out;
        }
        std::size_t runs() const { return engine.stats().monitors; }

        boost::asio::io_context& loop;
        std::shared_ptr<const Clock> clock;
        store::Database db;
        checks::Services services;
        engine::Engine engine;
        cluster::NodeAgent agent;
        bool ended = false;
        int superseded = 0;
    };
};

TEST_F(AgentTest, RunsExactlyTheMonitorsWhoseEffectiveNodeItIs) {
    add_monitors(20, "node1");
    add_monitors(5, "node2");
    Agent agent(*this, "node1");
    ASSERT_TRUE(until([&] { return agent.runs() == 20; }));
    EXPECT_EQ(number("SELECT incarnation FROM node WHERE node_id = 'node1'"), 1);
    EXPECT_TRUE(agent.agent.stats().lease_held);

    add_monitors(3, "node1");
    ASSERT_TRUE(until([&] { return agent.runs() == 23; }));
    const auto seq =
        std::to_string(number("SELECT value + 1 FROM cluster_counter "
                              "WHERE name = 'monitor'"));
    ASSERT_TRUE(
        admin.execute("UPDATE monitor SET assigned_node = 'node2', "
                      "assignment_epoch = assignment_epoch + 1, change_seq = " +
                      seq + " WHERE id <= 10"));
    ASSERT_TRUE(
        admin.execute("UPDATE cluster_counter SET value = " + seq + " WHERE name = 'monitor'"));
    ASSERT_TRUE(until([&] { return agent.runs() == 13; }));
    EXPECT_FALSE(agent.engine.runs(MonitorId{1}));
}

TEST_F(AgentTest, ManyHintsBecomeFewRuns) {
    Agent agent(*this, "node1");
    ASSERT_TRUE(until([&] { return agent.agent.stats().reconciles > 0; }));
    const auto before = agent.agent.stats().reconciles;
    int answered = 0;
    const auto count = [&](std::exception_ptr, Result<cluster::ReconcileReport> report) {
        EXPECT_TRUE(report);
        ++answered;
    };
    for (int i = 0; i < 200; ++i) {
        agent.agent.hint();
        boost::asio::co_spawn(loop, agent.agent.reconcile(Deadline::after(*clock, Seconds(30))),
                              count);
    }
    ASSERT_TRUE(until([&] { return answered == 200; }));
    EXPECT_LE(agent.agent.stats().reconciles, before + 6);
    EXPECT_EQ(agent.agent.stats().hints, 200U);
}

TEST_F(AgentTest, AVanishedRowIsRegisteredAgain) {
    Agent agent(*this, "node1");
    ASSERT_TRUE(until([&] { return agent.agent.stats().registered; }));
    ASSERT_TRUE(admin.execute("DELETE FROM node WHERE node_id = 'node1'"));
    ASSERT_TRUE(
        until([&] { return number("SELECT COUNT(*) FROM node WHERE node_id = 'node1'") == 1; }));
    EXPECT_FALSE(agent.ended);
}

TEST_F(AgentTest, ANewerProcessUnderTheSameIdEndsTheOlderOne) {
    add_monitors(4, "node1");
    Agent older(*this, "node1");
    ASSERT_TRUE(until([&] { return older.runs() == 4; }));
    Agent newer(*this, "node1");
    ASSERT_TRUE(until([&] { return older.ended; }));
    EXPECT_TRUE(older.agent.stats().superseded);
    EXPECT_EQ(older.superseded, 1);
    EXPECT_EQ(older.runs(), 0U);
    ASSERT_TRUE(until([&] { return newer.runs() == 4; }));
    EXPECT_FALSE(newer.agent.stats().superseded);
}

class AgentWithoutDatabase : public AgentTest {
  protected:
    AgentWithoutDatabase() : AgentTest(own_server()) {}
    ~AgentWithoutDatabase() override { own_server().thaw(); }
    static MariaDbServer& own_server() {
        static MariaDbServer own;
        return own;
    }
};

TEST_F(AgentWithoutDatabase, WaitsForItAtTheStart) {
    add_monitors(2, "node1");
    own_server().stop();
    Agent agent(*this, "node1");
    ASSERT_TRUE(until([&] { return agent.agent.stats().failures > 1; }));
    EXPECT_FALSE(agent.agent.stats().registered);
    const auto early = run_task(loop, agent.agent.reconcile(Deadline::after(*clock, Seconds(1))));
    EXPECT_EQ(early.error().kind, ErrorKind::unavailable);
    own_server().start();
    EXPECT_TRUE(until([&] { return agent.runs() == 2; }));
}

TEST_F(AgentWithoutDatabase, ChecksGoOnWhileItIsAway) {
    add_monitors(2, "node1");
    Agent agent(*this, "node1");
    ASSERT_TRUE(until([&] { return agent.runs() == 2; }));
    own_server().stop();
    const auto failures = agent.agent.stats().failures;
    ASSERT_TRUE(until([&] { return agent.agent.stats().failures > failures; }));
    EXPECT_EQ(agent.runs(), 2U);
    own_server().start();
    const auto renewed = agent.agent.stats().reconciles;
    agent.agent.hint();
    EXPECT_TRUE(until([&] { return agent.agent.stats().reconciles > renewed; }));
}

}  // namespace
}  // namespace higuma::test
