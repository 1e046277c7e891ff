#include "contract/cluster/fixture.hpp"
#include "contract/cluster/route_file.hpp"

namespace higuma::test {
namespace {

class Leader : public ClusterTest {
  protected:
    Leader() {
        add_node("node1", one.host());
        add_node("node2", two.host());
    }
    static bool leads(const Running& running) { return running.controller.view().leader; }
    FakeNode one, two;
};

TEST_F(Leader, OneOfTwoControllersLeadsAndTheOtherTakesOver) {
    add_monitors(40, "node2");
    auto first = std::make_unique<Running>(*this, "gateway-a");
    ASSERT_TRUE(until([&] { return leads(*first); }));
    Running second(*this, "gateway-b");
    ASSERT_TRUE(until([&] { return second.controller.view().leader_holder == "gateway-a"; }));
    EXPECT_FALSE(leads(second));

    // The follower watches too, but only the leader writes.
    ASSERT_TRUE(until([&] { return second.own_status("node2") == NodeStatus::online; }));
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 0; }));
    ASSERT_TRUE(until([&] { return second.own_status("node2") == NodeStatus::offline; }));
    ASSERT_TRUE(until(
        [&] { return route_node(second.file("nodes.route"), "node2").starts_with("offline"); }));
    ASSERT_TRUE(until([&] { return events("failover") == 1; }));
    EXPECT_EQ(events("offline"), 1);
    EXPECT_EQ(second.controller.view().statistics.monitors_moved, 0U);
    // Nobody's move was done twice.
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assignment_epoch <> 2"), 0);

    // A follower is no place to ask for a cycle.
    const auto refused = run_task(
        loop, second.controller.trigger_health_check(Deadline::after(*clock, Seconds(10))));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);

    const auto term = first->controller.view().leader_term;
    first.reset();  // gives the lease up
    ASSERT_TRUE(until([&] { return leads(second); }));
    EXPECT_GT(second.controller.view().leader_term, term);
    two.set(FakeNode::Mode::well);
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 40; }));
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assignment_epoch <> 3"), 0);
    EXPECT_EQ(events("leader"), 2);
}

TEST_F(Leader, ALeaseThatSomebodyTookEndsLeadershipAtOnce) {
    Running gateway(*this, "gateway");
    ASSERT_TRUE(until([&] { return leads(gateway); }));
    ASSERT_TRUE(until([&] { return gateway.own_status("node2") == NodeStatus::online; }));
    ASSERT_TRUE(
        admin.execute("UPDATE cluster_lease SET holder = 'other', term = term + 1, "
                      "expires = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR"));
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return !leads(gateway); }));
    ASSERT_TRUE(until([&] { return gateway.own_status("node2") == NodeStatus::offline; }));
    add_monitors(5, "node2");
    let_run(Millis{700});
    EXPECT_EQ(monitors_on("node2"), 5);
}

class DatabaseAway : public ClusterTest {
  protected:
    DatabaseAway() : ClusterTest(own_server()) {
        add_node("node1", one.host());
        add_node("node2", two.host());
        add_monitors(20, "node2");
    }
    ~DatabaseAway() override { own_server().thaw(); }
    // Not the shared one: these tests stop it.
    static MariaDbServer& own_server() {
        static MariaDbServer server;
        return server;
    }
    bool ready(const Running& gateway) {
        return until([&] {
            return gateway.controller.view().leader &&
                   gateway.controller.view().monitors_active == 20 &&
                   gateway.own_status("node1") == NodeStatus::online &&
                   gateway.own_status("node2") == NodeStatus::online;
        });
    }
    FakeNode one, two;
};

// Fault 12: without the database, routing goes on by what the gateway sees itself.
TEST_F(DatabaseAway, ADeadNodeLeavesTheRoutesWhileTheDatabaseIsFrozen) {
    Running gateway(*this, "gateway");
    ASSERT_TRUE(ready(gateway));
    own_server().freeze();
    ASSERT_TRUE(until([&] { return !gateway.controller.view().database_reachable; }));
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until(
        [&] { return route_node(gateway.file("nodes.route"), "node2").starts_with("offline"); }));
    EXPECT_TRUE(route_node(gateway.file("nodes.route"), "node1").starts_with("online"));
    EXPECT_TRUE(until([&] { return !gateway.controller.view().leader; }));
    EXPECT_EQ(gateway.controller.view().statistics.monitors_moved, 0U);

    own_server().thaw();
    ASSERT_TRUE(until([&] { return gateway.controller.view().leader; }));
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 0; }));
    ASSERT_TRUE(until([&] { return stored_status("node2") == "offline"; }));
    EXPECT_TRUE(until([&] { return events("failover") == 1; }));
}

TEST_F(DatabaseAway, ARestartOfTheDatabaseMovesNothing) {
    Running gateway(*this, "gateway");
    ASSERT_TRUE(ready(gateway));
    own_server().stop();
    ASSERT_TRUE(until([&] { return !gateway.controller.view().database_reachable; }));
    own_server().start();
    ASSERT_TRUE(until([&] { return gateway.controller.view().leader; }));
    ASSERT_TRUE(until([&] { return gateway.controller.view().database_reachable; }));
    let_run(Millis{500});
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assignment_epoch <> 1"), 0);
    EXPECT_EQ(events("offline"), 0);
}

TEST_F(DatabaseAway, AControllerThatStartsWithoutADatabaseLeavesTheTablesAlone) {
    own_server().freeze();
    Running gateway(*this, "gateway");
    ASSERT_TRUE(until([&] { return !gateway.controller.view().database_error.empty(); }));
    let_run(Millis{1'000});
    EXPECT_FALSE(std::filesystem::exists(gateway.file("nodes.route")));
    own_server().thaw();
    ASSERT_TRUE(ready(gateway));
    EXPECT_TRUE(until(
        [&] { return route_node(gateway.file("nodes.route"), "node2").starts_with("online"); }));
}

}  // namespace
}  // namespace higuma::test
