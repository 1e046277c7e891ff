#include <gmock/gmock.h>

#include "contract/api/controller_fixture.hpp"
#include "contract/cluster/route_file.hpp"

namespace higuma::test {
namespace {

class Drains : public ControllerApi {
  protected:
    Drains() { add_node("node3", three.host()); }
    bool three_nodes() {
        return until([&] {
            return settled() && gateway->own_status("node3") == NodeStatus::online &&
                   stored_status("node3") == "online";
        });
    }
    bool known(std::size_t monitors) {
        return until([&] { return gateway->controller.view().monitors_active == monitors; });
    }
    std::int64_t assigned(const std::string& reason) {
        return number("SELECT COUNT(*) FROM monitor WHERE assigned_reason = '" + reason + "'");
    }
    std::int64_t total(const json::value& shares) {
        std::int64_t sum = 0;
        for (const auto& share : shares.as_array()) {
            sum += share.at("monitors").to_number<std::int64_t>();
        }
        return sum;
    }
    FakeNode three;
};

TEST_F(Drains, EmptyANodeAndBringItsMonitorsHomeAgain) {
    add_monitors(40, "node2");
    add_monitors(4, "node1");
    serve();
    ASSERT_TRUE(three_nodes());
    ASSERT_TRUE(known(44));
    const auto answer = post("/api/nodes/node2/drain",
                             R"({"targetStrategy":"distribute","waitForCompletion":true,
                                 "reason":"new disk"})");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.body.at("completed"), true) << answer.text;
    EXPECT_EQ(answer.body.at("monitors").to_number<int>(), 40);
    EXPECT_EQ(answer.body.at("remaining").to_number<int>(), 0);
    EXPECT_EQ(answer.body.at("strategy"), "distribute");
    EXPECT_EQ(answer.body.at("targets").as_array().size(), 2U);
    EXPECT_EQ(total(answer.body.at("targets")), 40);
    EXPECT_EQ(monitors_on("node2"), 0);
    EXPECT_EQ(assigned("drain"), 40);
    EXPECT_TRUE(until([&] { return stored_status("node2") == "draining"; }));
    EXPECT_TRUE(route_node(gateway->file("nodes.route"), "node2").starts_with("draining"));
    EXPECT_TRUE(until([&] { return events("drain") >= 1 && events("draining") == 1; }));
    const auto row = get("/api/node-status").body.at("nodes").at(1);
    EXPECT_EQ(row.at("draining"), true);
    EXPECT_EQ(row.at("drain_strategy"), "distribute");

    const auto again = post("/api/nodes/node2/drain", R"({"targetStrategy":"distribute"})");
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body.at("changed"), false);
    EXPECT_EQ(again.body.at("completed"), true);

    const auto back = post("/api/nodes/node2/undrain", R"({"waitForCompletion":true})");
    ASSERT_EQ(back.status, 200) << back.text;
    EXPECT_EQ(back.body.at("completed"), true);
    EXPECT_EQ(total(back.body.at("sources")), 40);
    EXPECT_EQ(monitors_on("node2"), 40);
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assigned_node IS NOT NULL "
                     "OR assigned_reason IS NOT NULL"),
              0);
    EXPECT_TRUE(until([&] { return stored_status("node2") == "online"; }));
    EXPECT_EQ(post("/api/nodes/node2/undrain").body.at("changed"), false);
}

TEST_F(Drains, ToOneNodeAndWhatIsToldBeforehand) {
    add_monitors(10, "node1");
    add_monitors(2, "node3");
    serve();
    ASSERT_TRUE(three_nodes());
    ASSERT_TRUE(known(12));
    const auto answer = post("/api/nodes/node1/drain", R"({"targetNodeId":"node3"})");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.body.at("strategy"), "single");
    EXPECT_EQ(answer.body.at("target_node_id"), "node3");
    EXPECT_EQ(answer.body.at("targets").at(0).at("node_id"), "node3");
    EXPECT_EQ(total(answer.body.at("targets")), 10);
    EXPECT_TRUE(until([&] { return monitors_on("node3") == 12; }));
}

// New monitors, and those that somebody moves there by hand in the database, leave at once.
TEST_F(Drains, GoOnWhileTheWishStands) {
    serve();
    ASSERT_TRUE(three_nodes());
    ASSERT_EQ(post("/api/nodes/node2/drain").status, 200);
    ASSERT_TRUE(until([&] { return stored_status("node2") == "draining"; }));
    add_monitors(6, "node2");
    EXPECT_TRUE(until([&] { return monitors_on("node2") == 0; }));
    EXPECT_EQ(assigned("drain"), 6);
}

