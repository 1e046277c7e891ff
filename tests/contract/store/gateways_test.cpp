#include "store/gateways.hpp"

#include <gtest/gtest.h>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

class GatewaysTest : public StoreTest {};

TEST_F(GatewaysTest, AreNotedListedAndForgotten) {
    ASSERT_TRUE(note_gateway(*db, {"gateway-b", "0.0.0.0:8085", "1.0", {}, {}}, true));
    ASSERT_TRUE(note_gateway(*db, {"gateway-a", "0.0.0.0:8084", "1.0", {}, {}}, true));
    auto all = list_gateways(*db);
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ((*all)[0].id, "gateway-a");
    EXPECT_EQ((*all)[0].address, "0.0.0.0:8084");
    ASSERT_TRUE(forget_gateway(*db, "gateway-a"));
    EXPECT_EQ(list_gateways(*db)->size(), 1U);
}

TEST_F(GatewaysTest, TheStartIsKeptUntilTheNextOne) {
    ASSERT_TRUE(note_gateway(*db, {"gateway", "a:1", "1.0", {}, {}}, true));
    run("UPDATE gateway SET started_at = '2026-01-01 00:00:00'");
    ASSERT_TRUE(note_gateway(*db, {"gateway", "a:2", "1.1", {}, {}}, false));
    auto all = list_gateways(*db);
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(format_sql_time((*all)[0].started_at), "2026-01-01 00:00:00.000");
    EXPECT_EQ((*all)[0].version, "1.1");
    ASSERT_TRUE(note_gateway(*db, {"gateway", "a:2", "1.1", {}, {}}, true));
    EXPECT_NE(format_sql_time(list_gateways(*db)->front().started_at), "2026-01-01 00:00:00.000");
}

TEST_F(GatewaysTest, OldOnesAreNotListed) {
    ASSERT_TRUE(note_gateway(*db, {"gateway", "a:1", "1.0", {}, {}}, true));
    run("UPDATE gateway SET last_seen = UTC_TIMESTAMP(3) - INTERVAL 2 DAY");
    EXPECT_TRUE(list_gateways(*db)->empty());
}

}  // namespace
}  // namespace higuma::store
