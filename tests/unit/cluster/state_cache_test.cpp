#include "cluster/state_cache.hpp"

#include <gtest/gtest.h>

namespace higuma::cluster {
namespace {

store::AssignmentRow row(std::int64_t id, const char* home, const char* assigned = nullptr,
                         std::uint64_t epoch = 1) {
    store::AssignmentRow out;
    out.id = MonitorId{id};
    if (home) out.home = NodeId{home};
    if (assigned) out.assigned = NodeId{assigned};
    out.epoch = Epoch{epoch};
    out.interval_seconds = 20;
    return out;
}

store::AssignmentDelta delta(std::uint64_t upto, std::vector<store::AssignmentRow> changed,
                             bool full = false, std::vector<MonitorId> deleted = {}) {
    store::AssignmentDelta out;
    out.upto = ChangeSeq{upto};
    out.changed = std::move(changed);
    out.deleted = std::move(deleted);
    out.full = full;
    return out;
}

std::string effective(const StateCache& cache, std::int64_t id) {
    const auto* monitor = cache.find(id);
    return monitor ? cache.name(monitor->effective()) : "gone";
}

TEST(StateCache, TakesAFullLoadAndThenOnlyWhatChanged) {
    StateCache cache;
    EXPECT_FALSE(cache.loaded());
    cache.set_nodes({{NodeId{"node1"}, NodeStatus::online, 10}});
    ASSERT_TRUE(cache.apply(compact(delta(5, {row(3, "node2"), row(1, "node1")}, true))));
    EXPECT_TRUE(cache.loaded());
    EXPECT_EQ(effective(cache, 3), "node2");

    ASSERT_TRUE(cache.apply(
        compact(delta(6, {row(3, "node2", "node1", 2), row(2, "node1"), row(9, nullptr)}))));
    EXPECT_EQ(cache.total(), 4U);
    EXPECT_EQ(effective(cache, 3), "node1");
    EXPECT_EQ(effective(cache, 2), "node1");
    EXPECT_EQ(cache.find(3)->epoch, 2U);
    EXPECT_EQ(cache.unplaced(), 1U);
    EXPECT_EQ(cache.load(NodeId{"node1"}).monitors, 3);
    EXPECT_NEAR(cache.load(NodeId{"node1"}).load, 3 / 20.0, 1e-6);
    EXPECT_EQ(cache.load(NodeId{"node2"}).monitors, 0);

    ASSERT_TRUE(cache.apply(compact(delta(7, {}, false, {MonitorId{1}, MonitorId{9}}))));
    EXPECT_EQ(cache.total(), 2U);
    EXPECT_EQ(cache.unplaced(), 0U);
    EXPECT_EQ(effective(cache, 1), "gone");
    EXPECT_EQ(cache.seq(), ChangeSeq{7});
}

TEST(StateCache, RefusesADeltaThatIsOlderThanWhatItKnows) {
    StateCache cache;
    cache.apply(compact(delta(8, {row(1, "node1", "node2", 4)}, true)));
    EXPECT_FALSE(cache.apply(compact(delta(7, {row(1, "node1", nullptr, 3)}))));
    EXPECT_EQ(effective(cache, 1), "node2");
}

TEST(StateCache, AnUnlistedNodeIsUnknownUntilTheNextListAndThenOffline) {
    StateCache cache;
    cache.set_nodes({{NodeId{"node1"}, NodeStatus::online, 10}});
    cache.apply(compact(delta(1, {row(1, "node9")}, true)));
    const auto status = [&] { return cache.state().nodes.at(1).status; };
    EXPECT_EQ(status(), NodeStatus::unknown);
    EXPECT_TRUE(cache.set_nodes({{NodeId{"node1"}, NodeStatus::online, 10}}));
    EXPECT_EQ(status(), NodeStatus::offline);
    EXPECT_FALSE(cache.set_nodes({{NodeId{"node1"}, NodeStatus::online, 10}}));
}

TEST(StateCache, InactiveMonitorsAreKeptButNotCounted) {
    StateCache cache;
    auto paused = row(1, "node1");
    paused.active = false;
    cache.apply(compact(delta(1, {paused}, true)));
    EXPECT_EQ(cache.total(), 1U);
    EXPECT_EQ(cache.active(), 0U);
    EXPECT_EQ(cache.load(NodeId{"node1"}).monitors, 0);
    cache.apply(compact(delta(2, {row(1, "node1")})));
    EXPECT_EQ(cache.active(), 1U);
    EXPECT_EQ(cache.load(NodeId{"node1"}).monitors, 1);
}

TEST(StateCache, OwnersNameTheEffectiveNodeOfMonitorsAndPushTokens) {
    StateCache cache;
    auto push = row(2, "node1", "node2");
    push.push_token = "abc";
    cache.apply(compact(delta(1, {row(1, "node1"), push, row(3, nullptr)}, true)));
    const auto owners = cache.owners();
    ASSERT_EQ(owners.owners.size(), 2U);
    EXPECT_EQ(owners.names.at(owners.owners[0].second), "node1");
    EXPECT_EQ(owners.names.at(owners.owners[1].second), "node2");
    ASSERT_EQ(owners.push_tokens.size(), 1U);
    EXPECT_EQ(owners.push_tokens[0].first, "abc");
    EXPECT_EQ(owners.names.at(owners.push_tokens[0].second), "node2");

    push.push_token.clear();
    cache.apply(compact(delta(2, {push})));
    EXPECT_TRUE(cache.owners().push_tokens.empty());
}

TEST(StateCache, WeighsLoadsAndCountsChecksApart) {
    StateCache cache;
    cache.set_nodes({{NodeId{"node1"}, NodeStatus::online, 10}});
    auto http = row(1, "node1"), port = row(2, "node1");
    http.type = "http";
    port.type = "port";
    cache.apply(compact(delta(5, {http, port}, true)));
    EXPECT_NEAR(cache.checks_per_second(NodeId{"node1"}), 0.1, 1e-6);
    EXPECT_LT(cache.load(NodeId{"node1"}).load, 0.1);
    EXPECT_EQ(cache.checks_per_second(NodeId{"node9"}), 0);
}

TEST(StateCache, KnowsWhatIsToBeDrainedAndWhatWasSwitched) {
    StateCache cache;
    StateCache::NodeFacts one{NodeId{"node1"}, NodeStatus::draining, 10}, two = one;
    two.id = NodeId{"node2"};
    one.drain = policy::DrainStrategy::single;
    one.drain_target = NodeId{"node2"};
    EXPECT_TRUE(cache.set_nodes({one, two}));
    EXPECT_FALSE(cache.set_nodes({one, two}));
    ASSERT_EQ(cache.drains().size(), 1U);
    EXPECT_EQ(cache.name(cache.drains()[0].from), "node1");
    EXPECT_EQ(cache.name(*cache.drains()[0].target), "node2");
    one.drain_target.reset();
    EXPECT_TRUE(cache.set_nodes({one, two})) << "another wish is news for the mover";
    one.speed = 2;
    EXPECT_TRUE(cache.set_nodes({one, two}));

    auto moved = row(1, "node1", "node2");
    moved.reason = AssignReason::switched;
    cache.apply(compact(delta(5, {moved, row(2, "node1", "node2")}, true)));
    EXPECT_TRUE(cache.find(1)->switched);
    EXPECT_FALSE(cache.find(2)->switched);
}

}  // namespace
}  // namespace higuma::cluster
