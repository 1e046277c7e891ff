#include "store/placing.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "contract/store/fixture.hpp"
#include "store/drains.hpp"

namespace higuma::store {
namespace {

class Placing : public StoreTest {
  protected:
    void SetUp() override {
        StoreTest::SetUp();
        for (const char* node : {"node1", "node2", "node3"}) online(node);
    }
    void online(const std::string& id) {
        add_node(id);
        run(sql_format("UPDATE node SET status = 'online' WHERE node_id = ?", id));
    }
    // "home/assigned/reason/epoch/pinned"
    std::string row(MonitorId id) {
        return word(
            sql_format("SELECT CONCAT_WS('/', COALESCE(node_id, '-'), COALESCE(assigned_node, "
                       "'-'), COALESCE(assigned_reason, '-'), assignment_epoch, pinned) "
                       "FROM monitor WHERE id = ?",
                       id));
    }
    PlaceResult place(MonitorId id, const std::string& target, PlaceKind kind) {
        auto placed = place_monitors(*db, {{id}, NodeId{target}, kind, 1000});
        EXPECT_TRUE(placed.has_value()) << (placed ? "" : placed.error().message);
        return placed ? placed->monitors.at(0).result : PlaceResult::no_such_monitor;
    }
    Failure refused(MonitorId id, const std::string& target) {
        auto placed = place_monitors(*db, {{id}, NodeId{target}, PlaceKind::override, 1000});
        EXPECT_FALSE(placed.has_value());
        return placed ? Failure{} : placed.error();
    }
};

struct Step {
    const char* target;
    PlaceKind kind;
    PlaceResult result;
    const char* row;
};

// The epoch grows with the effective node and with nothing else.
TEST_F(Placing, EachKindWritesItsColumns) {
    const auto id = add_monitor("node1");
    for (const auto& step : std::vector<Step>{
             {"node2", PlaceKind::override, PlaceResult::moved, "node1/node2/switch/2/0"},
             {"node2", PlaceKind::override, PlaceResult::already_there, "node1/node2/switch/2/0"},
             {"node3", PlaceKind::override, PlaceResult::moved, "node1/node3/switch/3/0"},
             {"node1", PlaceKind::override, PlaceResult::moved, "node1/-/-/4/0"},
             {"node2", PlaceKind::rehome, PlaceResult::moved, "node2/-/-/5/0"},
             {"node3", PlaceKind::override, PlaceResult::moved, "node2/node3/switch/6/0"},
             {"node3", PlaceKind::rehome, PlaceResult::already_there, "node3/-/-/6/0"},
             {"node1", PlaceKind::pin, PlaceResult::moved, "node1/-/-/7/1"},
             {"node1", PlaceKind::pin, PlaceResult::already_there, "node1/-/-/7/1"},
             {"node2", PlaceKind::override, PlaceResult::pinned, "node1/-/-/7/1"},
             {"node2", PlaceKind::rehome, PlaceResult::pinned, "node1/-/-/7/1"},
         }) {
        EXPECT_EQ(place(id, step.target, step.kind), step.result) << step.row;
        EXPECT_EQ(row(id), step.row);
    }
}

TEST_F(Placing, AFailoversPlacementBecomesTheOperators) {
    const auto id = add_monitor("node1");
    HIGUMA_OK(apply_moves(*db, lead(), {{id, Epoch{1}, {"node2"}}}));
    EXPECT_EQ(row(id), "node1/node2/failover/2/0");
    EXPECT_EQ(place(id, "node2", PlaceKind::override), PlaceResult::already_there);
    EXPECT_EQ(row(id), "node1/node2/switch/2/0");
}

TEST_F(Placing, TargetsThatCannotTakeMonitorsAreRefused) {
    const auto id = add_monitor("node1");
    EXPECT_EQ(refused(id, "node9").kind, ErrorKind::not_found);
    EXPECT_EQ(refused(id, "node9").field, "targetNodeId");
    run("UPDATE node SET status = 'offline' WHERE node_id = 'node2'");
    EXPECT_EQ(refused(id, "node2").kind, ErrorKind::conflict);
    EXPECT_THAT(refused(id, "node2").message, testing::HasSubstr("node2 is offline"));
    run("UPDATE node SET draining = 1 WHERE node_id = 'node3'");
    EXPECT_THAT(refused(id, "node3").message, testing::HasSubstr("node3 is draining"));
    EXPECT_EQ(row(id), "node1/-/-/1/0");
}

TEST_F(Placing, ManyAtOnceEachWithAResult) {
    std::vector<MonitorId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(add_monitor("node1"));
    const auto rests = add_monitor("node1");
    run(sql_format("UPDATE monitor SET active = 0 WHERE id = ?", rests));
    run(sql_format("UPDATE monitor SET pinned = 1 WHERE id = ?", ids[1]));
    run("UPDATE node SET monitor_limit = 2 WHERE node_id = 'node2'");
    const MonitorId unknown{4'000'000'000};
    auto placed = place_monitors(
        *db, {{ids[0], ids[1], unknown, ids[2], ids[3], ids[0], rests, ids[4]}, {"node2"}});
    HIGUMA_OK(placed);
    std::vector<PlaceResult> results;
    for (const auto& one : placed->monitors) results.push_back(one.result);
    EXPECT_THAT(results, testing::ElementsAre(PlaceResult::moved, PlaceResult::pinned,
                                              PlaceResult::no_such_monitor, PlaceResult::moved,
                                              PlaceResult::node_full, PlaceResult::already_there,
                                              PlaceResult::moved, PlaceResult::node_full));
    EXPECT_EQ(placed->room.count, 2);
    EXPECT_EQ(placed->monitors[0].from, NodeId{"node1"});
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assigned_node = 'node2' "
                     "AND assignment_epoch = 2"),
              3);
    EXPECT_EQ(number("SELECT COUNT(DISTINCT change_seq) FROM monitor WHERE assigned_node "
                     "= 'node2'"),
              1);
}

TEST_F(Placing, PinAndUnpin) {
    const auto id = add_monitor("node1");
    EXPECT_EQ(place(id, "node2", PlaceKind::override), PlaceResult::moved);
    const auto before = current_change_seq(*db);
    auto pinned = pin_in_place(*db, id);
    HIGUMA_OK(pinned);
    EXPECT_EQ(*pinned, NodeId{"node2"});
    EXPECT_EQ(row(id), "node2/-/-/2/1");
    EXPECT_GT(*current_change_seq(*db), *before);
    auto freed = unpin(*db, id);
    HIGUMA_OK(freed);
    EXPECT_TRUE(*freed);
    EXPECT_EQ(row(id), "node2/-/-/2/0");
    EXPECT_FALSE(*unpin(*db, id));
    EXPECT_EQ(unpin(*db, {99}).error().kind, ErrorKind::not_found);
    EXPECT_EQ(pin_in_place(*db, {99}).error().kind, ErrorKind::not_found);
    run(sql_format("UPDATE monitor SET node_id = NULL WHERE id = ?", id));
    EXPECT_EQ(pin_in_place(*db, id).error().kind, ErrorKind::conflict);
}

// Two operators and the leader at once: never two owners, and each change under its own epoch.
TEST_F(Placing, AtTheSameTimeAsTheLeader) {
    const auto id = add_monitor("node1");
    const auto leader = lead();
    std::atomic<int> changes = 0;
    const auto operate = [&](const char* target) {
        Connection own(config);
        for (int i = 0; i < 20; ++i) {
            auto placed = place_monitors(own, {{id}, NodeId{target}, PlaceKind::override, 1000});
            if (placed && placed->monitors[0].result == PlaceResult::moved) ++changes;
        }
    };
    std::thread first(operate, "node2"), second(operate, "node3");
    for (int i = 0; i < 20; ++i) {
        const auto epoch = number("SELECT assignment_epoch FROM monitor");
        auto moved = apply_moves(
            *db, leader,
            {{id, Epoch{static_cast<std::uint64_t>(epoch)}, {"node1"}, AssignmentChange::home}});
        HIGUMA_OK(moved);
        changes += static_cast<int>(moved->moved);
    }
    first.join();
    second.join();
    EXPECT_EQ(number("SELECT assignment_epoch FROM monitor"), 1 + changes);
}

class Draining : public Placing {
  protected:
    Result<bool> drain(const std::string& node, const std::string& strategy = "distribute",
                       std::optional<NodeId> target = std::nullopt) {
        return request_drain(*db, NodeId{node}, {strategy, target}, 1000);
    }
    std::string wish(const std::string& node) {
        return word(
            sql_format("SELECT CONCAT_WS('/', draining, COALESCE(drain_strategy, '-'), "
                       "COALESCE(drain_target, '-')) FROM node WHERE node_id = ?",
                       node));
    }
};

TEST_F(Draining, AWishStandsUntilItIsTakenBack) {
    EXPECT_TRUE(*drain("node2"));
    EXPECT_FALSE(*drain("node2"));
    EXPECT_EQ(wish("node2"), "1/distribute/-");
    EXPECT_TRUE(*drain("node2", "single", NodeId{"node3"}));
    EXPECT_EQ(wish("node2"), "1/single/node3");
    add_node("node2");  // a restart
    run("UPDATE node SET status = 'offline' WHERE node_id = 'node2'");
    EXPECT_EQ(wish("node2"), "1/single/node3");
    const auto node = get_node(*db, {"node2"});
    EXPECT_TRUE(node->draining);
    EXPECT_EQ(node->drain_strategy, "single");
    EXPECT_EQ(node->drain_target, NodeId{"node3"});
    EXPECT_TRUE(*cancel_drain(*db, {"node2"}));
    EXPECT_FALSE(*cancel_drain(*db, {"node2"}));
    EXPECT_EQ(wish("node2"), "0/-/-");
}

TEST_F(Draining, RefusalsSayWhy) {
    EXPECT_EQ(drain("node9").error().kind, ErrorKind::not_found);
    EXPECT_EQ(drain("node9").error().field, "id");
    EXPECT_EQ(cancel_drain(*db, {"node9"}).error().kind, ErrorKind::not_found);
    EXPECT_EQ(drain("node1", "single", NodeId{"node9"}).error().field, "targetNodeId");
    for (int i = 0; i < 3; ++i) add_monitor("node1");
    run("UPDATE node SET monitor_limit = 2 WHERE node_id = 'node2'");
    const auto full = drain("node1", "single", NodeId{"node2"});
    EXPECT_EQ(full.error().kind, ErrorKind::conflict);
    EXPECT_EQ(full.error().message, "node2 has 0 of 2 monitors: no room for the 3 of node1.");
    EXPECT_TRUE(*drain("node2"));
    EXPECT_TRUE(*drain("node3"));
    const auto last = drain("node1");
    EXPECT_EQ(last.error().kind, ErrorKind::conflict);
    EXPECT_THAT(last.error().message, testing::HasSubstr("no other node is online"));
    EXPECT_EQ(wish("node1"), "0/-/-");
}

TEST_F(Draining, OfTwoAtOnceTheSecondSeesTheFirst) {
    run("UPDATE node SET status = 'offline' WHERE node_id = 'node3'");
    for (int round = 0; round < 10; ++round) {
        run("UPDATE node SET draining = 0, drain_strategy = NULL");
        std::atomic<int> accepted = 0;
        const auto ask = [&](const char* node) {
            Connection own(config);
            auto done = request_drain(own, NodeId{node}, {"distribute", std::nullopt}, 1000);
            if (done) ++accepted;
        };
        std::thread first(ask, "node1"), second(ask, "node2");
        first.join();
        second.join();
        EXPECT_EQ(accepted, 1);
    }
}

}  // namespace
}  // namespace higuma::store
