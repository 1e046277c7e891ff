#include "store/gateways.hpp"

#include <gtest/gtest.h>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

class GatewaysTest : public StoreTest {
  protected:
    static Gateway gateway(const std::string& id, const std::string& version = "1.0") {
        return {id, "0.0.0.0:8084", version, *parse_time("2026-01-01 00:00:00"), {}};
    }
};

TEST_F(GatewaysTest, AreNotedListedAndForgotten) {
    HIGUMA_OK(touch_gateway(*db, gateway("gateway-b")));
    HIGUMA_OK(touch_gateway(*db, gateway("gateway-a")));
    auto all = list_gateways(*db);
    HIGUMA_OK(all);
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ((*all)[0].id, "gateway-a");
    EXPECT_EQ((*all)[0].address, "0.0.0.0:8084");
    EXPECT_EQ(format_sql_time((*all)[0].started), "2026-01-01 00:00:00.000");
    HIGUMA_OK(forget_gateway(*db, "gateway-a"));
    EXPECT_EQ(list_gateways(*db)->size(), 1U);
}

TEST_F(GatewaysTest, ASecondBeatRenewsTheRow) {
    HIGUMA_OK(touch_gateway(*db, gateway("gateway", "1.0")));
    run("UPDATE gateway SET last_seen = UTC_TIMESTAMP(3) - INTERVAL 1 HOUR");
    HIGUMA_OK(touch_gateway(*db, gateway("gateway", "1.1")));
    EXPECT_EQ(list_gateways(*db)->front().version, "1.1");
    EXPECT_EQ(number("SELECT COUNT(*) FROM gateway WHERE last_seen > "
                     "UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE"),
              1);
}

TEST_F(GatewaysTest, OldOnesAreForgotten) {
    HIGUMA_OK(touch_gateway(*db, gateway("old")));
    run("UPDATE gateway SET last_seen = UTC_TIMESTAMP(3) - INTERVAL 2 DAY");
    HIGUMA_OK(touch_gateway(*db, gateway("new")));
    EXPECT_EQ(list_gateways(*db)->size(), 1U);
}

}  // namespace
}  // namespace higuma::store
