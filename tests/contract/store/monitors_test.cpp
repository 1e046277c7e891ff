#include "store/monitors.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

const std::string kAwkward = "'); DROP TABLE monitor; -- \\ \" ? 日本🐻";

class MonitorsTest : public StoreTest {
  protected:
    void SetUp() override {
        StoreTest::SetUp();
        incarnation = add_node("node1");
        add_node("node2");
    }
    static std::string unusual_value(const OptionInfo& info) {
        switch (info.kind) {
            case OptionKind::text:
                return std::string("a'\\?").substr(0, static_cast<std::size_t>(info.most));
            case OptionKind::json:
                return R"([{"a":"'"}])";
            case OptionKind::flag:
                return info.otherwise == "1" ? "0" : "1";
            case OptionKind::number:
                break;
        }
        return std::to_string(info.most == 65'500 ? 65'500 : 2);
    }
    static Monitor full_monitor() {
        Monitor m;
        m.name = kAwkward;
        m.type = "keyword";
        m.description = kAwkward;
        m.active = true;
        m.weight = 7;
        m.interval = 45s;
        m.retry_interval = 5s;
        m.max_retries = 3;
        m.resend_interval = 10;
        m.timeout = 12'500ms;
        m.upside_down = true;
        m.url = "http://127.0.0.1/?a=%27" + kAwkward;
        m.method = "POST";
        m.body = kAwkward;
        m.headers = R"({"X-A":"'b'"})";
        m.http_body_encoding = "json";
        m.accepted_statuscodes = {"200-299", "404"};
        m.max_redirects = 2;
        m.ignore_tls = true;
        m.cache_bust = true;
        m.auth_method = "basic";
        m.basic_auth_user = kAwkward;
        m.basic_auth_pass = kAwkward;
        m.bearer_token = kAwkward;
        m.ip_family = "ipv4";
        m.keyword = kAwkward;
        m.invert_keyword = true;
        m.hostname = "host'";
        m.port = 8080;
        m.push_token = "AbC'123";
        for (const auto& info : option_table()) {
            if (info.option != Option::proxy_id) m.options.set(info.option, unusual_value(info));
        }
        m.assignment.home = NodeId{"node1"};
        m.assignment.pinned = true;
        return m;
    }
    void write_beat(MonitorId id, WallTime time, BeatStatus status = BeatStatus::up) {
        Beat beat;
        beat.monitor = id;
        beat.status = status;
        beat.time = beat.scheduled_at = time;
        beat.epoch = Epoch{1};
        beat.retries = 2;
        beat.down_count = 1;
        auto report = write_beats(*db, {"node1"}, incarnation, {beat});
        ASSERT_TRUE(report && report->stored.size() == 1);
    }

    Incarnation incarnation;
    WallTime noon = *parse_time("2026-11-22 12:00:00.125");
};

void expect_same_settings(const Monitor& a, const Monitor& b) {
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.description, b.description);
    EXPECT_EQ(a.active, b.active);
    EXPECT_EQ(a.user, b.user);
    EXPECT_EQ(a.parent, b.parent);
    EXPECT_EQ(a.weight, b.weight);
    EXPECT_EQ(a.interval, b.interval);
    EXPECT_EQ(a.retry_interval, b.retry_interval);
    EXPECT_EQ(a.max_retries, b.max_retries);
    EXPECT_EQ(a.resend_interval, b.resend_interval);
    EXPECT_EQ(a.timeout, b.timeout);
    EXPECT_EQ(a.upside_down, b.upside_down);
    EXPECT_EQ(a.url, b.url);
    EXPECT_EQ(a.method, b.method);
    EXPECT_EQ(a.body, b.body);
    EXPECT_EQ(a.headers, b.headers);
    EXPECT_EQ(a.http_body_encoding, b.http_body_encoding);
    EXPECT_EQ(a.accepted_statuscodes, b.accepted_statuscodes);
    EXPECT_EQ(a.max_redirects, b.max_redirects);
    EXPECT_EQ(a.ignore_tls, b.ignore_tls);
    EXPECT_EQ(a.cache_bust, b.cache_bust);
    EXPECT_EQ(a.auth_method, b.auth_method);
    EXPECT_EQ(a.basic_auth_user, b.basic_auth_user);
    EXPECT_EQ(a.basic_auth_pass, b.basic_auth_pass);
    EXPECT_EQ(a.bearer_token, b.bearer_token);
    EXPECT_EQ(a.ip_family, b.ip_family);
    EXPECT_EQ(a.keyword, b.keyword);
    EXPECT_EQ(a.invert_keyword, b.invert_keyword);
    EXPECT_EQ(a.hostname, b.hostname);
    EXPECT_EQ(a.port, b.port);
    EXPECT_EQ(a.push_token, b.push_token);
    EXPECT_EQ(a.options, b.options);
}

