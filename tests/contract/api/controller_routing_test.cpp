#include <gmock/gmock.h>

#include "contract/api/controller_fixture.hpp"
#include "contract/cluster/route_file.hpp"

namespace higuma::test {
namespace {

class Routing : public ControllerApi {
  protected:
    std::string forced_in_table() {
        const RouteFile file(gateway->file("nodes.route"));
        std::string reason;
        const auto table = routing::open_node_table(file.bytes(), reason);
        return table ? std::string(table->forced()) : reason;
    }
    std::uint32_t announced_in_table(const std::string& id) {
        const RouteFile file(gateway->file("nodes.route"));
        std::string reason;
        const auto table = routing::open_node_table(file.bytes(), reason);
        for (std::size_t i = 0; table && i < table->size(); ++i) {
            if (table->node(i).id.view() == id) return table->node(i).announced_load_permille;
        }
        return 0;
    }
};

TEST_F(Routing, ForcedUntilItIsRestored) {
    ASSERT_TRUE(admin.execute("INSERT INTO user (username, password) VALUES ('a', 'b')"));
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(until([&] { return gateway->controller.view().setup_complete; }));
    auto mode = get("/api/lb/routing-mode").body;
    EXPECT_EQ(mode.at("mode"), "normal");
    EXPECT_EQ(mode.at("algorithm"), "least_monitors");
    EXPECT_EQ(mode.at("forced_node"), nullptr);

    const auto forced = post("/api/lb/force-route-to/node2");
    ASSERT_EQ(forced.status, 200) << forced.text;
    EXPECT_EQ(forced.body.at("changed"), true);
    EXPECT_TRUE(until([&] { return forced_in_table() == "node2"; }));
    mode = get("/api/lb/routing-mode").body;
    EXPECT_EQ(mode.at("mode"), "forced");
    EXPECT_EQ(mode.at("forced_node"), "node2");
    {
        Running other(*this, "gateway2");  // a second gateway, or this one after a restart
        EXPECT_TRUE(until([&] { return other.controller.view().forced_node == "node2"; }));
    }
    EXPECT_EQ(post("/api/lb/force-route-to/node2").body.at("changed"), false);

    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return get("/api/lb/routing-mode").body.at("mode") == "normal"; }));
    EXPECT_EQ(get("/api/lb/routing-mode").body.at("forced_node"), "node2");
    ASSERT_TRUE(until([&] { return stored_status("node2") == "offline"; }));
    EXPECT_EQ(post("/api/lb/force-route-to/node2").status, 409);

    const auto restored = post("/api/lb/restore-ltm", R"({"reason":"done"})");
    EXPECT_EQ(restored.body.at("previous_node"), "node2");
    EXPECT_TRUE(until([&] { return forced_in_table().empty(); }));
    EXPECT_EQ(post("/api/lb/restore-ltm").body.at("changed"), false);
    EXPECT_EQ(post("/api/lb/force-route-to/node9").status, 404);
    EXPECT_EQ(post("/api/lb/force-route-to/a%20b").status, 400);
    EXPECT_EQ(get("/api/lb/force-route-to/node1").status, 405);
    EXPECT_EQ(post("/api/lb/routing-mode").status, 405);
}

TEST_F(Routing, SetupGoesBeforeAForcedRoute) {
    serve();
    ASSERT_TRUE(settled());
    EXPECT_EQ(get("/api/lb/routing-mode").body.at("mode"), "setup");
}

TEST_F(Routing, ANodeAnnouncesItsOwnLoad) {
    serve();
    ASSERT_TRUE(settled());
    EXPECT_EQ(announced_in_table("node2"), 0U);
    two.announce(R"({"status":"ok","load":0.42})");
    EXPECT_TRUE(until([&] { return announced_in_table("node2") == 450; }));
    const auto node = get("/api/load-balancer-status").body.at("nodes").at(1);
    EXPECT_EQ(node.at("announced_load").to_number<double>(), 0.42);
    for (const char* nonsense : {R"({"load":7})", R"({"load":"high"})", "[]", "{", ""}) {
        two.announce(R"({"load":1})");
        ASSERT_TRUE(until([&] { return announced_in_table("node2") == 1000; }));
        two.announce(nonsense);
        EXPECT_TRUE(until([&] { return announced_in_table("node2") == 0; })) << nonsense;
    }
}

TEST_F(Routing, StatusWithoutNginxSaysSo) {
    add_monitors(3, "node1");
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(until([&] { return gateway->controller.view().monitors_active == 3; }));
    const auto status = get("/lb/load-balancer-status").body;
    EXPECT_EQ(status.at("algorithm"), "least_monitors");
    EXPECT_EQ(status.at("requests_by_rule"), nullptr);
    EXPECT_EQ(status.at("nginx_error"), "this controller has no nginx beside it");
    EXPECT_EQ(status.at("nodes").at(0).at("score").to_number<int>(), 3);
    EXPECT_TRUE(status.at("last_update").is_string());
}

