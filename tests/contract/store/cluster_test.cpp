#include "store/cluster.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ClusterTest : public StoreTest {
  protected:
    Lease take(const std::string& holder, Millis ttl = Millis{60'000}) {
        auto lease = acquire_lease(*db, "leader", holder, ttl);
        EXPECT_TRUE(lease.has_value()) << (lease ? std::string() : lease.error().message);
        return lease ? *lease : Lease{};
    }
    void let_it_lapse() { run("UPDATE cluster_lease SET expires = UTC_TIMESTAMP(3)"); }
};

TEST_F(ClusterTest, OneOfTwoHoldersHasTheLease) {
    const auto first = take("gateway1");
    EXPECT_TRUE(first.mine);
    EXPECT_EQ(first.term, 1U);
    EXPECT_GT(first.remaining, Millis{0});
    const auto second = take("gateway2");
    EXPECT_FALSE(second.mine);
    EXPECT_EQ(second.holder, "gateway1");
    EXPECT_EQ(second.term, 1U);
    EXPECT_GT(second.remaining, Millis{0});
    EXPECT_EQ(take("gateway1").term, 1U);
}

TEST_F(ClusterTest, ALapsedLeaseIsTakenUnderANewTermAndKeptUnderTheOld) {
    take("gateway1");
    let_it_lapse();
    EXPECT_EQ(take("gateway1").term, 1U);
    let_it_lapse();
    const auto taken = take("gateway2");
    EXPECT_TRUE(taken.mine);
    EXPECT_EQ(taken.term, 2U);
    EXPECT_FALSE(take("gateway1").mine);
}

TEST_F(ClusterTest, AReleasedLeaseIsFreeAtOnceAndOnlyItsHolderReleasesIt) {
    take("gateway1");
    HIGUMA_OK(release_lease(*db, "leader", "gateway2"));
    EXPECT_FALSE(take("gateway2").mine);
    HIGUMA_OK(release_lease(*db, "leader", "gateway1"));
    const auto taken = take("gateway2");
    EXPECT_TRUE(taken.mine);
    EXPECT_EQ(taken.term, 2U);
}

