#include "store/nodes.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

class NodesTest : public StoreTest {
  protected:
    static Node node(const std::string& id) {
        Node n;
        n.id = {id};
        n.name = "Node " + id;
        n.host = id + ":3001";
        n.is_primary = true;
        n.monitor_limit = 50;
        n.version = "0.1.0";
        return n;
    }
};

TEST_F(NodesTest, RegistrationCountsIncarnationsAndKeepsAnOperatorsLimit) {
    auto first = register_node(*db, node("node1"), Millis{10'000});
    HIGUMA_OK(first);
    EXPECT_EQ(first->value, 1U);
    auto again = node("node1");
    again.monitor_limit.reset();
    again.host = "elsewhere:3001";
    auto second = register_node(*db, again, Millis{10'000});
    HIGUMA_OK(second);
    EXPECT_EQ(second->value, 2U);
    auto stored = get_node(*db, {"node1"});
    HIGUMA_OK(stored);
    EXPECT_EQ(stored->host, "elsewhere:3001");
    EXPECT_EQ(stored->monitor_limit, 50);
    EXPECT_TRUE(stored->is_primary);
    EXPECT_EQ(stored->status, NodeStatus::unknown);
    EXPECT_EQ(stored->version, "0.1.0");
    EXPECT_TRUE(stored->lease_until.has_value());
    EXPECT_FALSE(stored->last_seen.has_value());
    EXPECT_EQ(stored->incarnation.value, 2U);
}

TEST_F(NodesTest, ManyProcessesUnderOneIdGetDifferentIncarnations) {
    std::vector<std::uint64_t> seen(6);
    std::vector<std::thread> threads;
    for (auto& mine : seen) {
        threads.emplace_back([&] {
            Connection own(config);
            auto got = register_node(own, node("node1"), Millis{10'000});
            if (got) mine = got->value;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_THAT(seen, testing::UnorderedElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(NodesTest, OnlyTheNewestIncarnationRenewsTheLease) {
    const auto old = add_node("node1");
    const auto lease = word("SELECT lease_until FROM node");
    HIGUMA_OK(renew_node_lease(*db, {"node1"}, old, Millis{60'000}));
    EXPECT_GT(word("SELECT lease_until FROM node"), lease);
    const auto newer = add_node("node1");
    EXPECT_EQ(renew_node_lease(*db, {"node1"}, old, Millis{1'000}).error().kind, ErrorKind::stale);
    HIGUMA_OK(renew_node_lease(*db, {"node1"}, newer, Millis{1'000}));
    EXPECT_EQ(renew_node_lease(*db, {"node9"}, newer, Millis{1'000}).error().kind,
              ErrorKind::not_found);
}

TEST_F(NodesTest, CreateUpdateAndDelete) {
    HIGUMA_OK(create_node(*db, node("node1")));
    auto twice = create_node(*db, node("node1"));
    ASSERT_FALSE(twice.has_value());
    EXPECT_EQ(twice.error().kind, ErrorKind::conflict);
    EXPECT_EQ(twice.error().field, "node_id");
    auto changed = node("node1");
    changed.name = "other";
    changed.monitor_limit.reset();
    HIGUMA_OK(update_node(*db, changed));
    HIGUMA_OK(update_node(*db, changed));
    EXPECT_EQ(word("SELECT CONCAT(node_name, COALESCE(monitor_limit, '-')) FROM node"), "other-");
    EXPECT_EQ(update_node(*db, node("node2")).error().kind, ErrorKind::not_found);
    const auto id = add_monitor("node1");
    EXPECT_EQ(delete_node(*db, {"node1"}).error().kind, ErrorKind::conflict);
    HIGUMA_OK(delete_monitor(*db, id));
    HIGUMA_OK(delete_node(*db, {"node1"}));
    EXPECT_EQ(delete_node(*db, {"node1"}).error().kind, ErrorKind::not_found);
    EXPECT_EQ(get_node(*db, {"node1"}).error().kind, ErrorKind::not_found);
    EXPECT_TRUE(list_nodes(*db)->empty());
}

TEST_F(NodesTest, BadIdsAreRefusedAndAwkwardTextsAreText) {
    for (const std::string id : {"", "a b", "x'; --", "日本"}) {
        auto refused = create_node(*db, node(id));
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
        EXPECT_EQ(refused.error().field, "node_id");
        EXPECT_EQ(get_node(*db, {id}).error().kind, ErrorKind::not_found);
    }
    auto awkward = node("node1");
    awkward.name = "'); DROP TABLE node; -- 日本\\";
    awkward.host = "\" OR 1=1";
    HIGUMA_OK(register_node(*db, awkward, Millis{1'000}));
    EXPECT_EQ(get_node(*db, {"node1"})->name, awkward.name);
    EXPECT_EQ(get_node(*db, {"node1"})->host, awkward.host);
}

}  // namespace
}  // namespace higuma::store
