#include <boost/algorithm/string/predicate.hpp>

#include "contract/api/controller_fixture.hpp"

namespace higuma::test {
namespace {

TEST_F(ControllerApi, EveryEndpointAnswersUnderEachOfItsNames) {
    serve();
    ASSERT_TRUE(settled());
    const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> endpoints{
        {{"/health", "/lb/ping"}, {"status", "timestamp", "service"}},
        {{"/lb/health"}, {"timestamp", "nodes"}},
        {{"/lb/capacity"}, {"limit_per_node", "nodes"}},
        {{"/api/system-status", "/lb/system-status"},
         {"cluster", "capacity", "health", "fault_detection", "rebalancing", "leader"}},
        {{"/api/node-status", "/lb/node-status"}, {"nodes"}},
        {{"/api/health-check-status", "/lb/health-check-status"}, {"heartbeat", "history"}},
        {{"/api/health-status", "/lb/health-status"},
         {"check_count", "last_check", "success_count", "fail_count", "debug_enabled"}},
        {{"/api/trigger-health-check", "/lb/trigger-health-check"}, {"ok", "nodes"}},
        {{"/lb/setup-status"}, {"setup_complete", "routing_mode", "primary_node"}},
        {{"/lb/available-nodes"}, {"nodes", "total_count", "clear_url"}},
        {{"/lb/live"}, {}},
        {{"/lb/events"}, {"events"}},
    };
    for (const auto& [paths, fields] : endpoints) {
        for (const auto& path : paths) {
            const auto answer = get(path);
            EXPECT_EQ(answer.status, 200) << path << " " << answer.text;
            EXPECT_TRUE(answer.header("content-type").starts_with("application/json")) << path;
            ASSERT_TRUE(answer.body.is_object()) << path << " " << answer.text;
            for (const auto& field : fields) {
                EXPECT_TRUE(answer.body.get_object().contains(field)) << path << " " << field;
            }
        }
    }
}

// Fault 16: numbers are numbers, an empty list is a list, one Content-Type, no prefix matches.
TEST_F(ControllerApi, FiguresAreNumbersAndListsAreLists) {
    add_monitors(50, "node1");
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(until([&] { return gateway->controller.view().monitors_active == 50; }));
    const auto health = get("/lb/health");
    const auto& nodes = health.body.at("nodes").as_array();
    ASSERT_EQ(nodes.size(), 2U);
    EXPECT_EQ(nodes[0].at("node_id"), "node1");
    EXPECT_EQ(nodes[0].at("status"), "online");
    EXPECT_EQ(nodes[0].at("monitor_count").as_int64(), 50);
    EXPECT_TRUE(nodes[0].at("last_seen").is_string());
    const auto capacity = get("/lb/capacity");
    EXPECT_EQ(capacity.body.at("limit_per_node").as_int64(), 1000);
    EXPECT_EQ(capacity.body.at("nodes").at(0).at("usage_percent").to_number<double>(), 5.0);
    EXPECT_EQ(capacity.body.at("nodes").at(1).at("current_count").as_int64(), 0);
    const auto history = get("/lb/health-check-status");
    EXPECT_TRUE(history.body.at("failovers").is_array());
    EXPECT_TRUE(history.body.at("failovers").as_array().empty());
    EXPECT_EQ(get("/lb/events?after=1000000").text, R"({"events":[]})");
    int types = 0;
    for (const auto& [name, value] : health.headers) {
        types += boost::algorithm::iequals(name, "content-type") ? 1 : 0;
    }
    EXPECT_EQ(types, 1);
    for (const char* unknown : {"/lb/healthXYZ", "/lb/nothing", "/lb/health/x", "/api/nothing"}) {
        const auto answer = get(unknown);
        EXPECT_EQ(answer.status, 404) << unknown;
        EXPECT_EQ(answer.body.at("ok"), false) << unknown;
    }
    EXPECT_EQ(ask("DELETE", "/lb/health").status, 405);
}

TEST_F(ControllerApi, StatusFollowsTheCluster) {
    serve();
    ASSERT_TRUE(settled());
    auto setup = get("/lb/setup-status").body;
    EXPECT_EQ(setup.at("setup_complete"), false);
    EXPECT_EQ(setup.at("primary_node"), "node1");
    ASSERT_TRUE(admin.execute("INSERT INTO user (username, password) VALUES ('a', 'b')"));
    ASSERT_TRUE(until([&] { return gateway->controller.view().setup_complete; }));
    EXPECT_EQ(get("/lb/setup-status").body.at("setup_complete"), true);
    EXPECT_EQ(get("/lb/available-nodes").body.at("total_count").as_int64(), 2);

    add_monitors(4, "node2");
    ASSERT_TRUE(until([&] { return gateway->controller.view().monitors_active == 4; }));
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return monitors_on("node1") == 4; }));
    ASSERT_TRUE(until([&] { return events("failover") == 1; }));
    const auto available = get("/lb/available-nodes").body;
    EXPECT_EQ(available.at("total_count").as_int64(), 1);
    EXPECT_EQ(available.at("nodes").at(0).at("set_url"), "/lb/fixed-node/node1");
    const auto node = get("/api/node-status").body.at("nodes").at(1);
    EXPECT_EQ(node.at("status"), "offline");
    EXPECT_GE(node.at("consecutive_failures").to_number<int>(), 3);
    EXPECT_FALSE(node.at("last_error").as_string().empty());
    const auto history = get("/api/health-check-status").body;
    EXPECT_EQ(history.at("failovers").at(0).at("node_id"), "node2");
    EXPECT_EQ(history.at("failovers").at(0).at("monitors").as_int64(), 4);
    const auto cycle = ask("POST", "/api/trigger-health-check").body;
    EXPECT_EQ(cycle.at("healthy").as_int64(), 1);
    EXPECT_EQ(cycle.at("nodes").at(1).at("ok"), false);
    const auto system = get("/api/system-status").body;
    EXPECT_EQ(system.at("cluster").at("nodes_online").as_int64(), 1);
    EXPECT_EQ(system.at("rebalancing").at("monitors_moved").to_number<int>(), 4);
    EXPECT_EQ(system.at("leader").at("is_leader"), true);
}