TEST_F(Drains, SurviveAnOfflineNodeAndARestartOfTheController) {
    add_monitors(9, "node2");
    serve();
    ASSERT_TRUE(three_nodes());
    ASSERT_TRUE(known(9));
    ASSERT_EQ(post("/api/nodes/node2/drain", R"({"waitForCompletion":true})").status, 200);
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return stored_status("node2") == "offline"; }));
    add_monitors(3, "node2");  // these move by failover
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 0; }));
    two.set(FakeNode::Mode::well);
    ASSERT_TRUE(until([&] { return stored_status("node2") == "draining"; }));
    let_run(Millis{400});
    EXPECT_EQ(monitors_on("node2"), 0) << "it takes nothing back while it is to be drained";

    gateway->drain();
    Running next(*this, "gateway2");
    ASSERT_TRUE(until([&] {
        return next.controller.view().leader && next.own_status("node2") == NodeStatus::draining;
    }));
    add_monitors(2, "node2");
    EXPECT_TRUE(until([&] { return monitors_on("node2") == 0; }));
}

// Nobody is left behind when the node that should be emptied dies meanwhile, and none moves twice.
TEST_F(Drains, ANodeThatDiesMeanwhileFailsOver) {
    add_monitors(3'000, "node2");
    serve();
    ASSERT_TRUE(three_nodes());
    ASSERT_TRUE(known(3'000));
    two.set(FakeNode::Mode::dead);
    ASSERT_EQ(post("/api/nodes/node2/drain").status, 200);
    ASSERT_TRUE(until([&] { return stored_status("node2") == "offline"; }));
    ASSERT_TRUE(until([&] { return monitors_on("node2") == 0; }));
    EXPECT_EQ(number("SELECT MAX(assignment_epoch) FROM monitor"), 2);
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assigned_reason IN ('drain', 'failover')"),
              3'000);
}

TEST_F(Drains, PinnedMonitorsStayAndAreCounted) {
    add_monitors(5, "node2");
    ASSERT_TRUE(admin.execute("UPDATE monitor SET pinned = 1 WHERE id = 1"));
    serve();
    ASSERT_TRUE(three_nodes());
    ASSERT_TRUE(known(5));
    const auto answer = post("/api/nodes/node2/drain", R"({"waitForCompletion":true})");
    EXPECT_EQ(answer.body.at("completed"), true) << answer.text;
    EXPECT_EQ(answer.body.at("pinned").to_number<int>(), 1);
    EXPECT_EQ(monitors_on("node2"), 1);
}

TEST_F(Drains, RefusalsChangeNothing) {
    add_monitors(3, "node1");
    serve();
    ASSERT_TRUE(three_nodes());
    ASSERT_TRUE(known(3));
    ASSERT_TRUE(admin.execute("UPDATE node SET monitor_limit = 2 WHERE node_id = 'node2'"));
    struct Case {
        const char* path;
        const char* body;
        int status;
        const char* field;
    };
    for (const auto& [path, body, status, field] : {
             Case{"/api/nodes/node9/drain", "", 404, "id"},
             Case{"/api/nodes/node9/undrain", "", 404, "id"},
             Case{"/api/nodes/no%20de/drain", "", 400, "id"},
             Case{"/api/nodes/node1/drain", R"({"targetStrategy":"sideways"})", 400,
                  "targetStrategy"},
             Case{"/api/nodes/node1/drain", R"({"targetStrategy":7})", 400, "targetStrategy"},
             Case{"/api/nodes/node1/drain", R"({"targetNodeId":"node1"})", 400, "targetNodeId"},
             Case{"/api/nodes/node1/drain", R"({"targetNodeId":"a b"})", 400, "targetNodeId"},
             Case{"/api/nodes/node1/drain",
                  R"({"targetStrategy":"distribute","targetNodeId":"node2"})", 400, "targetNodeId"},
             Case{"/api/nodes/node1/drain", R"({"targetNodeId":"node9"})", 404, "targetNodeId"},
             Case{"/api/nodes/node1/drain", R"({"targetNodeId":"node2"})", 409, "targetNodeId"},
             Case{"/api/nodes/node1/drain", R"({"waitForCompletion":"yes"})", 400,
                  "waitForCompletion"},
             Case{"/api/nodes/node1/drain", R"({"wait":true})", 400, "wait"},
             Case{"/api/nodes/node1/drain", "[]", 400, "body"},
             Case{"/api/nodes/node1/drain", "{", 400, "body"},
             Case{"/api/nodes/node1/undrain", R"({"waitForCompletion":1})", 400,
                  "waitForCompletion"},
         }) {
        const auto answer = post(path, body);
        EXPECT_EQ(answer.status, status) << path << body << answer.text;
        EXPECT_EQ(answer.body.at("ok"), false);
        EXPECT_EQ(answer.body.at("field"), json::value(field)) << body;
    }
    EXPECT_EQ(get("/api/nodes/node1/drain").status, 405);
    EXPECT_EQ(number("SELECT COUNT(*) FROM node WHERE draining"), 0);

    ASSERT_EQ(post("/api/nodes/node2/drain").status, 200);
    ASSERT_EQ(post("/api/nodes/node3/drain").status, 200);
    const auto last = post("/api/nodes/node1/drain");
    EXPECT_EQ(last.status, 409);
    EXPECT_THAT(last.text, testing::HasSubstr("no other node is online"));
    EXPECT_EQ(monitors_on("node1"), 3);
}

}  // namespace
}  // namespace higuma::test
