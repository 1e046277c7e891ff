// Monitors and nodes over REST, with real nodes and a real database.
#include <gmock/gmock.h>

#include "contract/api/node_fixture.hpp"

namespace higuma::api {
namespace {

using testing::HasSubstr;

constexpr const char* kHttp =
    R"({"name":"web","type":"http","url":"http://127.0.0.1:1/","interval":3600})";

TEST_F(NodeApiTest, AMonitorLivesAndDies) {
    const auto made = ask("POST", "/api/v1/monitors", kHttp);
    ASSERT_EQ(made.status, 201) << made.body;
    const auto monitor = object(made);
    const auto id = monitor.at("id").as_int64();
    const auto address = "/api/v1/monitors/" + std::to_string(id);
    EXPECT_EQ(made.header("Location"), address);
    EXPECT_EQ(monitor.at("user_id"), 1);
    EXPECT_EQ(object(ask("GET", address)), monitor);

    const auto patched = ask("PATCH", address, R"({"upsideDown":true})");
    EXPECT_EQ(object(patched).at("upside_down"), true);
    EXPECT_EQ(object(patched).at("interval"), 3600);
    const auto put = ask("PUT", address, kHttp);
    EXPECT_EQ(put.status, 200) << put.body;
    EXPECT_EQ(object(put).at("upside_down"), false);

    EXPECT_EQ(ask("DELETE", address).status, 200);
    EXPECT_EQ(ask("GET", address).status, 404);
    EXPECT_EQ(ask("DELETE", address).status, 404);
    EXPECT_EQ(ask("PATCH", address, "{}").status, 404);
}

TEST_F(NodeApiTest, AMonitorStartsAtOnceOnItsNode) {
    const auto here = create(R"({"name":"a","type":"push","node_id":"node1"})");
    const auto there = create(R"({"name":"b","type":"push","node_id":"node2"})");
    EXPECT_TRUE(test::eventually([&] { return runs(0, here) && runs(1, there); }));
    EXPECT_FALSE(runs(0, there) || runs(1, here));
    EXPECT_EQ(ask("DELETE", "/api/v1/monitors/" + std::to_string(there)).status, 200);
    EXPECT_TRUE(test::eventually([&] { return !runs(1, there); }));
    EXPECT_EQ(
        ask("PATCH", "/api/v1/monitors/" + std::to_string(here), R"({"active":false})").status,
        200);
    EXPECT_TRUE(test::eventually([&] { return !runs(0, here); }));
}

TEST_F(NodeApiTest, NewMonitorsGoToTheNodeWithMostRoom) {
    for (int i = 0; i < 10; ++i) create(kHttp);
    EXPECT_EQ(count("SELECT COUNT(*) FROM monitor WHERE node_id = 'node1'"), 5);
    EXPECT_EQ(count("SELECT COUNT(*) FROM monitor WHERE node_id = 'node2'"), 5);
}

TEST_F(NodeApiTest, FullNodesAreRefusedWithAClearText) {
    run("UPDATE node SET monitor_limit = 1");
    create(kHttp);
    create(kHttp);
    const auto full = ask("POST", "/api/v1/monitors", kHttp);
    EXPECT_EQ(full.status, 409);
    EXPECT_THAT(full.body, HasSubstr("Every online node"));
    const auto named =
        ask("POST", "/api/v1/monitors", R"({"name":"a","type":"push","node_id":"node1"})");
    EXPECT_EQ(named.status, 409) << named.body;
    EXPECT_EQ(count("SELECT COUNT(*) FROM monitor"), 2);
    run("UPDATE node SET monitor_limit = NULL, status = 'offline'");
    const auto nobody = ask("POST", "/api/v1/monitors", kHttp);
    EXPECT_EQ(nobody.status, 503);
    EXPECT_FALSE(nobody.header("Retry-After").empty());
}

TEST_F(NodeApiTest, ReferencesThatAreNotThereAreNamed) {
    const auto node =
        ask("POST", "/api/v1/monitors", R"({"name":"a","type":"push","node_id":"nope"})");
    EXPECT_EQ(node.status, 400) << node.body;
    EXPECT_EQ(object(node).at("field"), "node_id");
    const auto parent =
        ask("POST", "/api/v1/monitors", R"({"name":"a","type":"push","parent":99})");
    EXPECT_EQ(parent.status, 400) << parent.body;
    EXPECT_EQ(object(parent).at("field"), "parent");
    const auto id = create(kHttp);
    const auto edit = ask("PATCH", "/api/v1/monitors/" + std::to_string(id), R"({"parent":99})");
    EXPECT_EQ(edit.status, 400) << edit.body;
    EXPECT_EQ(object(edit).at("field"), "parent");
}

TEST_F(NodeApiTest, ListsArePagedFilteredAndNeverObjects) {
    const auto empty = object(ask("GET", "/api/v1/monitors"));
    EXPECT_TRUE(empty.at("monitors").is_array());  // fault 16 of the original: {} for an empty list
    EXPECT_EQ(empty.at("total"), 0);
    for (int i = 0; i < 5; ++i) {
        create(R"({"type":"push","name":"m)" + std::to_string(i) + R"(","node_id":")" +
               (i < 2 ? "node1" : "node2") + "\"}");
    }
    auto page = object(ask("GET", "/api/v1/monitors?limit=2"));
    EXPECT_EQ(page.at("monitors").as_array().size(), 2u);
    EXPECT_EQ(page.at("total"), 5);
    std::size_t seen = 2;
    while (!page.at("next_after").is_null()) {
        page = object(ask("GET", "/api/v1/monitors?limit=2&after=" +
                                     std::to_string(page.at("next_after").as_int64())));
        seen += page.at("monitors").as_array().size();
    }
    EXPECT_EQ(seen, 5u);
    EXPECT_EQ(object(ask("GET", "/api/v1/monitors?node=node1")).at("total"), 2);
    EXPECT_EQ(object(ask("GET", "/api/v1/nodes/node2/monitors")).at("total"), 3);
    EXPECT_EQ(object(ask("GET", "/api/v1/monitors?search=m4")).at("total"), 1);
    EXPECT_EQ(object(ask("GET", "/api/v1/monitors?search=%25")).at("total"), 0);
}

TEST_F(NodeApiTest, PushTokensAreMadeKeptAndUnique) {
    const auto made = object(ask("POST", "/api/v1/monitors", R"({"name":"a","type":"push"})"));
    const std::string token(made.at("push_token").as_string());
    EXPECT_EQ(token.size(), 32u);
    const auto address = "/api/v1/monitors/" + std::to_string(made.at("id").as_int64());
    EXPECT_EQ(
        object(ask("PUT", address, R"({"name":"b","type":"push"})")).at("push_token").as_string(),
        token);
    const auto again = ask("POST", "/api/v1/monitors",
                           R"({"name":"a","type":"push","push_token":")" + token + "\"}");
    EXPECT_EQ(again.status, 409) << again.body;
    EXPECT_EQ(object(again).at("field"), "push_token");
}