TEST_F(ControllerApi, BadParametersAreNamed) {
    serve();
    for (const auto& [path, field] :
         std::vector<std::pair<std::string, std::string>>{{"/lb/live?limit=abc", "limit"},
                                                          {"/lb/live?offset=-1", "offset"},
                                                          {"/lb/live?status=sideways", "status"},
                                                          {"/lb/live?node=%27%3B--", "node"},
                                                          {"/lb/events?after=x", "after"},
                                                          {"/lb/events?limit=0", "limit"}}) {
        const auto answer = get(path);
        EXPECT_EQ(answer.status, 400) << path;
        EXPECT_EQ(answer.body.at("ok"), false) << path;
        EXPECT_EQ(answer.body.at("field"), json::value(field)) << path;
    }
}

TEST_F(ControllerApi, ReadsAreForAllowedAddressesAndHealthForAll) {
    serve("", {"192.0.2.0/24"});
    const std::vector<std::pair<std::string, std::string>> inside{{"X-Real-IP", "192.0.2.7"}},
        outside{{"X-Real-IP", "198.51.100.7"}};
    EXPECT_EQ(get("/lb/capacity", inside).status, 200);
    for (const char* path : {"/", "/lb/capacity", "/lb/live", "/api/system-status"}) {
        const auto refused = get(path, outside);
        EXPECT_EQ(refused.status, 403) << path;
        EXPECT_EQ(refused.body.at("ok"), false);
    }
    EXPECT_EQ(get("/health", outside).status, 200);
    EXPECT_EQ(get("/lb/ping", outside).status, 200);
    EXPECT_EQ(ask("POST", "/lb/trigger-health-check", outside).status, 403);
}

TEST_F(ControllerApi, ActionsNeedTheTokenAndNoForeignPage) {
    serve("geheim");
    ASSERT_TRUE(settled());
    const std::string path = "/api/trigger-health-check";
    const auto refused = ask("POST", path);
    EXPECT_EQ(refused.status, 401);
    EXPECT_TRUE(refused.header("www-authenticate").starts_with("Basic"));
    EXPECT_EQ(ask("POST", path, {{"Authorization", "Bearer falsch"}}).status, 401);
    EXPECT_EQ(ask("POST", path, {{"Authorization", "Bearer geheim"}}).status, 200);
    // "admin:geheim"
    EXPECT_EQ(get(path, {{"Authorization", "Basic YWRtaW46Z2VoZWlt"}}).status, 200);
    EXPECT_EQ(
        ask("POST", path, {{"Authorization", "Bearer geheim"}, {"Sec-Fetch-Site", "cross-site"}})
            .status,
        403);
    EXPECT_EQ(
        ask("POST", path, {{"Authorization", "Bearer geheim"}, {"Origin", "http://evil.example"}})
            .status,
        403);
    EXPECT_EQ(ask("POST", path, {{"Authorization", "Bearer geheim"}, {"Origin", "http://gateway"}})
                  .status,
              200);
    EXPECT_EQ(get("/lb/capacity").status, 200);  // reads need no token
}

class ControllerApiWithoutDatabase : public ControllerApi {
  protected:
    ControllerApiWithoutDatabase() : ControllerApi(own_server()) {}
    ~ControllerApiWithoutDatabase() override { own_server().thaw(); }
    static MariaDbServer& own_server() {
        static MariaDbServer own;
        return own;
    }
};

// Faults 12 and 13: 503 with Retry-After and soon, not 200 with an error and not after the query's
// own limit; what memory knows is answered all the same.
TEST_F(ControllerApiWithoutDatabase, AFrozenDatabaseIsA503WithinTheRequestsOwnTime) {
    serve();
    ASSERT_TRUE(settled());
    own_server().freeze();
    for (const char* path : {"/lb/health", "/lb/capacity", "/api/health-check-status", "/lb/events",
                             "/lb/health", "/lb/capacity"}) {
        const auto answer = get(path);
        EXPECT_EQ(answer.status, 503) << path;
        EXPECT_FALSE(answer.header("retry-after").empty()) << path;
        EXPECT_EQ(answer.body.at("ok"), false);
    }
    for (const char* path : {"/health", "/api/system-status", "/api/node-status",
                             "/lb/available-nodes", "/lb/setup-status"}) {
        EXPECT_EQ(get(path).status, 200) << path;
    }
    ASSERT_TRUE(until([&] { return !gateway->controller.view().leader; }));
    ASSERT_TRUE(until([&] { return !gateway->controller.view().database_reachable; }));
    EXPECT_EQ(ask("POST", "/api/trigger-health-check").status, 503);
    EXPECT_EQ(get("/api/system-status").body.at("cluster").at("database").at("reachable"), false);
    own_server().thaw();
    EXPECT_TRUE(until([&] { return get("/lb/health").status == 200; }));
}

}  // namespace
}  // namespace higuma::test
