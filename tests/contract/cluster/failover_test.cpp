#include <set>

#include "contract/cluster/fixture.hpp"
#include "contract/cluster/route_file.hpp"

namespace higuma::test {
namespace {

class WithoutNodes : public ClusterTest {};

TEST_F(WithoutNodes, AFullCycleHasNothingToCheck) {
    Running gateway(*this, "gateway");
    ASSERT_TRUE(until([&] { return gateway.controller.view().leader; }));
    ASSERT_TRUE(until([&] { return gateway.controller.view().statistics.cycles > 0; }));
    const auto deadline = Deadline::after(*clock, Seconds(10));
    const auto result = run_task(loop, gateway.controller.trigger_health_check(deadline));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->nodes.empty());
}

class Failover : public ClusterTest {
  protected:
    Failover() {
        add_node("node1", one.host(), true);
        add_node("node2", two.host());
        add_node("node3", three.host());
    }
    bool all_online(const Running& running) {
        return until([&] {
            const auto view = running.controller.view();
            if (view.nodes.size() != 3 || !view.leader) return false;
            for (const auto& node : view.nodes) {
                if (node.health.status != NodeStatus::online) return false;
            }
            return true;
        });
    }
    FakeNode one, two, three;
};

TEST_F(Failover, AKilledNodesMonitorsMoveAndComeHome) {
    add_monitors(300, "node2");
    add_monitors(30, "node1");
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    ASSERT_TRUE(until([&] { return gateway.controller.view().monitors_active == 330; }));
    const int hints_before = one.hints();

    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return stored_status("node2") == "offline"; }));
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 0; }));
    // Balanced over what is left, and each moved monitor under a new epoch.
    EXPECT_EQ(monitors_on("node1") + monitors_on("node3"), 330);
    EXPECT_LE(std::abs(monitors_on("node1") - monitors_on("node3")), 2);
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE node_id = 'node2' "
                     "AND assignment_epoch = 2 AND assigned_node IS NOT NULL"),
              300);
    EXPECT_TRUE(until([&] { return one.hints() > hints_before && three.hints() > 0; }));
    ASSERT_TRUE(until([&] { return events("failover") == 1; }));
    const auto rows =
        admin.query("SELECT node_id, monitors, detail FROM cluster_event WHERE kind = 'failover'");
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->string(0, 0), "node2");
    EXPECT_EQ(rows->integer(0, 1), 300);
    EXPECT_TRUE(
        rows->string(0, 2).starts_with("node2 went offline: 300 monitors moved to node1 ("));

    two.set(FakeNode::Mode::well);
    ASSERT_TRUE(until([&] { return stored_status("node2") == "online"; }));
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 300; }));
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assigned_node IS NOT NULL"), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE node_id = 'node2' "
                     "AND assignment_epoch = 3"),
              300);
    EXPECT_TRUE(until([&] { return events("recovery") == 1; }));
    EXPECT_TRUE(until([&] { return two.hints() > 0; }));
    EXPECT_GE(events("recovering"), 1);
    const auto view = gateway.controller.view();
    EXPECT_EQ(view.statistics.monitors_moved, 600U);
    EXPECT_EQ(view.statistics.failovers, 1U);
    EXPECT_EQ(view.statistics.recoveries, 1U);
    EXPECT_GE(view.statistics.detections, 1U);
}

// Fault 1: a dead node stays online.
TEST_F(Failover, ASilentNodeIsFoundByTheTimeout) {
    add_monitors(10, "node3");
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    three.set(FakeNode::Mode::silent);
    ASSERT_TRUE(until([&] { return stored_status("node3") == "offline"; }));
    ASSERT_TRUE(until([&] { return monitors_on("node3") == 0; }));
    EXPECT_GE(gateway.node("node3")->checks_failed, 2U);  // and a closed connection
}

// Fault 9: 429 is healthy.
TEST_F(Failover, ANodeThatLimitsRatesIsHealthy) {
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    const int before = two.checks();
    two.set(FakeNode::Mode::limited);
    ASSERT_TRUE(until([&] { return two.checks() > before + 10; }));
    EXPECT_EQ(gateway.own_status("node2"), NodeStatus::online);
    EXPECT_EQ(events("offline"), 0);
}

// Fault 7: one node with an empty host stops the whole round.
TEST_F(Failover, AnEmptyOrUnknownHostIsOneFailingNode) {
    add_node("node0", "");
    add_node("node4", "no-such-name.invalid:3001");
    Running gateway(*this, "gateway");
    ASSERT_TRUE(until([&] {
        return gateway.own_status("node1") == NodeStatus::online &&
               gateway.own_status("node3") == NodeStatus::online &&
               gateway.own_status("node0") == NodeStatus::offline &&
               gateway.own_status("node4") == NodeStatus::offline;
    }));
    EXPECT_EQ(gateway.node("node0")->health.last_error, "host is empty");
    ASSERT_TRUE(until([&] { return stored_status("node0") == "offline"; }));
    EXPECT_TRUE(until([&] { return gateway.controller.view().statistics.cycles > 2; }));
    EXPECT_EQ(stored_status("node2"), "online");
}

// Fault 8: when all nodes fail together and some return, nothing of the others is forgotten.
TEST_F(Failover, WhenAllFailAndOneReturnsItTakesEverything) {
    for (const char* node : {"node1", "node2", "node3"}) add_monitors(20, node);
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    for (auto* node : {&one, &two, &three}) node->set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] {
        return stored_status("node1") == "offline" && stored_status("node2") == "offline" &&
               stored_status("node3") == "offline";
    }));
    three.set(FakeNode::Mode::well);
    ASSERT_TRUE(until([&] { return monitors_on("node3") == 60; }));
    two.set(FakeNode::Mode::well);
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 20; }));
    one.set(FakeNode::Mode::well);
    ASSERT_TRUE(until([&] {
        return number("SELECT COUNT(*) FROM monitor WHERE assigned_node IS NOT NULL") == 0;
    }));
    EXPECT_EQ(monitors_on("node1"), 20);
}

