// What the live page is told, and what it must not be told.
#include "api/live_json.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/live_view.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

cluster::NodeView node(const std::string& id, NodeStatus status) {
    cluster::NodeView view;
    view.node.id = {id};
    view.node.name = id;
    view.node.status = status;
    view.limit = 200;
    view.monitors = 50;
    view.checks_per_second = 2.5;
    return view;
}

TEST(LiveJson, TellsNodesWithLoadAndGuests) {
    LiveIndex index;
    store::LiveMonitor away;
    away.id = {1};
    away.node = "node1";
    away.home = "node2";
    index.put(away);
    cluster::ControllerView view;
    view.now = *parse_time("2026-11-22 10:00:00.000");
    view.nodes = {node("node1", NodeStatus::online), node("node2", NodeStatus::offline)};
    const Instant now{Seconds{1000}};
    view.nodes[1].health.since = now - Seconds{10};
    view.nodes[1].health.held_until = now + Seconds{30};
    view.nodes[1].health.last_error = "connection refused";
    const auto out = live_nodes_json(view, &index, now);
    EXPECT_EQ(out[0].at("moved_in"), 1);
    EXPECT_EQ(out[0].at("usage_percent"), 25.0);
    EXPECT_TRUE(out[0].at("held_until").is_null());
    EXPECT_EQ(out[1].at("moved_out"), 1);
    EXPECT_EQ(out[1].at("status"), "offline");
    EXPECT_EQ(out[1].at("since"), "2026-11-22T09:59:50.000Z");
    EXPECT_EQ(out[1].at("held_until"), "2026-11-22T10:00:30.000Z");
    EXPECT_EQ(out[1].at("last_error"), "connection refused");

    const auto cluster = live_cluster_json(view, &index);
    EXPECT_EQ(cluster.at("online"), 1);
    EXPECT_EQ(cluster.at("unknown"), 1);
    EXPECT_EQ(cluster.at("checks_per_second"), 5.0);
}

TEST(LiveJson, WithoutAnIndexTheControllersCountsStand) {
    cluster::ControllerView view;
    view.monitors_total = 300;
    view.monitors_active = 290;
    const auto out = live_cluster_json(view, nullptr);
    EXPECT_EQ(out.at("monitors"), 300);
    EXPECT_EQ(out.at("active"), 290);
}

TEST(LiveJson, SendsOnlyBeatsThatTheBrowserDoesNotKnow) {
    LiveRow row;
    row.monitor.id = {7};
    row.monitor.name = "<script>alert(1)</script>";
    LiveBars bars;
    for (int id = 1; id <= 3; ++id) {
        store::StoredBeat stored;
        stored.id = id;
        stored.beat.monitor = {7};
        stored.beat.status = BeatStatus::up;
        stored.beat.ping = Millis{id};
        stored.beat.msg = std::string(2000, 'x') + "\xff";
        bars.beats.push_back(stored);
    }
    const auto out = live_monitor_json(row, &bars, 2);
    const auto& beats = out.at("beats").as_array();
    ASSERT_EQ(beats.size(), 1u);
    EXPECT_EQ(beats[0].at("id"), 3);
    EXPECT_EQ(beats[0].at("ping"), 3);
    EXPECT_LE(beats[0].at("msg").as_string().size(), 300u);
    EXPECT_TRUE(beats[0].at("node_id").is_null());
    EXPECT_EQ(out.at("name"), "<script>alert(1)</script>") << "the page puts it in as text";
    EXPECT_TRUE(live_monitor_json(row, nullptr, 0).at("beats").as_array().empty());
}

// The page is read without a password: no secret of a monitor may be on it.
TEST(LiveTarget, ShowsNoCredentials) {
    using store::live_target;
    EXPECT_EQ(live_target("http", "https://user:pass@shop.example/a?key=1#x", "", 0),
              "https://shop.example/a?…");
    EXPECT_EQ(live_target("keyword", "https://shop.example/a@b", "", 0),
              "https://shop.example/a@b");
    EXPECT_EQ(live_target("http", "https://shop.example#token", "", 0), "https://shop.example");
    EXPECT_EQ(live_target("http", "https://user:p@ss@shop.example", "", 0), "https://shop.example");
    EXPECT_EQ(live_target("port", "https://", "db.internal", 3306), "db.internal:3306");
    EXPECT_EQ(live_target("ping", "https://", "db.internal", 0), "db.internal");
    EXPECT_EQ(live_target("push", "https://", "", 0), "");
    EXPECT_EQ(live_target("mysql", "https://x:y@z", "", 0), "");
}

TEST(LiveQuery, ReadsEachParameter) {
    const auto query = live_query_from({{"search", "Shop"},
                                        {"status", "down"},
                                        {"node", "node1"},
                                        {"offset", "120"},
                                        {"limit", "200"},
                                        {"beats_after", "99"},
                                        {"other", "ignored"}});
    ASSERT_TRUE(query);
    EXPECT_EQ(query->search, "Shop");
    EXPECT_EQ(query->offset, 120u);
    EXPECT_EQ(query->limit, 200u);
    EXPECT_EQ(query->beats_after, 99);
}

TEST(LiveQuery, NamesTheParameterThatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"status", "broken"},
        {"node", "no de"},
        {"offset", "-1"},
        {"offset", "x"},
        {"limit", "0"},
        {"limit", "201"},
        {"limit", "1e2"},
        {"beats_after", "-5"},
        {"beats_after", "99999999999999999999"},
        {"offset", ""},
        {"search", std::string(401, 'x')}};
    for (const auto& parameter : wrong) {
        const auto query = live_query_from({parameter});
        ASSERT_FALSE(query) << parameter.first << "=" << parameter.second;
        EXPECT_EQ(query.error().kind, ErrorKind::invalid_input);
        EXPECT_EQ(query.error().field, parameter.first);
    }
}

}  // namespace
}  // namespace higuma::api
