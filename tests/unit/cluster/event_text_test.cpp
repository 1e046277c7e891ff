#include "cluster/event_text.hpp"

#include <gtest/gtest.h>

#include "cluster/mover.hpp"

namespace higuma::cluster {
namespace {

TEST(EventText, TellsAFailoverInOneLine) {
    EXPECT_EQ(failover_text("node2", {{"node1", 50}, {"node3", 50}}, 0),
              "node2 went offline: 100 monitors moved to node1 (50), node3 (50)");
    EXPECT_EQ(failover_text("node2", {{"node1", 1}}, 1),
              "node2 went offline: 1 monitor moved to node1 (1); 1 of them past the limit of their "
              "node, rather than unwatched");
}

TEST(EventText, TellsARecoveryAndAnAdoption) {
    EXPECT_EQ(recovery_text("node2", {{"node1", 50}, {"node3", 50}}),
              "node2 is back: 100 monitors went home from node1 (50), node3 (50)");
    EXPECT_EQ(adoption_text({{"node1", 4}, {"node2", 8}}),
              "12 monitors without a home were placed on node1 (4), node2 (8)");
    EXPECT_EQ(adoption_text({{"node1", 1}}), "1 monitor without a home was placed on node1 (1)");
}

TEST(EventText, TellsADrain) {
    EXPECT_EQ(drain_text("node2", {{"node1", 50}, {"node3", 1}}),
              "node2 is drained: 51 monitors moved to node1 (50), node3 (1)");
    MoveTally tally;
    tally.add(policy::MoveKind::assign, AssignReason::drain, false, "node2", "node1");
    tally.add(policy::MoveKind::home, AssignReason::drain, false, "node2", "node3");
    EXPECT_EQ(tally.drain["node2"], (Shares{{"node1", 1}, {"node3", 1}}));
    EXPECT_TRUE(tally.recovery.empty());
}

TEST(EventText, TellsAStateWithItsCause) {
    EXPECT_EQ(status_text("node2", NodeStatus::offline, "connect ECONNREFUSED", Millis{1040}),
              "node2 is offline: connect ECONNREFUSED (found within 1.04 s)");
    EXPECT_EQ(status_text("node2", NodeStatus::online, "", Millis{0}), "node2 is online");
}

TEST(MoveTally, SortsMovesByWhatPeopleWillReadAbout) {
    MoveTally tally;
    tally.add(policy::MoveKind::assign, AssignReason::failover, true, "node2", "node1");
    tally.add(policy::MoveKind::home, AssignReason::failover, true, "node2",
              "node3");  // home again, for its host died
    tally.add(policy::MoveKind::home, AssignReason::failover, false, "node1", "node4");
    tally.add(policy::MoveKind::adopt, AssignReason::failover, false, "", "node1");
    EXPECT_EQ(tally.failover,
              (std::map<std::string, Shares>{{"node2", {{"node1", 1}, {"node3", 1}}}}));
    EXPECT_EQ(tally.recovery, (std::map<std::string, Shares>{{"node4", {{"node1", 1}}}}));
    EXPECT_EQ(tally.adoption, (Shares{{"node1", 1}}));
}

}  // namespace
}  // namespace higuma::cluster