TEST_F(NodeApiTest, HeartbeatsNewestFirst) {
    const auto id = create(R"({"name":"a","type":"push","interval":3600,"node_id":"node1"})");
    const auto address = "/api/v1/monitors/" + std::to_string(id) + "/heartbeats";
    EXPECT_EQ(ask("GET", "/api/v1/monitors/999/heartbeats").status, 404);
    run("INSERT INTO heartbeat (monitor_id, status, msg, time, ping, important) VALUES (" +
        std::to_string(id) + ", 0, 'bad \"quote\"', '2026-01-01 00:00:00', NULL, 1), (" +
        std::to_string(id) + ", 1, 'fine', '2026-01-01 00:01:00', 12, 0)");
    const auto page = object(ask("GET", address + "?limit=2"));
    const auto& beats = page.at("heartbeats").as_array();
    ASSERT_EQ(beats.size(), 2u);
    EXPECT_EQ(beats[0].at("msg"), "fine");
    EXPECT_EQ(beats[0].at("ping"), 12);
    EXPECT_EQ(beats[1].at("ping"), nullptr);
    EXPECT_EQ(beats[1].at("time"), "2026-01-01T00:00:00.000Z");
    EXPECT_EQ(beats[1].at("important"), true);
    const auto before = std::to_string(beats[0].at("id").as_int64());
    EXPECT_EQ(object(ask("GET", address + "?before=" + before)).at("heartbeats").as_array().size(),
              1u);
}

