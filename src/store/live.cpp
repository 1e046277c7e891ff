#include "store/live.hpp"

#include <array>
#include <limits>

#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::int64_t kLastId = std::numeric_limits<std::int64_t>::max();

constexpr std::string_view kMonitorColumns =
    "m.id, m.name, m.type, m.active, COALESCE(m.assigned_node, m.node_id, ''), "
    "COALESCE(m.node_id, ''), m.url, m.hostname, m.port";

WallTime time_at(const Rows& rows, std::size_t row, std::size_t column) {
    const auto text = rows.text(row, column);
    const auto time = text ? parse_time(*text) : std::nullopt;
    return time.value_or(WallTime{});
}

std::optional<std::int64_t> optional_integer(const Rows& rows, std::size_t row,
                                             std::size_t column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return rows.integer(row, column);
}

// Rows of other programs may hold any number.
BeatStatus status_from(std::int64_t number) {
    return number >= 0 && number <= 3 ? static_cast<BeatStatus>(number) : BeatStatus::pending;
}

LiveMonitor read_monitor(const Rows& rows, std::size_t row) {
    LiveMonitor monitor;
    monitor.id = {rows.integer(row, 0)};
    monitor.name = rows.string(row, 1);
    monitor.type = rows.string(row, 2);
    monitor.active = rows.integer(row, 3) != 0;
    monitor.node = rows.string(row, 4);
    monitor.home = rows.string(row, 5);
    monitor.target = live_target(monitor.type, rows.text(row, 6).value_or(""),
                                 rows.text(row, 7).value_or(""), rows.integer(row, 8));
    return monitor;
}

// id, monitor_id, status, ping, time from `column` on.
LiveBeat read_beat(const Rows& rows, std::size_t row, std::size_t column) {
    LiveBeat beat;
    beat.id = rows.integer(row, column);
    beat.monitor = {rows.integer(row, column + 1)};
    beat.status = status_from(rows.integer(row, column + 2));
    beat.ping_ms = optional_integer(rows, row, column + 3);
    beat.time = time_at(rows, row, column + 4);
    return beat;
}

bool asks_url(std::string_view type) {
    constexpr std::array kinds{"http", "keyword", "json-query", "real-browser",
                               "websocket-upgrade"};
    for (const std::string_view kind : kinds) {
        if (type == kind) return true;
    }
    return false;
}

std::string public_url(std::string_view url) {
    std::string out{url.substr(0, url.find_first_of("?#"))};
    if (out.size() < url.size()) out += url[out.size()] == '?' ? "?…" : "";
    const auto scheme = out.find("://");
    const auto host = scheme == std::string::npos ? 0 : scheme + 3;
    const auto at = out.rfind('@', out.find('/', host));
    if (at != std::string::npos && at >= host) out.erase(host, at + 1 - host);
    return out;
}

}  // namespace

std::string live_target(std::string_view type, std::string_view url, std::string_view hostname,
                        std::int64_t port) {
    constexpr std::size_t kShown = 300;
    std::string target;
    if (asks_url(type)) {
        target = public_url(url);
    } else if (!hostname.empty()) {
        target = hostname;
        if (port > 0) target += ':' + std::to_string(port);
    }
    return clean_text(target, kShown);
}

Result<std::vector<LiveMonitor>> live_monitors_after(Connection& db, MonitorId after, int limit) {
    std::string sql = "SELECT ";
    sql += kMonitorColumns;
    sql += sql_format(
        ", h.id, h.monitor_id, h.status, h.ping, h.time FROM monitor m "
        "LEFT JOIN heartbeat h ON h.id = (SELECT b.id FROM heartbeat b WHERE b.monitor_id = m.id "
        "ORDER BY b.time DESC, b.id DESC LIMIT 1) WHERE m.id > ? ORDER BY m.id LIMIT ?",
        after, limit);
    auto rows = db.query(sql);
    if (!rows) return rows.error();
    std::vector<LiveMonitor> monitors;
    monitors.reserve(rows->size());
    for (std::size_t row = 0; row < rows->size(); ++row) {
        monitors.push_back(read_monitor(*rows, row));
        if (!rows->is_null(row, 9)) monitors.back().last = read_beat(*rows, row, 9);
    }
    return monitors;
}

