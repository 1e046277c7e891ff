#include <gmock/gmock.h>

#include "contract/api/controller_fixture.hpp"

namespace higuma::test {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

class Audit : public ControllerApi {
  protected:
    json::array operations() {
        return get("/lb/operations?limit=200").body.at("operations").as_array();
    }
};

TEST_F(Audit, EveryActionIsWrittenDownWithWhoAndWhyAndWhatCameOfIt) {
    add_monitors(2, "node1");
    serve("geheim");
    ASSERT_TRUE(settled());
    const Headers token{{"Authorization", "Bearer geheim"}, {"X-Real-IP", "10.1.2.3"}};
    const Headers basic{{"Authorization", "Basic YWRtaW46Z2VoZWlt"}};  // admin:geheim
    EXPECT_EQ(ask("POST", "/api/monitors/1/switch-node", token,
                  R"({"targetNodeId":"node2","reason":"too slow"})")
                  .status,
              200);
    EXPECT_EQ(ask("POST", "/api/nodes/node9/drain", basic).status, 404);
    EXPECT_EQ(ask("POST", "/api/nodes/node2/drain", {{"Authorization", "Bearer wrong"}}).status,
              401);
    ASSERT_TRUE(until([&] { return operations().size() == 3; }));
    const auto all = operations();
    const auto find = [&](std::string_view result, std::string_view actor) -> json::object {
        for (const auto& each : all) {
            if (each.at("result") == json::value(result) &&
                each.at("actor") == json::value(actor)) {
                return each.as_object();
            }
        }
        return {};
    };
    const auto moved = find("done", "token");
    ASSERT_FALSE(moved.empty()) << json::serialize(all);
    EXPECT_EQ(moved.at("action"), "switch-node");
    EXPECT_EQ(moved.at("target"), "monitor 1 to node2");
    EXPECT_EQ(moved.at("reason"), "too slow");
    EXPECT_EQ(moved.at("address"), "10.1.2.3");
    EXPECT_EQ(moved.at("detail"), "Monitor 1 moved to node2.");
    const auto unknown = find("refused", "admin");
    ASSERT_FALSE(unknown.empty()) << json::serialize(all);
    EXPECT_EQ(unknown.at("target"), "node9");
    EXPECT_EQ(unknown.at("detail"), "There is no node node9.");
    EXPECT_FALSE(find("refused", "anonymous").empty()) << json::serialize(all);
}

TEST_F(Audit, IsPagedNewestFirst) {
    serve();
    ASSERT_TRUE(settled());
    for (int i = 0; i < 5; ++i) EXPECT_EQ(post("/api/monitors/77/unpin").status, 404);
    const auto page = get("/lb/operations?limit=2").body;
    ASSERT_EQ(page.at("operations").as_array().size(), 2U);
    const auto next = page.at("next_before").to_number<std::int64_t>();
    EXPECT_EQ(page.at("operations").at(1).at("id").to_number<std::int64_t>(), next);
    const auto rest = get("/lb/operations?limit=10&before=" + std::to_string(next)).body;
    EXPECT_EQ(rest.at("operations").as_array().size(), 3U);
    EXPECT_EQ(rest.at("next_before"), nullptr);
    for (const auto& [path, field] :
         std::vector<std::pair<const char*, const char*>>{{"/lb/operations?limit=0", "limit"},
                                                          {"/lb/operations?limit=201", "limit"},
                                                          {"/lb/operations?before=x", "before"}}) {
        EXPECT_EQ(get(path).status, 400);
        EXPECT_EQ(get(path).body.at("field"), json::value(field));
    }
    EXPECT_EQ(post("/lb/operations").status, 405);
}

// Every action needs the token, and none is taken from a page of another site.
TEST_F(Audit, EveryActionNeedsTheToken) {
    serve("geheim");
    for (const char* path :
         {"/api/nodes/node1/drain", "/api/nodes/node1/undrain", "/api/monitors/1/switch-node",
          "/api/monitors/batch-switch", "/api/monitors/1/pin-to-node", "/api/monitors/1/unpin",
          "/api/lb/force-route-to/node1", "/api/lb/restore-ltm", "/api/trigger-rebalancing",
          "/lb/force-rebalance-all", "/api/update-loads", "/lb/debug-config"}) {
        EXPECT_EQ(post(path).status, 401) << path;
        const auto foreign = ask(
            "POST", path, {{"Authorization", "Bearer geheim"}, {"Sec-Fetch-Site", "cross-site"}});
        EXPECT_EQ(foreign.status, 403) << path;
    }
}

TEST_F(Audit, ActionsAreLimitedForEachClient) {
    rate_limit = 3;
    serve();
    ASSERT_TRUE(settled());
    const Headers first{{"X-Real-IP", "10.0.0.1"}}, other{{"X-Real-IP", "10.0.0.2"}};
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ask("POST", "/api/monitors/77/unpin", first).status, 404);
    }
    const auto refused = ask("POST", "/api/monitors/77/unpin", first);
    EXPECT_EQ(refused.status, 429) << refused.text;
    EXPECT_EQ(refused.body.at("ok"), false);
    const int wait = std::stoi(refused.header("retry-after"));
    EXPECT_GT(wait, 200);
    EXPECT_LE(wait, 300);
    EXPECT_EQ(ask("POST", "/api/monitors/77/unpin", other).status, 404);
    EXPECT_EQ(get("/lb/capacity", first).status, 200) << "reads have their own limit";
    EXPECT_EQ(operations().size(), 4U);
}