TEST_F(Routing, StatusShowsTheCountersOfNginx) {
    nginx_socket = (folder.path() / "status.sock").string();
    api::HttpServer nginx(
        loop.get_executor(), clock, {},
        {{"GET", "/status", [](api::Request) -> Task<api::Response> {
              co_return api::Response::text(
                  R"({"requests_by_rule":{"load-balancer":7},"nodes":{"node1":{"in_flight":2}},)"
                  R"("table":{"generation":5,"stale":false}})",
                  "application/json");
          }}});
    nginx.listen("unix:" + nginx_socket);
    serve();
    ASSERT_TRUE(settled());
    const auto status = get("/api/load-balancer-status").body;
    EXPECT_EQ(status.at("nginx_error"), nullptr);
    EXPECT_EQ(status.at("requests_by_rule").at("load-balancer").to_number<int>(), 7);
    EXPECT_EQ(status.at("nodes").at(0).at("traffic").at("in_flight").to_number<int>(), 2);
    EXPECT_EQ(status.at("nodes").at(1).at("traffic"), nullptr);
    EXPECT_EQ(status.at("table").at("stale"), false);
    run_task(loop, nginx.drain(Deadline::after(*clock, Seconds(2))));
}

TEST_F(Routing, LoadsAreReadOnDemand) {
    serve();
    ASSERT_TRUE(settled());
    add_monitors(5, "node2");
    for (const char* path : {"/api/update-loads", "/lb/update-loads"}) {
        const auto answer = post(path);
        ASSERT_EQ(answer.status, 200) << answer.text;
        EXPECT_EQ(answer.body.at("ok"), true);
        EXPECT_EQ(answer.body.at("nodes").at(1).at("monitor_count").to_number<int>(), 5);
    }
}

TEST_F(Routing, FixedNodePagesSetAndClearTheCookie) {
    serve();
    ASSERT_TRUE(settled());
    const auto set = get("/lb/fixed-node/node2");
    EXPECT_EQ(set.status, 200);
    EXPECT_EQ(set.header("set-cookie"),
              "KUMA_FIXED_NODE=node2; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax");
    EXPECT_TRUE(set.header("content-type").starts_with("text/html"));
    EXPECT_THAT(set.text, testing::HasSubstr("You are on node2"));
    const auto tls = get("/lb/fixed-node/node2", {{"X-Forwarded-Proto", "https"}});
    EXPECT_TRUE(tls.header("set-cookie").ends_with("; Secure"));

    const auto unknown = get("/lb/fixed-node/%3Cscript%3E");
    EXPECT_EQ(unknown.status, 400);
    EXPECT_THAT(unknown.text, testing::Not(testing::HasSubstr("<script>")));
    EXPECT_EQ(unknown.header("set-cookie"), "");
    EXPECT_EQ(get("/lb/fixed-node/node2", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
    EXPECT_EQ(post("/lb/fixed-node/node2").status, 405);

    const auto cleared = get("/lb/clear-fixed-node");
    EXPECT_TRUE(cleared.header("content-type").starts_with("text/html"));
    EXPECT_EQ(cleared.header("set-cookie"),
              "KUMA_FIXED_NODE=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    const auto json_cleared = post("/lb/clear-fixed-node");
    EXPECT_EQ(json_cleared.body.at("has_fixed_node"), false);
    EXPECT_FALSE(json_cleared.header("set-cookie").empty());
}

TEST_F(Routing, FixedNodeByJson) {
    serve();
    ASSERT_TRUE(settled());
    const auto set = post("/lb/set-fixed-node", R"({"node":"node1","expires":60})");
    ASSERT_EQ(set.status, 200) << set.text;
    EXPECT_TRUE(set.header("set-cookie").starts_with("KUMA_FIXED_NODE=node1; Path=/; Max-Age=60"));
    for (const auto& [body, field] : std::vector<std::pair<const char*, const char*>>{
             {"", "node"},
             {R"({"node":"node9"})", "node"},
             {R"({"node":{}})", "node"},
             {R"({"node":"node1","expires":"abc"})", "expires"},
             {R"({"node":"a\r\nSet-Cookie: x=y"})", "node"},
             {R"({"node":"node1","expires":0})", "expires"},
             {R"({"node":"node1","expires":"60"})", "expires"},
             {R"({"node":"node1","expires":99999999999})", "expires"},
             {R"({"node":"node1","path":"/"})", "path"}}) {
        const auto refused = post("/lb/set-fixed-node", body);
        EXPECT_EQ(refused.status, 400) << body;
        EXPECT_EQ(refused.body.at("field"), json::value(field)) << body;
        EXPECT_EQ(refused.header("set-cookie"), "") << body;
    }
    EXPECT_EQ(post("/lb/set-fixed-node", "5").status, 400);
    EXPECT_EQ(get("/lb/set-fixed-node").status, 405);

    const auto status = [&](const std::string& cookie) {
        return get("/lb/fixed-node-status", {{"Cookie", cookie}}).body;
    };
    EXPECT_EQ(status("a=b; KUMA_FIXED_NODE=node2").at("is_valid"), true);
    EXPECT_EQ(status("KUMA_FIXED_NODE=node2").at("current_node"), "node2");
    EXPECT_EQ(status("KUMA_FIXED_NODE=node9").at("invalid_reason"), "There is no node node9.");
    EXPECT_EQ(status("KUMA_FIXED_NODE=%3C").at("current_node"), nullptr);
    EXPECT_EQ(status("KUMA_FIXED_NODEX=node2").at("has_fixed_node"), false);
    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return gateway->own_status("node2") == NodeStatus::offline; }));
    EXPECT_EQ(status("KUMA_FIXED_NODE=node2").at("invalid_reason"), "node2 is offline now.");
    EXPECT_EQ(get("/lb/fixed-node/node2").status, 400);
}

}  // namespace
}  // namespace higuma::test