TEST_F(NodeApiTest, ACheckOutOfTurnRunsOnWhicheverNodeHasTheMonitor) {
    const auto beats = [&](std::int64_t id) {
        return count("SELECT COUNT(*) FROM heartbeat WHERE monitor_id = " + std::to_string(id));
    };
    for (const std::string node : {"node1", "node2"}) {
        const auto id =
            create(R"({"name":"m","type":"manual","interval":3600,"node_id":")" + node + R"("})");
        const auto address = "/api/v1/monitors/" + std::to_string(id) + "/check";
        const auto asked = ask("POST", address, "{}");
        EXPECT_EQ(asked.status, 202) << asked.body;
        EXPECT_TRUE(test::eventually([&] { return beats(id) == 1; })) << node;
    }
    const auto push = create(R"({"name":"p","type":"push","node_id":"node2"})");
    EXPECT_EQ(ask("POST", "/api/v1/monitors/" + std::to_string(push) + "/check").status, 409);
    EXPECT_EQ(ask("POST", "/api/v1/monitors/999999/check").status, 404);
    EXPECT_EQ(ask("POST", "/api/v1/monitors/x/check").status, 400);
}

TEST_F(NodeApiTest, NodesCanBeMadeChangedAndRemoved) {
    const auto made = ask("POST", "/api/v1/nodes",
                          R"({"node_id":"node3","host":"127.0.0.1:1","monitor_limit":7})");
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.header("Location"), "/api/v1/nodes/node3");
    EXPECT_EQ(object(made).at("limit_per_node"), 7);
    EXPECT_EQ(ask("POST", "/api/v1/nodes", R"({"node_id":"node3","host":"127.0.0.1:1"})").status,
              409);
    EXPECT_EQ(object(ask("GET", "/api/v1/nodes")).at("nodes").as_array().size(), 3u);
    EXPECT_EQ(object(ask("PATCH", "/api/v1/nodes/node3", R"({"name":"three"})")).at("name"),
              "three");
    const auto put = object(ask("PUT", "/api/v1/nodes/node3", R"({"host":"127.0.0.1:2"})"));
    EXPECT_EQ(put.at("name"), "node3");
    EXPECT_EQ(put.at("monitor_limit"), nullptr);
    EXPECT_EQ(ask("DELETE", "/api/v1/nodes/node3").status, 200);
    EXPECT_EQ(ask("GET", "/api/v1/nodes/node3").status, 404);
    EXPECT_EQ(ask("GET", "/api/v1/nodes/node3/monitors").status, 404);
    create(R"({"name":"a","type":"push","node_id":"node2"})");
    EXPECT_EQ(ask("DELETE", "/api/v1/nodes/node2").status, 409);
}

TEST_F(NodeApiTest, HealthAndStatusTellFigures) {
    const auto health = plain("GET", "/api/v1/health");
    EXPECT_EQ(health.status, 200);
    const auto body = object(health);
    EXPECT_EQ(body.at("status"), "ok");
    EXPECT_EQ(body.at("node_id"), "node1");
    EXPECT_EQ(body.at("database").at("reachable"), true);
    EXPECT_TRUE(body.at("engine").at("beat_queue").at("limit").is_number());
    const auto status = object(ask("GET", "/api/v1/status"));
    EXPECT_EQ(status.at("agent").at("registered"), true);
    EXPECT_TRUE(status.at("http").at("requests").is_number());
    const double load = body.at("load").to_number<double>();
    EXPECT_GE(load, 0);
    EXPECT_LE(load, 1);
    EXPECT_EQ(plain("HEAD", "/api/v1/health").status, 200);
}

TEST_F(NodeApiTest, ReconcileAnswersWhatItDid) {
    const auto token = "Authorization: Bearer " +
                       make_service_token(jwt_secret, SystemClock{}.wall_now(), Seconds{30});
    const auto answer = plain("POST", "/api/v1/reconcile-monitors", "{}", {token});
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(object(answer).at("started").is_number());
    EXPECT_EQ(plain("GET", "/api/v1/monitors", "", {token}).status, 200);
    EXPECT_EQ(plain("POST", "/api/v1/monitors", kHttp, {token}).status, 403);
}

}  // namespace
}  // namespace higuma::api
