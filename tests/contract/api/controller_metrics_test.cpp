// /lb/metrics and the list of gateways, of a controller with a real database.
#include "contract/api/controller_fixture.hpp"
#include "support/prometheus_parser.hpp"

namespace higuma::test {
namespace {

class ControllerMetrics : public ControllerApi {
  protected:
    ParsedMetrics metrics() {
        const auto answer = get("/lb/metrics");
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        auto read = PrometheusParser::parse(answer.text);
        EXPECT_EQ(read.fault, "");
        return read;
    }
};

TEST_F(ControllerMetrics, FollowTheCluster) {
    add_monitors(6, "node1");
    ASSERT_TRUE(admin.execute("UPDATE monitor SET pinned = 1 ORDER BY id LIMIT 1"));
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(until([&] { return gateway->controller.view().monitors_active == 6; }));
    auto read = metrics();
    EXPECT_EQ(read.value("higuma_nodes{state=\"online\"}"), 2);
    EXPECT_EQ(read.value("higuma_node_monitors{node=\"node1\"}"), 6);
    EXPECT_EQ(read.value("higuma_node_pinned_monitors{node=\"node1\"}"), 1);
    EXPECT_EQ(read.value("higuma_node_state{node=\"node2\",state=\"online\"}"), 1);
    EXPECT_EQ(read.value("higuma_leader"), 1);
    EXPECT_EQ(read.value("higuma_database_reachable"), 1);
    EXPECT_GT(read.value("higuma_health_checks_total{result=\"ok\"}"), 0);
    EXPECT_GT(read.value("higuma_route_table_generation"), 0);
    EXPECT_EQ(read.value("higuma_monitors_unplaced"), 0);
    EXPECT_GT(read.value("higuma_queue_limit{queue=\"database\"}"), 0);
    EXPECT_GT(read.value("process_resident_memory_bytes"), 0);
    EXPECT_EQ(read.value("higuma_nginx_up"), 0);
    EXPECT_FALSE(read.has("higuma_requests_total")) << "what nginx counts is left out without it";

    two.set(FakeNode::Mode::dead);
    ASSERT_TRUE(until([&] { return gateway->controller.view().statistics.detections == 1; }));
    read = metrics();
    EXPECT_EQ(read.value("higuma_nodes{state=\"offline\"}"), 1);
    EXPECT_EQ(read.value("higuma_time_to_detect_seconds_count"), 1);
    EXPECT_GT(read.value("higuma_node_failures_in_row{node=\"node2\"}"), 2);
}

TEST_F(ControllerMetrics, EachQueueHasALengthALimitAndWhatWasDropped) {
    serve();
    const auto read = metrics();
    for (const char* queue : {"database", "events", "operations", "http_connections", "dns_names",
                              "http_requests", "clients_acting", "clients_reading"}) {
        const auto label = "{queue=\"" + std::string(queue) + "\"}";
        EXPECT_GE(read.value("higuma_queue_length" + label), 0) << queue;
        EXPECT_GT(read.value("higuma_queue_limit" + label), 0) << queue;
        EXPECT_EQ(read.value("higuma_queue_dropped_total" + label), 0) << queue;
    }
}

TEST_F(ControllerMetrics, NginxCountersAreThereWhenItAnswers) {
    nginx_socket = (folder.path() / "status.sock").string();
    api::HttpServer nginx(
        loop.get_executor(), clock, {},
        {{"GET", "/status", [](api::Request) -> Task<api::Response> {
              co_return api::Response::text(
                  R"({"requests_by_rule":{"load-balancer":5,"session":2},"nodes":{"node1":)"
                  R"({"requests":7,"in_flight":1,"sessions":3,"ejected":true,"failures_in_row":4,)"
                  R"("responses_5xx":2}},"table":{"generation":9,"stale":false}})",
                  "application/json");
          }}});
    nginx.listen("unix:" + nginx_socket);
    serve();
    const auto read = metrics();
    EXPECT_EQ(read.value("higuma_nginx_up"), 1);
    EXPECT_EQ(read.value("higuma_requests_total{rule=\"session\"}"), 2);
    EXPECT_EQ(read.value("higuma_node_requests_total{node=\"node1\"}"), 7);
    EXPECT_EQ(read.value("higuma_node_ejected{node=\"node1\"}"), 1);
    EXPECT_EQ(read.value("higuma_nginx_table_stale"), 0);
    run_task(loop, nginx.drain(Deadline::after(*clock, Seconds(2))));
}

TEST_F(ControllerMetrics, AnOutsiderReadsNothing) {
    serve("", {"192.0.2.0/24"});
    EXPECT_EQ(get("/lb/metrics", {{"X-Real-IP", "198.51.100.7"}}).status, 403);
    EXPECT_EQ(get("/lb/", {{"X-Real-IP", "198.51.100.7"}}).status, 403);
}

TEST_F(ControllerMetrics, GatewaysAreListedWhileTheyRun) {
    serve();
    ASSERT_TRUE(settled());  // before the other one starts, which could lead just as well
    auto other = std::make_unique<Running>(*this, "other-Xy12");
    const auto listed = [&] { return get("/api/system-status").body.at("gateways").as_array(); };
    ASSERT_TRUE(until([&] { return listed().size() == 2; }));
    EXPECT_EQ(listed()[0].at("id"), "gateway");
    EXPECT_EQ(listed()[0].at("leads"), true);
    EXPECT_EQ(listed()[0].at("seen_lately"), true);
    EXPECT_EQ(listed()[1].at("leads"), false);
    other->drain();
    EXPECT_TRUE(until([&] { return listed().size() == 1; }));
}

TEST_F(ControllerMetrics, AGatewayThatWasNotSeenForADayIsNotListed) {
    for (const char* row : {"'gone', UTC_TIMESTAMP() - INTERVAL 25 HOUR",
                            "'silent', UTC_TIMESTAMP() - INTERVAL 23 HOUR"}) {
        ASSERT_TRUE(admin.execute("INSERT INTO gateway (id, last_seen, started_at) SELECT " +
                                  std::string(row) + ", UTC_TIMESTAMP()"));
    }
    serve();
    ASSERT_TRUE(settled());
    const auto listed = get("/api/system-status").body.at("gateways").as_array();
    ASSERT_EQ(listed.size(), 2u);
    EXPECT_EQ(listed[1].at("id"), "silent");
    EXPECT_EQ(listed[1].at("seen_lately"), false);
    EXPECT_EQ(metrics().value("higuma_gateways{seen=\"not_lately\"}"), 1);
}

TEST(LeadingGateway, IsTheLongestIdThatTheHoldersNameBeginsWith) {
    std::vector<store::Gateway> gateways(3);
    gateways[0].id = "edge";
    gateways[1].id = "edge-2";
    gateways[2].id = "edge-20";
    const auto leads = [&](const char* holder) {
        const auto* found = cluster::leading_gateway(gateways, holder);
        return found ? found->id : "";
    };
    EXPECT_EQ(leads("edge-abc"), "edge");
    EXPECT_EQ(leads("edge-2-abc"), "edge-2");
    EXPECT_EQ(leads("edge-2"), "edge-2");
    EXPECT_EQ(leads("edgewise-abc"), "");
    EXPECT_EQ(leads(""), "");
}

}  // namespace
}  // namespace higuma::test
