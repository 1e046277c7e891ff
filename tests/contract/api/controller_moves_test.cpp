#include <fmt/format.h>
#include <gmock/gmock.h>

#include "contract/api/controller_fixture.hpp"

namespace higuma::test {
namespace {

class Moves : public ControllerApi {
  protected:
    // "home/assigned/reason/pinned"
    std::string row(int id) {
        const auto rows = admin.query(
            fmt::format("SELECT CONCAT_WS('/', node_id, COALESCE(assigned_node, '-'), "
                        "COALESCE(assigned_reason, '-'), pinned) FROM monitor WHERE id = {}",
                        id));
        return rows && rows->size() > 0 ? rows->string(0, 0) : "?";
    }
    bool known(std::size_t monitors) {
        return until([&] { return gateway->controller.view().monitors_active == monitors; });
    }
};

TEST_F(Moves, ASwitchStaysWhateverItsHomeDoes) {
    add_monitors(2, "node1");
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(known(2));
    const int hints = two.hints();
    const auto answer = post("/api/monitors/1/switch-node",
                             R"({"targetNodeId":"node2","reason":"closer","manualOverride":true})");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.body.at("moved"), true);
    EXPECT_EQ(answer.body.at("from"), "node1");
    EXPECT_EQ(answer.body.at("to"), "node2");
    EXPECT_EQ(row(1), "node1/node2/switch/0");
    EXPECT_TRUE(until([&] { return two.hints() > hints; }));

    one.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 2; }));
    one.set(FakeNode::Mode::well);
    ASSERT_TRUE(until([&] { return monitors_on("node1") == 1; }));
    let_run(Millis{300});
    EXPECT_EQ(row(1), "node1/node2/switch/0") << "only monitors that failed over go home";

    EXPECT_EQ(post("/api/monitors/1/switch-node", R"({"targetNodeId":"node1"})").status, 200);
    EXPECT_EQ(row(1), "node1/-/-/0");
}

TEST_F(Moves, ASwitchForGoodChangesTheHome) {
    add_monitors(1, "node1");
    serve();
    ASSERT_TRUE(settled());
    const auto answer =
        post("/api/monitors/1/switch-node", R"({"targetNodeId":"node2","manualOverride":false})");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(row(1), "node2/-/-/0");
    EXPECT_EQ(number("SELECT assignment_epoch FROM monitor"), 2);
}

TEST_F(Moves, ManyAtOnceWithAResultEach) {
    add_monitors(3, "node1");
    ASSERT_TRUE(admin.execute("UPDATE monitor SET pinned = 1 WHERE id = 2"));
    serve();
    ASSERT_TRUE(settled());
    const auto answer = post("/api/monitors/batch-switch",
                             R"({"monitorIds":[1,2,3,77],"targetNodeId":"node2","reason":"x"})");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.body.at("ok"), false);
    EXPECT_EQ(answer.body.at("moved").to_number<int>(), 2);
    EXPECT_EQ(answer.body.at("failed").to_number<int>(), 2);
    const auto& results = answer.body.at("results").as_array();
    ASSERT_EQ(results.size(), 4U);
    EXPECT_EQ(results[0].at("moved"), true);
    EXPECT_EQ(results[1].at("ok"), false);
    EXPECT_EQ(results[1].at("msg"), "Monitor 2 is pinned to node1; unpin it first.");
    EXPECT_EQ(results[3].at("msg"), "There is no monitor 77.");
    EXPECT_EQ(row(3), "node1/node2/switch/0");
}

TEST_F(Moves, PinAndUnpin) {
    add_monitors(2, "node1");
    serve();
    ASSERT_TRUE(settled());
    EXPECT_EQ(post("/api/monitors/1/pin-to-node", R"({"nodeId":"node2"})").status, 200);
    EXPECT_EQ(row(1), "node2/-/-/1");
    EXPECT_EQ(post("/api/monitors/2/pin-to-node").body.at("to"), "node1");
    EXPECT_EQ(row(2), "node1/-/-/1");
    const auto refused = post("/api/monitors/1/switch-node", R"({"targetNodeId":"node1"})");
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.body.at("msg"), "Monitor 1 is pinned to node2; unpin it first.");
    EXPECT_EQ(post("/api/monitors/1/unpin").body.at("changed"), true);
    EXPECT_EQ(post("/api/monitors/1/unpin").body.at("changed"), false);
    EXPECT_EQ(row(1), "node2/-/-/0");
}