TEST_F(ClusterTest, LeasesEndByTheDatabasesClock) {
    // A session's clock stands where it is told to: the server's view of an hour later.
    take("gateway1", Millis{10'000});
    Connection later(config);
    auto moved = later.execute("SET SESSION timestamp = UNIX_TIMESTAMP() + 3600");
    HIGUMA_OK(moved);
    auto taken = acquire_lease(later, "leader", "gateway2", Millis{10'000});
    HIGUMA_OK(taken);
    EXPECT_TRUE(taken->mine);
    EXPECT_EQ(taken->term, 2U);
}

TEST_F(ClusterTest, ManyAtOnceOneLeader) {
    std::vector<std::thread> threads;
    std::atomic<int> leaders = 0;
    std::atomic<int> failures = 0;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&, i] {
            Connection own(config);
            auto lease =
                acquire_lease(own, "leader", "gateway" + std::to_string(i), Millis{60'000});
            if (!lease) ++failures;
            if (lease && lease->mine) ++leaders;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(leaders, 1);
}

TEST_F(ClusterTest, NodeStatusIsTheLeadersToWrite) {
    add_node("node1");
    const auto leader = lead("gateway1");
    HIGUMA_OK(write_node_status(*db, leader, {"node1"}, NodeStatus::online, "", true));
    auto stored = get_node(*db, {"node1"});
    EXPECT_EQ(stored->status, NodeStatus::online);
    ASSERT_TRUE(stored->last_seen.has_value());
    ASSERT_TRUE(stored->status_since.has_value());
    run("UPDATE node SET status_since = '2020-01-01', last_seen = '2020-01-01'");
    HIGUMA_OK(write_node_status(*db, leader, {"node1"}, NodeStatus::online, "slow", false));
    stored = get_node(*db, {"node1"});
    EXPECT_EQ(format_sql_time(*stored->status_since), "2020-01-01 00:00:00.000");
    EXPECT_EQ(format_sql_time(*stored->last_seen), "2020-01-01 00:00:00.000");
    EXPECT_EQ(stored->last_error, "slow");
    HIGUMA_OK(write_node_status(*db, leader, {"node1"}, NodeStatus::offline, "'gone'\xff", false));
    stored = get_node(*db, {"node1"});
    EXPECT_GT(format_sql_time(*stored->status_since), "2020-01-02");
    EXPECT_EQ(stored->last_error, "'gone'?");
    EXPECT_EQ(write_node_status(*db, leader, {"node9"}, NodeStatus::online, "", true).error().kind,
              ErrorKind::not_found);
    let_it_lapse();
    EXPECT_EQ(write_node_status(*db, leader, {"node1"}, NodeStatus::online, "", true).error().kind,
              ErrorKind::stale);
    take("gateway2");
    EXPECT_EQ(write_node_status(*db, leader, {"node1"}, NodeStatus::online, "", true).error().kind,
              ErrorKind::stale);
    EXPECT_EQ(get_node(*db, {"node1"})->status, NodeStatus::offline);
}

TEST_F(ClusterTest, MovesCompareAndSetTheEpoch) {
    add_node("node1");
    const auto a = add_monitor("node1");
    const auto b = add_monitor("node1");
    const auto c = add_monitor("node1");
    const auto leader = lead();
    auto applied = apply_moves(
        *db, leader, {{c, Epoch{1}, {"node2"}}, {a, Epoch{1}, {"node2"}}, {b, Epoch{7}, {"node2"}}},
        2);
    HIGUMA_OK(applied);
    EXPECT_EQ(applied->moved, 2U);
    EXPECT_EQ(applied->refused, 1U);
    EXPECT_EQ(applied->upto, *current_change_seq(*db));
    const std::string state =
        "SELECT GROUP_CONCAT(CONCAT_WS('/', node_id, COALESCE(assigned_node, '-'), "
        "assignment_epoch) ORDER BY id) FROM monitor";
    EXPECT_EQ(word(state), "node1/node2/2,node1/-/1,node1/node2/2");
    auto home = apply_moves(*db, leader,
                            {{a, Epoch{2}, {"node1"}, AssignmentChange::home},
                             {c, Epoch{2}, {"node3"}, AssignmentChange::home}});
    HIGUMA_OK(home);
    EXPECT_EQ(home->moved, 1U);
    EXPECT_EQ(word(state), "node1/-/3,node1/-/1,node1/node2/2");
    EXPECT_EQ(apply_moves(*db, leader, {})->moved, 0U);
}

TEST_F(ClusterTest, AdoptionGivesAHomeOnlyToMonitorsWithoutOne) {
    add_node("node1");
    const auto placed = add_monitor("node1");
    run("INSERT INTO monitor (name, type) VALUES ('from a stock Uptime Kuma', 'http')");
    const MonitorId stray{number("SELECT MAX(id) FROM monitor")};
    auto delta = assignments_changed_since(*db, *current_change_seq(*db));
    HIGUMA_OK(delta);
    ASSERT_THAT(delta->changed, SizeIs(1));
    EXPECT_EQ(delta->changed[0].id, stray);
    EXPECT_FALSE(delta->changed[0].home.has_value());
    auto applied = apply_moves(*db, lead(),
                               {{stray, Epoch{1}, {"node1"}, AssignmentChange::adopt},
                                {placed, Epoch{1}, {"node2"}, AssignmentChange::adopt}});
    HIGUMA_OK(applied);
    EXPECT_EQ(applied->moved, 1U);
    EXPECT_EQ(word(sql_format("SELECT CONCAT(node_id, assignment_epoch) FROM monitor WHERE id = ?",
                              stray)),
              "node12");
    EXPECT_THAT(assignments_changed_since(*db, *current_change_seq(*db))->changed, IsEmpty());
}

TEST_F(ClusterTest, ARehomedMonitorBelongsToItsNewNode) {
    add_node("node1");
    const auto at_home = add_monitor("node1");
    const auto away = add_monitor("node1");
    const auto late = add_monitor("node1");
    const auto leader = lead();
    HIGUMA_OK(apply_moves(*db, leader, {{away, Epoch{1}, {"node2"}}}));
    auto applied = apply_moves(*db, leader,
                               {{at_home, Epoch{1}, {"node3"}, AssignmentChange::rehome},
                                {away, Epoch{2}, {"node3"}, AssignmentChange::rehome},
                                {late, Epoch{9}, {"node3"}, AssignmentChange::rehome}});
    HIGUMA_OK(applied);
    EXPECT_EQ(applied->moved, 2U);
    EXPECT_EQ(applied->refused, 1U);
    EXPECT_EQ(word("SELECT GROUP_CONCAT(CONCAT_WS('/', node_id, COALESCE(assigned_node, '-'), "
                   "assignment_epoch) ORDER BY id) FROM monitor"),
              "node3/-/2,node3/-/3,node1/-/1");
}

TEST_F(ClusterTest, WhatIsStoredWithMovesIsStoredTogetherOrNotAtAll) {
    add_node("node1");
    const auto id = add_monitor("node1");
    const auto leader = lead();
    const auto fails = [](Connection&, const MovesApplied&) -> Result<void> {
        return Failure{ErrorKind::conflict, "no", ""};
    };
    EXPECT_FALSE(apply_moves(*db, leader, {{id, Epoch{1}, {"node2"}}}, 10, fails).has_value());
    EXPECT_EQ(number("SELECT assignment_epoch FROM monitor"), 1);
    std::uint64_t moved = 0;
    const auto notes = [&](Connection&, const MovesApplied& applied) -> Result<void> {
        moved = applied.moved;
        return {};
    };
    HIGUMA_OK(apply_moves(*db, leader, {{id, Epoch{1}, {"node2"}}}, 10, notes));
    EXPECT_EQ(moved, 1U);
    EXPECT_EQ(word("SELECT assigned_reason FROM monitor"), "failover");
}

TEST_F(ClusterTest, MovesOfAFormerLeaderChangeNothing) {
    add_node("node1");
    const auto id = add_monitor("node1");
    const auto old = lead("gateway1");
    let_it_lapse();
    const auto now = lead("gateway2");
    auto refused = apply_moves(*db, old, {{id, Epoch{1}, {"node2"}}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::stale);
    EXPECT_EQ(number("SELECT assignment_epoch FROM monitor"), 1);
    EXPECT_EQ(apply_moves(*db, now, {{id, Epoch{1}, {"node2"}}})->moved, 1U);
}

TEST_F(ClusterTest, AssignmentsFullAndDelta) {
    add_node("node1");
    const auto a = add_monitor("node1", "a");
    const auto b = add_monitor("node1", "b");
    auto full = assignments_changed_since(*db, {});
    HIGUMA_OK(full);
    EXPECT_TRUE(full->full);
    ASSERT_THAT(full->changed, SizeIs(2));
    EXPECT_EQ(full->changed[0].home->value, "node1");
    EXPECT_EQ(full->changed[0].epoch, Epoch{1});
    auto none = assignments_changed_since(*db, full->upto);
    HIGUMA_OK(none);
    EXPECT_FALSE(none->full);
    EXPECT_THAT(none->changed, IsEmpty());
    HIGUMA_OK(apply_moves(*db, lead(), {{b, Epoch{1}, {"node2"}}}));
    HIGUMA_OK(delete_monitor(*db, a));
    auto delta = assignments_changed_since(*db, full->upto);
    HIGUMA_OK(delta);
    EXPECT_FALSE(delta->full);
    ASSERT_THAT(delta->changed, SizeIs(1));
    EXPECT_EQ(delta->changed[0].assigned->value, "node2");
    EXPECT_THAT(delta->deleted, ElementsAre(a));
    EXPECT_TRUE(assignments_changed_since(*db, {delta->upto.value + 100})->full);
    run("UPDATE cluster_counter SET value = 3 WHERE name = 'tombstone_floor'");
    EXPECT_TRUE(assignments_changed_since(*db, {2})->full);
    EXPECT_FALSE(assignments_changed_since(*db, {3})->full);
}

// Readers that follow by deltas end with the same picture as one full read, whatever writers did.
TEST_F(ClusterTest, DeltasMissNoChangeUnderConcurrentWriters) {
    add_node("node1");
    add_node("node2");
    for (int i = 0; i < 10; ++i) add_monitor("node1");
    const auto leader = lead();
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    const auto note = [&](const auto& outcome) {
        if (!outcome) ++failures;
    };
    const auto mover = [&] {
        Connection own(config);
        for (int round = 0; round < 40; ++round) {
            auto rows = assignments_changed_since(own, {});
            note(rows);
            std::vector<AssignmentMove> moves;
            for (const auto& row : rows->changed) {
                moves.push_back({row.id, row.epoch, {round % 2 == 0 ? "node2" : "node1"}});
            }
            note(apply_moves(own, leader, moves, 4));
        }
    };
    const auto maker = [&] {
        Connection own(config);
        std::vector<MonitorId> made;
        for (int round = 0; round < 60; ++round) {
            Monitor monitor;
            monitor.name = "new";
            monitor.type = "push";
            monitor.assignment.home = NodeId{"node1"};
            auto id = create_monitor(own, monitor, 1'000);
            note(id);
            if (id) made.push_back(*id);
            if (round % 3 == 2) {
                note(delete_monitor(own, made.front()));
                made.erase(made.begin());
            }
        }
    };
    std::map<std::int64_t, std::uint64_t> followed;
    const auto follow = [&](Connection& own, ChangeSeq& known) {
        auto delta = assignments_changed_since(own, known);
        note(delta);
        if (!delta) return;
        if (delta->full) followed.clear();
        for (const auto id : delta->deleted) followed.erase(id.value);
        for (const auto& row : delta->changed) followed[row.id.value] = row.epoch.value;
        known = delta->upto;
    };
    Connection reader(config);
    ChangeSeq known;
    follow(reader, known);
    std::thread follower([&] {
        while (!stop) follow(reader, known);
    });
    std::thread first(mover), second(maker), third(maker);
    first.join();
    second.join();
    third.join();
    stop = true;
    follower.join();
    follow(reader, known);
    EXPECT_EQ(failures, 0);
    std::map<std::int64_t, std::uint64_t> truth;
    auto all = assignments_changed_since(*db, {});
    HIGUMA_OK(all);
    for (const auto& row : all->changed) truth[row.id.value] = row.epoch.value;
    EXPECT_EQ(followed, truth);
}

TEST_F(ClusterTest, EventsAreKeptInOrderAndBounded) {
    for (int i = 1; i <= 5; ++i) {
        ClusterEvent event;
        event.kind = "failover";
        if (i % 2 == 0) event.node = NodeId{"node1"};
        event.monitors = i;
        event.took_ms = 10 * i;
        event.detail = "'); DELETE FROM cluster_event; -- " + std::to_string(i);
        HIGUMA_OK(add_event(*db, event));
    }
    auto newest = list_events(*db, 0, 2);
    HIGUMA_OK(newest);
    ASSERT_THAT(*newest, SizeIs(2));
    EXPECT_EQ((*newest)[0].monitors, 4);
    EXPECT_EQ((*newest)[1].detail, "'); DELETE FROM cluster_event; -- 5");
    EXPECT_EQ((*newest)[0].node->value, "node1");
    EXPECT_FALSE((*newest)[1].node.has_value());
    EXPECT_THAT(*list_events(*db, (*newest)[0].id, 100), SizeIs(1));
    run("INSERT INTO cluster_event (id, time, kind, detail) VALUES (10003, NOW(3), 'x', '')");
    HIGUMA_OK(add_event(*db, (*newest)[0]));
    EXPECT_EQ(number("SELECT MIN(id) FROM cluster_event"), 5);
}

TEST_F(ClusterTest, CapacitiesCountActiveMonitorsByEffectiveNode) {
    add_node("node1", 10);
    add_node("node2");
    const auto a = add_monitor("node1");
    add_monitor("node1");
    const auto c = add_monitor("node1");
    HIGUMA_OK(apply_moves(*db, lead(), {{a, Epoch{1}, {"node2"}}}));
    auto resting = get_monitor(*db, c);
    HIGUMA_OK(resting);
    resting->active = false;
    HIGUMA_OK(update_monitor(*db, *resting));
    auto all = capacities(*db, 1'000);
    HIGUMA_OK(all);
    ASSERT_THAT(*all, SizeIs(2));
    EXPECT_EQ((*all)[0].current_count, 1);
    EXPECT_EQ((*all)[0].limit, 10);
    EXPECT_EQ((*all)[1].current_count, 1);
    EXPECT_EQ((*all)[1].limit, 1'000);
}

}  // namespace
}  // namespace higuma::store
