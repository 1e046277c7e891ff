// A migrated database of its own and a connection to it for each test of the store.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "store/beats.hpp"
#include "store/cluster.hpp"
#include "store/migrate.hpp"
#include "store/monitors.hpp"
#include "store/nodes.hpp"
#include "store/sql.hpp"
#include "store/users.hpp"
#include "support/mariadb.hpp"

namespace higuma::store {

// Fails the test with the failure's words.
#define HIGUMA_OK(expression)                                                        \
    do {                                                                             \
        const auto& outcome_ = (expression);                                         \
        ASSERT_TRUE(outcome_.has_value())                                            \
            << to_string(outcome_.error().kind) << ": " << outcome_.error().message; \
    } while (false)

class StoreTest : public testing::Test {
  protected:
    void SetUp() override {
        config = test::fresh_database();
        db = std::make_unique<Connection>(config);
        HIGUMA_OK(migrate(*db, [](const std::string&) {}));
    }

    void run(const std::string& sql) {
        auto done = db->execute(sql);
        ASSERT_TRUE(done.has_value()) << sql << "\n" << done.error().message;
    }
    std::int64_t number(const std::string& sql) {
        auto rows = db->query(sql);
        EXPECT_TRUE(rows.has_value()) << sql << "\n"
                                      << (rows ? std::string() : rows.error().message);
        return rows && rows->size() > 0 ? rows->integer(0, 0) : -1;
    }
    std::string word(const std::string& sql) {
        auto rows = db->query(sql);
        EXPECT_TRUE(rows.has_value()) << sql << "\n"
                                      << (rows ? std::string() : rows.error().message);
        return rows && rows->size() > 0 ? rows->string(0, 0, "NULL") : "no row";
    }
    Incarnation add_node(const std::string& id, std::optional<int> limit = std::nullopt) {
        Node node;
        node.id = {id};
        node.name = id;
        node.host = "127.0.0.1:1";
        node.monitor_limit = limit;
        auto incarnation = register_node(*db, node, Millis{10'000});
        EXPECT_TRUE(incarnation.has_value());
        return incarnation ? *incarnation : Incarnation{};
    }
    MonitorId add_monitor(const std::string& node, const std::string& name = "web") {
        Monitor monitor;
        monitor.name = name;
        monitor.type = "http";
        monitor.url = "http://127.0.0.1/";
        monitor.assignment.home = NodeId{node};
        auto id = create_monitor(*db, monitor, 1'000'000);
        EXPECT_TRUE(id.has_value()) << (id ? std::string() : id.error().message);
        return id ? *id : MonitorId{};
    }
    LeaderTerm lead(const std::string& holder = "gateway1") {
        auto lease = acquire_lease(*db, "leader", holder, Millis{60'000});
        EXPECT_TRUE(lease && lease->mine);
        return {"leader", holder, lease ? lease->term : 0};
    }

    DatabaseConfig config;
    std::unique_ptr<Connection> db;
};

}  // namespace higuma::store