TEST_F(Moves, RefusalsChangeNothing) {
    add_monitors(2, "node1");
    ASSERT_TRUE(admin.execute("UPDATE node SET monitor_limit = 1 WHERE node_id = 'node2'"));
    add_monitors(1, "node2");
    serve();
    ASSERT_TRUE(settled());
    struct Case {
        const char* path;
        std::string body;
        int status;
        const char* field;
    };
    std::string many = "1";
    for (int i = 2; i <= 1'001; ++i) many += "," + std::to_string(i);
    for (const auto& [path, body, status, field] : std::vector<Case>{
             {"/api/monitors/1/switch-node", "", 400, "targetNodeId"},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":null})", 400, "targetNodeId"},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":2})", 400, "targetNodeId"},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":"';--"})", 400, "targetNodeId"},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":"node9"})", 404, "targetNodeId"},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":"node2"})", 409, "targetNodeId"},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":"node1","force":true})", 400,
              "force"},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":"node1","manualOverride":"no"})",
              400, "manualOverride"},
             {"/api/monitors/1/switch-node", R"({"targetNodeId":"node1","reason":7})", 400,
              "reason"},
             {"/api/monitors/77/switch-node", R"({"targetNodeId":"node1"})", 404, "id"},
             {"/api/monitors/x/switch-node", R"({"targetNodeId":"node1"})", 400, "id"},
             {"/api/monitors/0/unpin", "", 400, "id"},
             {"/api/monitors/77/unpin", "", 404, "id"},
             {"/api/monitors/77/pin-to-node", "", 404, "id"},
             {"/api/monitors/1/pin-to-node", R"({"nodeId":"node9"})", 404, "targetNodeId"},
             {"/api/monitors/1/pin-to-node", R"({"nodeId":"node2"})", 409, "targetNodeId"},
             {"/api/monitors/batch-switch", R"({"targetNodeId":"node2"})", 400, "monitorIds"},
             {"/api/monitors/batch-switch", R"({"monitorIds":[],"targetNodeId":"node2"})", 400,
              "monitorIds"},
             {"/api/monitors/batch-switch", R"({"monitorIds":["1"],"targetNodeId":"node2"})", 400,
              "monitorIds"},
             {"/api/monitors/batch-switch",
              R"({"monitorIds":[)" + many + R"(],"targetNodeId":"node2"})", 400, "monitorIds"},
             {"/api/monitors/batch-switch", R"({"monitorIds":[1]})", 400, "targetNodeId"},
             {"/api/monitors/batch-switch", R"({"monitorIds":[1],"targetNodeId":"node9"})", 404,
              "targetNodeId"},
         }) {
        const auto answer = post(path, body);
        EXPECT_EQ(answer.status, status) << path << body.substr(0, 80) << answer.text;
        EXPECT_EQ(answer.body.at("field"), json::value(field)) << body.substr(0, 80);
    }
    EXPECT_EQ(post("/api/monitors/1/switch-node", R"({"targetNodeId":"node2"})").body.at("msg"),
              "node2 is full: it has 1 of 1 monitors.");
    EXPECT_EQ(get("/api/monitors/1/switch-node").status, 405);
    EXPECT_EQ(get("/api/monitors/batch-switch").status, 405);
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return stored_status("node2") == "offline"; }));
    EXPECT_THAT(post("/api/monitors/1/switch-node", R"({"targetNodeId":"node2"})").text,
                testing::HasSubstr("node2 is offline"));
    EXPECT_EQ(row(1), "node1/-/-/0");
}

}  // namespace
}  // namespace higuma::test