TEST_F(MonitorsTest, EverySettingComesBackAsItWas) {
    const auto made = full_monitor();
    auto id = create_monitor(*db, made, 1'000);
    HIGUMA_OK(id);
    auto read = get_monitor(*db, *id);
    HIGUMA_OK(read);
    expect_same_settings(*read, made);
    EXPECT_EQ(read->assignment.home->value, "node1");
    EXPECT_FALSE(read->assignment.assigned.has_value());
    EXPECT_EQ(read->assignment.epoch, Epoch{1});
    EXPECT_TRUE(read->assignment.pinned);
    EXPECT_EQ(read->change_seq, *current_change_seq(*db));

    Monitor plain;
    plain.id = *id;
    plain.name = "plain";
    plain.type = "port";
    plain.active = false;
    HIGUMA_OK(update_monitor(*db, plain));
    auto changed = get_monitor(*db, *id);
    HIGUMA_OK(changed);
    expect_same_settings(*changed, plain);
    EXPECT_EQ(changed->assignment.home->value, "node1");
    EXPECT_TRUE(changed->assignment.pinned);
    EXPECT_EQ(changed->assignment.epoch, Epoch{1});
    EXPECT_GT(changed->change_seq, read->change_seq);
    EXPECT_EQ(word("SELECT url FROM monitor"), "NULL");
}

TEST_F(MonitorsTest, RowsOfAStockUptimeKumaAreReadWithItsDefaults) {
    run("INSERT INTO monitor (name, type, timeout, accepted_statuscodes_json) "
        "VALUES ('stock', 'http', 48, 'not json')");
    auto monitor = get_monitor(*db, {number("SELECT MAX(id) FROM monitor")});
    HIGUMA_OK(monitor);
    EXPECT_EQ(monitor->interval, 20s);
    EXPECT_EQ(monitor->retry_interval, 0s);
    EXPECT_EQ(monitor->timeout, 48s);
    EXPECT_THAT(monitor->accepted_statuscodes, ElementsAre("200-299"));
    EXPECT_FALSE(monitor->assignment.effective().has_value());
}

TEST_F(MonitorsTest, CreationIsRefusedWithoutNodeRoomOrParent) {
    auto monitor = full_monitor();
    monitor.assignment.home.reset();
    EXPECT_EQ(create_monitor(*db, monitor, 10).error().field, "node_id");
    monitor.assignment.home = NodeId{"node9"};
    EXPECT_EQ(create_monitor(*db, monitor, 10).error().kind, ErrorKind::not_found);
    monitor.assignment.home = NodeId{"node1"};
    monitor.parent = MonitorId{4711};
    auto no_parent = create_monitor(*db, monitor, 10);
    EXPECT_EQ(no_parent.error().kind, ErrorKind::not_found);
    EXPECT_EQ(no_parent.error().field, "parent");
    monitor.parent.reset();
    HIGUMA_OK(create_monitor(*db, monitor, 1));
    auto full = create_monitor(*db, monitor, 1);
    ASSERT_FALSE(full.has_value());
    EXPECT_EQ(full.error().kind, ErrorKind::conflict);
    EXPECT_THAT(full.error().message, testing::HasSubstr("1 of 1"));
    run("UPDATE node SET monitor_limit = 2 WHERE node_id = 'node1'");
    HIGUMA_OK(create_monitor(*db, monitor, 1));
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor"), 2);
}

TEST_F(MonitorsTest, TheLimitHoldsWhenManyCreateAtOnce) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            Connection own(config);
            for (int n = 0; n < 10; ++n) (void)create_monitor(own, full_monitor(), 15);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor"), 15);
}

