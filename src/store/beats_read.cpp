#include <fmt/format.h>

#include <span>

#include "store/cells.hpp"
#include "store/monitors.hpp"
#include "store/saved_response.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::size_t kMonitorsAtOnce = 1'000;
constexpr std::size_t kBarsAtOnce = 200;  // each is an arm of a UNION
constexpr int kLargestPage = 10'000;
constexpr std::string_view kColumns =
    "id, monitor_id, status, msg, time, ping, important, down_count, retries, duration, "
    "scheduled_at, epoch, node_id";

constexpr std::size_t kResponseColumn = 13;

BeatStatus status_of(std::int64_t number) {
    return number >= 0 && number <= 3 ? static_cast<BeatStatus>(number) : BeatStatus::down;
}

StoredBeat read_beat(const RowView& row) {
    StoredBeat stored;
    stored.id = row.integer(0);
    auto& beat = stored.beat;
    beat.monitor = {row.integer(1)};
    beat.status = status_of(row.integer(2));
    beat.msg = row.string(3);
    beat.time = time_of(row.text(4)).value_or(WallTime{});
    if (row.text(5)) beat.ping = Millis{row.integer(5)};
    beat.important = row.integer(6) != 0;
    beat.down_count = static_cast<int>(row.integer(7));
    beat.retries = static_cast<int>(row.integer(8));
    beat.duration = Seconds{row.integer(9)};
    beat.scheduled_at = time_of(row.text(10)).value_or(beat.time);
    beat.epoch = {static_cast<std::uint64_t>(row.integer(11))};
    stored.node = node_of(row.text(12));
    return stored;
}

// A last beat by one probe of the index (monitor_id, time) for each monitor.
std::string last_beats_sql(std::span<const MonitorId> ids) {
    std::string values;
    for (const auto id : ids) {
        if (!values.empty()) values += ',';
        append_row(values, id);
    }
    return fmt::format(
        "WITH wanted (monitor) AS (VALUES {}) "
        "SELECT h.monitor_id, h.status, h.retries, h.down_count, h.time, h.scheduled_at "
        "FROM (SELECT (SELECT b.id FROM heartbeat b FORCE INDEX (monitor_time_index) "
        "WHERE b.monitor_id = wanted.monitor ORDER BY b.time DESC, b.id DESC LIMIT 1) AS id "
        "FROM wanted) newest STRAIGHT_JOIN heartbeat h ON h.id = newest.id",
        values);
}

}  // namespace

Result<std::vector<std::pair<MonitorId, BeatState>>> last_beats(Connection& db,
                                                                const std::vector<MonitorId>& ids) {
    std::vector<std::pair<MonitorId, BeatState>> out;
    for (std::size_t first = 0; first < ids.size(); first += kMonitorsAtOnce) {
        const auto chunk =
            std::span(ids).subspan(first, std::min(kMonitorsAtOnce, ids.size() - first));
        auto read = db.stream(last_beats_sql(chunk), [&](const RowView& row) {
            BeatState state;
            state.status = status_of(row.integer(1));
            state.retries = static_cast<int>(row.integer(2));
            state.down_count = static_cast<int>(row.integer(3));
            state.time = time_of(row.text(4)).value_or(WallTime{});
            state.scheduled_at = time_of(row.text(5)).value_or(state.time);
            out.emplace_back(MonitorId{row.integer(0)}, state);
        });
        if (!read) return read.error();
    }
    return out;
}

Result<std::vector<StoredBeat>> list_beats(Connection& db, MonitorId id, std::int64_t before_id,
                                           int limit) {
    std::vector<StoredBeat> beats;
    const auto before = before_id > 0 ? sql_format(" AND id < ?", before_id) : std::string();
    auto read =
        db.stream(fmt::format("SELECT {}, response FROM heartbeat WHERE monitor_id = {}{} "
                              "ORDER BY id DESC LIMIT {}",
                              kColumns, id.value, before, std::clamp(limit, 0, kLargestPage)),
                  [&](const RowView& row) {
                      beats.push_back(read_beat(row));
                      if (const auto response = row.text(kResponseColumn)) {
                          beats.back().beat.response = decode_saved_response(*response);
                      }
                  });
    if (!read) return read.error();
    return beats;
}

Result<std::vector<StoredBeat>> recent_beats(Connection& db, const std::vector<MonitorId>& ids,
                                             int per_monitor) {
    std::vector<StoredBeat> beats;
    const int limit = std::clamp(per_monitor, 0, 1'000);
    for (std::size_t first = 0; first < ids.size(); first += kBarsAtOnce) {
        const auto chunk = std::span(ids).subspan(first, std::min(kBarsAtOnce, ids.size() - first));
        std::string sql;
        for (const auto id : chunk) {
            if (!sql.empty()) sql += " UNION ALL ";
            sql += fmt::format(
                "(SELECT {} FROM heartbeat FORCE INDEX (monitor_time_index) WHERE monitor_id = {} "
                "ORDER BY time DESC, id DESC LIMIT {})",
                kColumns, id.value, limit);
        }
        auto read = db.stream(sql, [&](const RowView& row) { beats.push_back(read_beat(row)); });
        if (!read) return read.error();
    }
    // Each monitor's arm came newest first; sorted, each monitor's beats stand together in their
    // order.
    std::stable_sort(beats.begin(), beats.end(), [](const auto& a, const auto& b) {
        if (a.beat.monitor != b.beat.monitor) return a.beat.monitor < b.beat.monitor;
        return std::pair(a.beat.time, a.id) < std::pair(b.beat.time, b.id);
    });
    return beats;
}

}  // namespace higuma::store
