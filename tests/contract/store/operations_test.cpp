#include "store/operations.hpp"

#include <gmock/gmock.h>

#include "contract/store/fixture.hpp"
#include "store/cluster_settings.hpp"

namespace higuma::store {
namespace {

using Operations = StoreTest;

TEST_F(Operations, AreKeptNewestFirstAndPaged) {
    Operation operation;
    operation.time = *parse_time("2026-11-22 10:41:29.862");
    operation.actor = "ops'; --\xff";
    operation.address = "192.0.2.7";
    operation.action = "drain";
    operation.target = "node2";
    operation.reason = "disk \xe2\x86\x92 new";
    operation.result = "done";
    operation.detail = "40 monitors";
    for (int i = 0; i < 5; ++i) HIGUMA_OK(add_operation(*db, operation));
    const auto page = list_operations(*db, 0, 2);
    HIGUMA_OK(page);
    ASSERT_EQ(page->size(), 2U);
    EXPECT_EQ(page->at(0).id, 5);
    EXPECT_EQ(page->at(0).actor, "ops'; --?");
    EXPECT_EQ(page->at(0).reason, operation.reason);
    EXPECT_EQ(page->at(0).time, operation.time);
    const auto next = list_operations(*db, page->back().id, 10);
    HIGUMA_OK(next);
    ASSERT_EQ(next->size(), 3U);
    EXPECT_EQ(next->at(0).id, 3);
}

TEST_F(Operations, AreBounded) {
    run("INSERT INTO cluster_operation (id, time, actor, action, reason, result, detail) VALUES "
        "(1, NOW(3), 'a', 'b', '', 'done', ''), (20000, NOW(3), 'a', 'b', '', 'done', '')");
    HIGUMA_OK(add_operation(*db, {}));
    EXPECT_EQ(number("SELECT COUNT(*) FROM cluster_operation"), 2);
}

using Settings = StoreTest;

TEST_F(Settings, AreReplacedOnlyAsAllowed) {
    const auto always = [](const std::optional<std::string>&) -> Result<void> { return {}; };
    const auto once = [](const std::optional<std::string>& present) -> Result<void> {
        if (!present) return {};
        return Failure{ErrorKind::conflict, "there already", ""};
    };
    HIGUMA_OK(replace_cluster_setting(*db, "forced_node", "node1", once));
    EXPECT_EQ(replace_cluster_setting(*db, "forced_node", "node2", once).error().kind,
              ErrorKind::conflict);
    EXPECT_EQ(list_cluster_settings(*db)->at("forced_node"), "node1");
    HIGUMA_OK(replace_cluster_setting(*db, "forced_node", "node2", always));
    EXPECT_EQ(list_cluster_settings(*db)->at("forced_node"), "node2");
    HIGUMA_OK(replace_cluster_setting(*db, "forced_node", std::nullopt, always));
    EXPECT_TRUE(list_cluster_settings(*db)->empty());
}

TEST_F(Settings, OfTheLeaderAreWrittenUnderItsTerm) {
    const auto leader = lead();
    HIGUMA_OK(write_cluster_setting(*db, leader, "rebalancing", "{}"));
    run("UPDATE cluster_lease SET term = term + 1, holder = 'other'");
    EXPECT_EQ(write_cluster_setting(*db, leader, "rebalancing", "[]").error().kind,
              ErrorKind::stale);
    EXPECT_EQ(list_cluster_settings(*db)->at("rebalancing"), "{}");
}

}  // namespace
}  // namespace higuma::store