TEST_F(Audit, ReadsAreLimitedGenerouslyAndHealthNever) {
    rate_limit = 1;
    serve();
    const Headers asker{{"X-Real-IP", "10.0.0.1"}};
    int admitted = 0;
    while (admitted < 150 && get("/lb/setup-status", asker).status != 429) ++admitted;
    EXPECT_EQ(admitted, 100);
    EXPECT_EQ(get("/health", asker).status, 200);
}

TEST_F(Audit, LogLinesAreShownWithTheTokenOnlyAndWithoutSecrets) {
    log = std::make_shared<LogRing>(std::vector<std::string>{"geheim"});
    serve("geheim");
    spdlog::logger logger("test", log);
    logger.warn("somebody sent geheim and password=pw");
    EXPECT_EQ(get("/api/debug-logs").status, 401);
    const Headers token{{"Authorization", "Bearer geheim"}};
    const auto answer = get("/lb/debug-logs?limit=5", token);
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.at("lines").at(0).at("text"), "somebody sent *** and password=***");
    EXPECT_EQ(answer.body.at("lines").at(0).at("level"), "warning");
    EXPECT_EQ(get("/lb/debug-logs?limit=0", token).status, 400);
}

TEST_F(Audit, WithoutATokenThereAreNoLogLines) {
    serve();
    EXPECT_EQ(get("/lb/debug-logs").status, 403);
    EXPECT_EQ(get("/lb/debug-logs", {{"Authorization", "Bearer "}}).status, 403);
}

TEST_F(Audit, TheLogLevelChangesWhileRunning) {
    serve();
    const auto before = spdlog::get_level();
    const auto changed = post("/api/debug-config", R"({"logLevel":"debug"})");
    EXPECT_EQ(changed.status, 200) << changed.text;
    EXPECT_EQ(spdlog::get_level(), spdlog::level::debug);
    EXPECT_EQ(get("/lb/debug-config").body.at("log_level"), "debug");
    spdlog::set_level(before);
    for (const char* body : {"", R"({"logLevel":"loud"})", R"({"logLevel":1})"}) {
        const auto refused = post("/api/debug-config", body);
        EXPECT_EQ(refused.status, 400) << body;
        EXPECT_EQ(refused.body.at("field"), "logLevel") << body;
    }
    const auto config = get("/api/debug-config").text;
    EXPECT_THAT(config, testing::Not(testing::HasSubstr("geheim")));
}

TEST_F(Audit, FaultDetectionNamesItsSuspects) {
    serve();
    ASSERT_TRUE(settled());
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return gateway->own_status("node2") == NodeStatus::offline; }));
    for (const char* path : {"/api/fault-detection-status", "/lb/fault-detection-status"}) {
        const auto status = get(path).body;
        EXPECT_EQ(status.at("detections").to_number<int>(), 1);
        ASSERT_EQ(status.at("suspects").as_array().size(), 1U);
        EXPECT_EQ(status.at("suspects").at(0).at("node_id"), "node2");
        EXPECT_TRUE(status.at("last_time_to_detect_ms").is_int64());
    }
}

class AuditWithoutDatabase : public ControllerApi {
  protected:
    AuditWithoutDatabase() : ControllerApi(own_server()) {}
    ~AuditWithoutDatabase() override { own_server().thaw(); }
    static MariaDbServer& own_server() {
        static MariaDbServer own;
        return own;
    }
};

TEST_F(AuditWithoutDatabase, ActionsAreA503AndAreWrittenDownLater) {
    add_monitors(1, "node1");
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(until([&] { return gateway->controller.view().monitors_active == 1; }));
    own_server().freeze();
    for (const auto& [path, body] : std::vector<std::pair<const char*, const char*>>{
             {"/api/nodes/node1/drain", ""},
             {"/api/nodes/node1/undrain", ""},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":"node2"})"},
             {"/api/monitors/1/unpin", ""},
             {"/api/lb/force-route-to/node2", ""},
             {"/api/trigger-rebalancing", ""},
             {"/api/update-loads", ""}}) {
        const auto answer = post(path, body);
        EXPECT_EQ(answer.status, 503) << path << answer.text;
        EXPECT_FALSE(answer.header("retry-after").empty()) << path;
    }
    for (const char* path :
         {"/api/rebalancing-status", "/api/lb/routing-mode", "/lb/fixed-node-status",
          "/api/load-balancer-status", "/lb/fault-detection-status", "/api/debug-config"}) {
        EXPECT_EQ(get(path).status, 200) << path;
    }
    EXPECT_EQ(get("/lb/operations").status, 503);
    own_server().thaw();
    EXPECT_TRUE(until([&] {
        return number("SELECT COUNT(*) FROM cluster_operation WHERE result = 'failed'") == 7;
    }));
    EXPECT_EQ(number("SELECT COUNT(*) FROM node WHERE draining"), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assigned_node IS NOT NULL"), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM cluster_setting"), 0);
}

}  // namespace
}  // namespace higuma::test
