#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace higuma {
namespace {

TEST(NodeIds, Valid) {
    for (const char* id : {"node1", "n", "N_1.a-b", "uptime-kuma-node1", "..", "-"}) {
        EXPECT_TRUE(is_valid_node_id(id)) << id;
    }
    EXPECT_TRUE(is_valid_node_id(std::string(50, 'x')));
}

// The original put the cookie's text into its SQL: only these characters ever pass as a node's
// name.
TEST(NodeIds, Invalid) {
    for (const char* id : {"", " ", "node 1", "node1 ", "node/1", "n\xc3\xb8", "a;b", "a'b", "a\nb",
                           "node1' OR '1'='1", "%00", "a:b", "*"}) {
        EXPECT_FALSE(is_valid_node_id(id)) << id;
    }
    EXPECT_FALSE(is_valid_node_id(std::string(51, 'x')));
    EXPECT_FALSE(is_valid_node_id(std::string_view("a\0b", 3)));
}

TEST(Ids, DifferentKindsAreDifferentTypes) {
    static_assert(!std::is_convertible_v<MonitorId, UserId>);
    static_assert(!std::is_convertible_v<std::int64_t, MonitorId>);
    EXPECT_LT(MonitorId{1}, MonitorId{2});
    EXPECT_LT(Epoch{1}, Epoch{2});
}

TEST(Ids, CanBeKeys) {
    const std::unordered_set<MonitorId> monitors{{1}, {2}, {1}};
    EXPECT_EQ(monitors.size(), 2U);
    const std::unordered_set<NodeId> nodes{{"a"}, {"b"}, {"a"}};
    EXPECT_EQ(nodes.size(), 2U);
}

}  // namespace
}  // namespace higuma