TEST_F(MonitorsTest, BadValuesNameTheField) {
    auto monitor = full_monitor();
    monitor.name.clear();
    EXPECT_EQ(create_monitor(*db, monitor, 10).error().field, "name");
    monitor = full_monitor();
    monitor.interval = 0s;
    EXPECT_EQ(create_monitor(*db, monitor, 10).error().field, "interval");
    monitor = full_monitor();
    monitor.name.assign(200, 'x');
    auto too_long = create_monitor(*db, monitor, 10);
    EXPECT_EQ(too_long.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(too_long.error().field, "name");
    monitor = full_monitor();
    monitor.push_token.assign(33, 'x');
    EXPECT_EQ(create_monitor(*db, monitor, 10).error().field, "push_token");
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor"), 0);
}

TEST_F(MonitorsTest, AMonitorCannotBeBelowItself) {
    const auto top = add_monitor("node1");
    const auto middle = add_monitor("node1");
    const auto bottom = add_monitor("node1");
    for (const auto& [child, parent] : {std::pair{middle, top}, std::pair{bottom, middle}}) {
        auto monitor = get_monitor(*db, child);
        HIGUMA_OK(monitor);
        monitor->parent = parent;
        HIGUMA_OK(update_monitor(*db, *monitor));
    }
    for (const auto below : {top, middle, bottom}) {
        auto monitor = get_monitor(*db, top);
        HIGUMA_OK(monitor);
        monitor->parent = below;
        auto refused = update_monitor(*db, *monitor);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().field, "parent");
    }
}

TEST_F(MonitorsTest, DeletingTakesEverythingAndTellsReaders) {
    const auto parent = add_monitor("node1");
    const auto child = add_monitor("node1");
    auto below = get_monitor(*db, child);
    below->parent = parent;
    HIGUMA_OK(update_monitor(*db, *below));
    write_beat(parent, noon);
    const auto known = *current_change_seq(*db);
    HIGUMA_OK(delete_monitor(*db, parent));
    EXPECT_EQ(delete_monitor(*db, parent).error().kind, ErrorKind::not_found);
    EXPECT_EQ(get_monitor(*db, parent).error().kind, ErrorKind::not_found);
    EXPECT_EQ(number("SELECT (SELECT COUNT(*) FROM heartbeat) + (SELECT COUNT(*) FROM stat_daily)"),
              0);
    auto delta = monitors_changed_since(*db, {"node1"}, known);
    HIGUMA_OK(delta);
    EXPECT_THAT(delta->not_mine, ElementsAre(parent));
    ASSERT_THAT(delta->mine, SizeIs(1));
    EXPECT_EQ(delta->mine[0].id, child);
    EXPECT_FALSE(delta->mine[0].parent.has_value());
}

TEST_F(MonitorsTest, DeletingAMonitorWithALongHistory) {
    const auto id = add_monitor("node1");
    run("SET SESSION max_recursive_iterations = 20000");
    run("INSERT INTO heartbeat (monitor_id, status, time) "
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 12000) " +
        sql_format("SELECT ?, 1, UTC_TIMESTAMP() FROM n", id));
    ASSERT_EQ(number("SELECT COUNT(*) FROM heartbeat"), 12'000);
    HIGUMA_OK(delete_monitor(*db, id));
    EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat"), 0);
}

TEST_F(MonitorsTest, OldTombstonesAreForgottenAndLateReadersReadAll) {
    const auto first = add_monitor("node1");
    const auto second = add_monitor("node1");
    HIGUMA_OK(delete_monitor(*db, first));
    const auto then = *current_change_seq(*db);
    run("UPDATE cluster_counter SET value = value + 200000 WHERE name = 'monitor'");
    HIGUMA_OK(delete_monitor(*db, second));
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor_tombstone"), 1);
    EXPECT_TRUE(monitors_changed_since(*db, {"node1"}, then)->full);
    EXPECT_FALSE(monitors_changed_since(*db, {"node1"}, *current_change_seq(*db))->full);
}