// More than one statement a target: every monitor moves once, and people read of one failover.
TEST_F(Failover, ThousandsOfMonitorsMoveInChunks) {
    add_monitors(9'000, "node2");
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    ASSERT_TRUE(until([&] { return gateway.controller.view().monitors_active == 9'000; }));
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return events("failover") == 1; }));
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assigned_node IN ('node1', 'node3') "
                     "AND assignment_epoch = 2"),
              9'000);
    EXPECT_EQ(number("SELECT monitors FROM cluster_event WHERE kind = 'failover'"), 9'000);
    const auto figures = gateway.controller.view().statistics;
    EXPECT_EQ(figures.monitors_moved, 9'000U);
    EXPECT_TRUE(figures.last_failover_took.has_value());
    RecordProperty("took_ms", static_cast<int>(figures.last_failover_took->count()));
}

TEST_F(Failover, PinnedMonitorsStay) {
    add_monitors(3, "node2");
    ASSERT_TRUE(admin.execute("UPDATE monitor SET pinned = 1 WHERE id = 1"));
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 1; }));
    EXPECT_EQ(number("SELECT pinned FROM monitor WHERE node_id = 'node2' "
                     "AND assigned_node IS NULL"),
              1);
}

TEST_F(Failover, MonitorsWithoutAHomeAreAdopted) {
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    add_monitors(30, "");
    ASSERT_TRUE(
        until([&] { return number("SELECT COUNT(*) FROM monitor WHERE node_id IS NULL") == 0; }));
    EXPECT_EQ(monitors_on("node2"), 10);
    ASSERT_TRUE(until([&] { return events("adoption") >= 1; }));
    EXPECT_EQ(number("SELECT SUM(monitors) FROM cluster_event WHERE kind = 'adoption'"), 30);
}

TEST_F(Failover, NewNodesAreWatchedAndDeletedOnesForgotten) {
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    FakeNode four;
    add_node("node4", four.host());
    ASSERT_TRUE(until([&] { return gateway.own_status("node4") == NodeStatus::online; }));
    ASSERT_TRUE(store::delete_node(admin, NodeId{"node4"}));
    ASSERT_TRUE(until([&] { return !gateway.node("node4"); }));
    const int checks = four.checks();
    let_run(Millis{500});
    EXPECT_LE(four.checks(), checks + 2);  // one that was under way
}

TEST_F(Failover, ANodeAtANewAddressIsFoundThere) {
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    FakeNode moved;
    add_node("node2", moved.host());
    ASSERT_TRUE(until([&] { return moved.checks() > 2; }));
    EXPECT_EQ(gateway.node("node2")->address, moved.host());
}

// Faults 2 and 4: one cycle at a time, at the configured interval.
TEST_F(Failover, TheFullCycleRunsOnceAtATimeAndWritesWhoWasSeen) {
    detector.full_interval = Millis{3'600'000};
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    const auto cycles = [&] { return gateway.controller.view().statistics.cycles; };
    ASSERT_TRUE(until([&] { return cycles() >= 1; }));
    let_run(Millis{600});
    EXPECT_EQ(cycles(), 1U);
    two.set(FakeNode::Mode::silent);
    const auto deadline = Deadline::after(*clock, Seconds(30));
    std::size_t done = 0;
    const auto count = [&](std::exception_ptr, Result<cluster::CycleResult> result) {
        ASSERT_TRUE(result) << result.error().message;
        ASSERT_EQ(result->nodes.size(), 3U);
        EXPECT_FALSE(result->nodes[1].ok);
        EXPECT_TRUE(result->nodes[2].ok);
        ++done;
    };
    for (int i = 0; i < 5; ++i) {
        boost::asio::co_spawn(loop, gateway.controller.trigger_health_check(deadline), count);
    }
    ASSERT_TRUE(until([&] { return done == 5; }));
    EXPECT_EQ(cycles(), 2U);  // the five shared one
    ASSERT_TRUE(until([&] {
        return number(
                   "SELECT COUNT(*) FROM node WHERE last_seen IS NOT NULL "
                   "AND node_id <> 'node2'") == 2;
    }));
}

TEST_F(Failover, RouteTablesVerifyAndFollow) {
    add_monitors(10, "node2");
    ASSERT_TRUE(admin.execute("UPDATE monitor SET push_token = 'abc' WHERE id = 1"));
    Running gateway(*this, "gateway");
    ASSERT_TRUE(all_online(gateway));
    const auto nodes = gateway.file("nodes.route"), owners = gateway.file("owners.route");
    ASSERT_TRUE(until([&] { return owner_in(owners, 1) == "node2"; }));
    EXPECT_EQ(token_owner_in(owners, "abc"), "node2");
    ASSERT_TRUE(until([&] { return route_node(nodes, "node1") == "online 1000 of 0 primary"; }))
        << route_node(nodes, "node1");
    ASSERT_TRUE(until([&] { return route_node(nodes, "node2") == "online 1000 of 10"; }));
    const auto generation = route_generation(nodes);

    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return route_node(nodes, "node2").starts_with("offline"); }));
    ASSERT_TRUE(until([&] { return owner_in(owners, 1) != "node2"; }));
    EXPECT_GT(route_generation(nodes), generation);
    two.set(FakeNode::Mode::well);
    ASSERT_TRUE(until([&] { return owner_in(owners, 1) == "node2"; }));
}

}  // namespace
}  // namespace higuma::test