Result<LiveStart> live_start(Connection& db) {
    auto rows = db.query(
        "SELECT (SELECT value FROM cluster_counter WHERE name = 'monitor'), "
        "(SELECT MAX(id) FROM heartbeat)");
    if (!rows) return rows.error();
    const auto seq = static_cast<std::uint64_t>(rows->integer(0, 0));
    return LiveStart{{{seq}, {kLastId}}, rows->integer(0, 1)};
}

Result<LiveChangedMonitors> live_monitors_changed(Connection& db, LiveCursor since, int limit) {
    std::string sql = "SELECT ";
    sql += kMonitorColumns;
    sql += sql_format(
        ", m.change_seq FROM monitor m WHERE m.change_seq > ? OR (m.change_seq = ? AND m.id > ?) "
        "ORDER BY m.change_seq, m.id LIMIT ?",
        since.seq, since.seq, since.id, limit);
    auto rows = db.query(sql);
    if (!rows) return rows.error();
    LiveChangedMonitors answer{{}, since};
    for (std::size_t row = 0; row < rows->size(); ++row) {
        answer.changed.push_back(read_monitor(*rows, row));
        answer.upto = {{static_cast<std::uint64_t>(rows->integer(row, 9))},
                       answer.changed.back().id};
    }
    return answer;
}

Result<LiveDeletedMonitors> live_monitors_deleted(Connection& db, LiveCursor since, int limit) {
    auto rows =
        db.query(sql_format("SELECT monitor_id, change_seq FROM monitor_tombstone "
                            "WHERE change_seq > ? OR (change_seq = ? AND monitor_id > ?) "
                            "ORDER BY change_seq, monitor_id LIMIT ?",
                            since.seq, since.seq, since.id, limit));
    if (!rows) return rows.error();
    LiveDeletedMonitors answer{{}, since};
    for (std::size_t row = 0; row < rows->size(); ++row) {
        answer.deleted.push_back({rows->integer(row, 0)});
        answer.upto = {{static_cast<std::uint64_t>(rows->integer(row, 1))}, answer.deleted.back()};
    }
    return answer;
}

Result<std::vector<LiveBeat>> live_beats_after(Connection& db, std::int64_t after_id, int limit) {
    auto rows =
        db.query(sql_format("SELECT id, monitor_id, status, ping, time FROM heartbeat WHERE id > ? "
                            "ORDER BY id LIMIT ?",
                            after_id, limit));
    if (!rows) return rows.error();
    std::vector<LiveBeat> beats;
    beats.reserve(rows->size());
    for (std::size_t row = 0; row < rows->size(); ++row) beats.push_back(read_beat(*rows, row, 0));
    return beats;
}

Result<std::vector<ClusterEvent>> newest_events(Connection& db, int limit) {
    auto rows = db.query(
        sql_format("SELECT id, time, kind, node_id, monitors, took_ms, detail FROM cluster_event "
                   "ORDER BY id DESC LIMIT ?",
                   limit));
    if (!rows) return rows.error();
    std::vector<ClusterEvent> events;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        ClusterEvent event;
        event.id = rows->integer(row, 0);
        event.time = time_at(*rows, row, 1);
        event.kind = rows->string(row, 2);
        if (!rows->is_null(row, 3)) event.node = NodeId{rows->string(row, 3)};
        event.monitors = rows->integer(row, 4);
        event.took_ms = rows->integer(row, 5);
        event.detail = rows->string(row, 6);
        events.push_back(std::move(event));
    }
    return events;
}

Result<std::vector<LiveChange>> newest_changes(Connection& db, int limit) {
    auto rows =
        db.query(sql_format("SELECT id, monitor_id, status, ping, time, LEFT(msg, 300), node_id "
                            "FROM heartbeat WHERE important = 1 ORDER BY id DESC LIMIT ?",
                            limit));
    if (!rows) return rows.error();
    std::vector<LiveChange> changes;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        changes.push_back({read_beat(*rows, row, 0), rows->string(row, 5), rows->string(row, 6)});
    }
    return changes;
}

Result<std::vector<std::pair<MonitorId, WallTime>>> status_since(
    Connection& db, const std::vector<MonitorId>& ids) {
    auto rows = db.query(
        "SELECT monitor_id, MAX(time) FROM heartbeat WHERE important = 1 "
        "AND monitor_id IN (" +
        id_list(ids.begin(), ids.end()) + ") GROUP BY monitor_id");
    if (!rows) return rows.error();
    std::vector<std::pair<MonitorId, WallTime>> since;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        since.emplace_back(MonitorId{rows->integer(row, 0)}, time_at(*rows, row, 1));
    }
    return since;
}

}  // namespace higuma::store