TEST_F(MonitorsTest, ANodeIsToldWhatIsItsOwnAndWhatIsNotAnyMore) {
    const auto stays = add_monitor("node1");
    const auto leaves = add_monitor("node1");
    const auto comes = add_monitor("node2");
    const auto others = add_monitor("node2");
    auto full = monitors_changed_since(*db, {"node1"}, {});
    HIGUMA_OK(full);
    EXPECT_TRUE(full->full);
    EXPECT_THAT(full->mine, SizeIs(2));
    EXPECT_THAT(full->not_mine, IsEmpty());
    HIGUMA_OK(
        apply_moves(*db, lead(), {{leaves, Epoch{1}, {"node2"}}, {comes, Epoch{1}, {"node1"}}}));
    auto touched = get_monitor(*db, others);
    HIGUMA_OK(update_monitor(*db, *touched));
    auto delta = monitors_changed_since(*db, {"node1"}, full->upto);
    HIGUMA_OK(delta);
    EXPECT_FALSE(delta->full);
    ASSERT_THAT(delta->mine, SizeIs(1));
    EXPECT_EQ(delta->mine[0].id, comes);
    EXPECT_EQ(delta->mine[0].assignment.epoch, Epoch{2});
    EXPECT_THAT(delta->not_mine, testing::UnorderedElementsAre(leaves, others));
    auto nothing = monitors_changed_since(*db, {"node1"}, delta->upto);
    EXPECT_THAT(nothing->mine, IsEmpty());
    EXPECT_THAT(nothing->not_mine, IsEmpty());
    auto again = monitors_changed_since(*db, {"node1"}, {});
    std::vector<MonitorId> ids;
    for (const auto& monitor : again->mine) ids.push_back(monitor.id);
    EXPECT_THAT(ids, testing::UnorderedElementsAre(stays, comes));
}

TEST_F(MonitorsTest, ListsArePagedFilteredAndSearchedLiterally) {
    std::vector<MonitorId> ids;
    for (const auto* name : {"shop 100%", "shop 100 more", "api_v1", "apixv1", kAwkward.c_str()}) {
        ids.push_back(add_monitor("node1", name));
    }
    add_monitor("node2", "other");
    const auto names = [&](const MonitorFilter& filter) {
        auto page = list_monitors(*db, filter);
        EXPECT_TRUE(page.has_value()) << (page ? std::string() : page.error().message);
        std::vector<std::string> out{std::to_string(page->total)};
        for (const auto& monitor : page->monitors) out.push_back(monitor.name);
        return out;
    };
    MonitorFilter filter;
    filter.search = "100%";
    EXPECT_THAT(names(filter), ElementsAre("1", "shop 100%"));
    filter.search = "i_v";
    EXPECT_THAT(names(filter), ElementsAre("1", "api_v1"));
    filter.search = "'); DROP TABLE";
    EXPECT_THAT(names(filter), ElementsAre("1", kAwkward));
    filter.search = "127.0.0.1";
    EXPECT_THAT(names(filter), SizeIs(7));
    filter.search.clear();
    filter.effective_node = NodeId{"node2"};
    EXPECT_THAT(names(filter), ElementsAre("1", "other"));
    filter.effective_node.reset();
    filter.limit = 2;
    filter.after_id = ids[1].value;
    EXPECT_THAT(names(filter), ElementsAre("6", "api_v1", "apixv1"));
}

TEST_F(MonitorsTest, PushTokensMatchExactly) {
    auto monitor = full_monitor();
    auto id = create_monitor(*db, monitor, 10);
    HIGUMA_OK(id);
    EXPECT_EQ(get_monitor_by_push_token(*db, "AbC'123")->id, *id);
    for (const auto* wrong : {"abc'123", "AbC'12", "", "' OR 1=1 --", "AbC'123 "}) {
        EXPECT_EQ(get_monitor_by_push_token(*db, wrong).error().kind, ErrorKind::not_found)
            << wrong;
    }
}

TEST_F(MonitorsTest, LastBeatsOfThousandsOfMonitors) {
    run("INSERT INTO monitor (name, type, node_id) "
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) "
        "SELECT 'many', 'http', 'node1' FROM n");
    run("INSERT INTO monitor (name, type, node_id) SELECT a.name, a.type, a.node_id FROM monitor a "
        "JOIN (SELECT 1 UNION SELECT 2) b");
    std::vector<MonitorId> ids;
    auto rows = db->query("SELECT id FROM monitor ORDER BY id");
    HIGUMA_OK(rows);
    for (std::size_t i = 0; i < rows->size(); ++i) ids.push_back({rows->integer(i, 0)});
    ASSERT_GT(ids.size(), 2'000U);
    run("INSERT INTO heartbeat (monitor_id, status, time) SELECT id, 0, '2026-01-01' FROM monitor");
    write_beat(ids[1'500], noon, BeatStatus::pending);
    run(sql_format("DELETE FROM heartbeat WHERE monitor_id = ?", ids[0]));
    auto last = last_beats(*db, ids);
    HIGUMA_OK(last);
    EXPECT_EQ(last->size(), ids.size() - 1);
    for (const auto& [id, state] : *last) {
        if (id != ids[1'500]) {
            EXPECT_EQ(state.status, BeatStatus::down);
            EXPECT_EQ(state.scheduled_at, *parse_time("2026-01-01 00:00:00"));
            continue;
        }
        EXPECT_EQ(state.status, BeatStatus::pending);
        EXPECT_EQ(state.retries, 2);
        EXPECT_EQ(state.down_count, 1);
        EXPECT_EQ(state.scheduled_at, noon);
        EXPECT_EQ(state.time, std::chrono::floor<Seconds>(noon));
    }
    EXPECT_THAT(*last_beats(*db, {}), IsEmpty());
}

TEST_F(MonitorsTest, BeatsByPageAndAsBars) {
    const auto a = add_monitor("node1");
    const auto b = add_monitor("node1");
    for (int i = 0; i < 5; ++i) write_beat(a, noon + Seconds{20 * i});
    write_beat(b, noon);
    run(sql_format("INSERT INTO heartbeat (monitor_id, status, time) VALUES (?, 3, '2026-12-01')",
                   b));
    auto page = list_beats(*db, a, 0, 2);
    HIGUMA_OK(page);
    ASSERT_THAT(*page, SizeIs(2));
    EXPECT_EQ((*page)[0].beat.scheduled_at, noon + 80s);
    EXPECT_EQ((*page)[0].node->value, "node1");
    auto next = list_beats(*db, a, (*page)[1].id, 10);
    ASSERT_THAT(*next, SizeIs(3));
    EXPECT_EQ(next->back().beat.scheduled_at, noon);
    auto bars = recent_beats(*db, {b, a, {4711}}, 3);
    HIGUMA_OK(bars);
    ASSERT_THAT(*bars, SizeIs(5));
    EXPECT_EQ((*bars)[0].beat.monitor, a);
    EXPECT_EQ((*bars)[0].beat.scheduled_at, noon + 40s);
    EXPECT_EQ((*bars)[2].beat.scheduled_at, noon + 80s);
    EXPECT_EQ((*bars)[4].beat.status, BeatStatus::maintenance);
    EXPECT_FALSE((*bars)[4].node.has_value());
    EXPECT_FALSE((*bars)[4].beat.ping.has_value());
    EXPECT_THAT(*recent_beats(*db, {}, 3), IsEmpty());
}

TEST_F(MonitorsTest, OldHistoryIsTrimmedInSteps) {
    const auto a = add_monitor("node1");
    const auto b = add_monitor("node1");
    for (const auto id : {a, b}) {
        run(
            sql_format("INSERT INTO heartbeat (monitor_id, status, time) VALUES "
                       "(?, 1, UTC_TIMESTAMP() - INTERVAL 11 DAY), "
                       "(?, 1, UTC_TIMESTAMP() - INTERVAL 12 DAY), "
                       "(?, 1, UTC_TIMESTAMP() - INTERVAL 9 DAY)",
                       id, id, id));
        for (const auto* table : {"stat_minutely", "stat_hourly", "stat_daily"}) {
            for (const int days : {0, 2, 31}) {
                run(
                    fmt::format("INSERT INTO {} (monitor_id, timestamp, ping, up, down) VALUES "
                                "({}, UNIX_TIMESTAMP() - {} * 86400, 0, 1, 0)",
                                table, id.value, days));
            }
        }
    }
    auto trimmed = trim_history(*db, 10, 1);
    HIGUMA_OK(trimmed);
    EXPECT_EQ(*trimmed, 4U + 4U + 2U + 2U);
    EXPECT_EQ(number("SELECT COUNT(*) FROM heartbeat"), 2);
    EXPECT_EQ(number("SELECT COUNT(*) FROM stat_minutely"), 2);
    EXPECT_EQ(number("SELECT COUNT(*) FROM stat_hourly"), 4);
    EXPECT_EQ(number("SELECT COUNT(*) FROM stat_daily"), 4);
    EXPECT_EQ(*trim_history(*db, 0, 100), 0U);
    EXPECT_EQ(*trim_history(*db, 10, 100), 0U);
}

}  // namespace
}  // namespace higuma::store
