#include "store/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "store/sql.hpp"

namespace higuma::store {

namespace {

struct StatTable {
    std::string_view name;
    Seconds span;
    std::int64_t counter_limit;  // `up` and `down` are smallint in two of them
};

constexpr std::array kTables = {
    StatTable{"stat_minutely", Seconds{60}, 32'767},
    StatTable{"stat_hourly", Seconds{3'600}, 32'767},
    StatTable{"stat_daily", Seconds{86'400}, 4'294'967'295},
};

// Rows that are there are updated and only missing ones inserted: INSERT ... ON DUPLICATE KEY
// UPDATE would use up one id of these tables for each beat, and their ids are 32 bits wide. At
// REPEATABLE READ the UPDATE locks the gaps where rows are missing, so nobody else inserts them in
// between.
//
// Beats without a ping keep the average and grow its weight, as if they came first in their bucket.
// Each rule reads its own column and the old `up`, which is set last.
constexpr std::string_view kUpdate =
    "UPDATE (WITH v ({columns}) AS (VALUES {rows}) SELECT * FROM v) v "
    "STRAIGHT_JOIN {table} s ON s.monitor_id = v.monitor AND s.timestamp = v.ts SET "
    "s.ping = IF(v.pings > 0, (s.ping * (s.up + v.up - v.pings) + v.ping_sum) / (s.up + v.up), "
    "s.ping), "
    "s.ping_min = IF(v.pings = 0, s.ping_min, IF(s.up = 0, IF(v.pings = v.up, v.ping_min, 0), "
    "LEAST(s.ping_min, v.ping_min))), "
    "s.ping_max = IF(v.pings = 0, s.ping_max, GREATEST(s.ping_max, v.ping_max)), "
    "s.extras = IF(v.maintenance = 0, s.extras, "
    "JSON_SET(IF(JSON_VALID(s.extras), s.extras, '{{}}'), '$.maintenance', "
    "COALESCE(JSON_VALUE(s.extras, '$.maintenance'), 0) + v.maintenance)), "
    "s.down = LEAST(s.down + v.down, {limit}), s.up = LEAST(s.up + v.up, {limit})";

constexpr std::string_view kInsert =
    "INSERT INTO {table} (monitor_id, timestamp, ping, ping_min, ping_max, up, down, extras) "
    "WITH v ({columns}) AS (VALUES {rows}) "
    "SELECT v.monitor, v.ts, IF(v.pings > 0, v.ping_sum / v.up, 0), "
    "IF(v.pings = v.up, v.ping_min, 0), v.ping_max, LEAST(v.up, {limit}), LEAST(v.down, {limit}), "
    "IF(v.maintenance > 0, CONCAT('{{\"maintenance\":', v.maintenance, '}}'), NULL) FROM v "
    "WHERE NOT EXISTS (SELECT 1 FROM {table} s WHERE s.monitor_id = v.monitor "
    "AND s.timestamp = v.ts)";

constexpr std::string_view kColumns =
    "monitor, ts, up, down, maintenance, pings, ping_sum, ping_min, ping_max";

Result<Written> run(Connection& db, std::string_view pattern, const StatTable& table,
                    const std::string& rows) {
    return db.execute(fmt::format(fmt::runtime(pattern), fmt::arg("table", table.name),
                                  fmt::arg("columns", kColumns), fmt::arg("rows", rows),
                                  fmt::arg("limit", table.counter_limit)));
}

void count(StatBucket& bucket, const Beat& beat) {
    switch (beat.status) {
        case BeatStatus::maintenance:
            ++bucket.maintenance;
            return;
        case BeatStatus::down:
        case BeatStatus::pending:
            ++bucket.down;
            return;
        case BeatStatus::up:
            break;
    }
    ++bucket.up;
    const auto stored = stored_ping(beat);
    if (!stored) return;
    const auto ping = static_cast<double>(stored->count());
    bucket.ping_min = bucket.pings == 0 ? ping : std::min(bucket.ping_min, ping);
    bucket.ping_max = std::max(bucket.ping_max, ping);
    bucket.ping_sum += ping;
    ++bucket.pings;
}

}  // namespace

std::optional<Millis> stored_ping(const Beat& beat) {
    constexpr Millis longest{99'999'999'999};
    if (!beat.ping) return std::nullopt;
    return std::clamp(*beat.ping, Millis{0}, longest);
}

std::vector<StatBucket> sum_beats(const std::vector<const Beat*>& beats, Seconds span) {
    std::vector<std::pair<std::int64_t, const Beat*>> keyed;
    keyed.reserve(beats.size());
    for (const auto* beat : beats) {
        const auto seconds = std::chrono::floor<Seconds>(beat->time).time_since_epoch().count();
        keyed.emplace_back(seconds - seconds % span.count(), beat);
    }
    std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second->monitor, a.first) < std::pair(b.second->monitor, b.first);
    });
    std::vector<StatBucket> buckets;
    for (const auto& [timestamp, beat] : keyed) {
        if (buckets.empty() || buckets.back().monitor != beat->monitor ||
            buckets.back().timestamp != timestamp) {
            buckets.emplace_back();
            buckets.back().monitor = beat->monitor;
            buckets.back().timestamp = timestamp;
        }
        count(buckets.back(), *beat);
    }
    return buckets;
}

Result<void> add_statistics(Connection& db, const std::vector<const Beat*>& stored) {
    if (stored.empty()) return {};
    for (const auto& table : kTables) {
        const auto buckets = sum_beats(stored, table.span);
        std::string rows;
        rows.reserve(buckets.size() * 64);
        for (const auto& b : buckets) {
            if (!rows.empty()) rows += ',';
            append_row(rows, b.monitor, b.timestamp, b.up, b.down, b.maintenance, b.pings,
                       b.ping_sum, b.ping_min, b.ping_max);
        }
        auto updated = run(db, kUpdate, table, rows);
        if (!updated) return updated.error();
        if (updated->affected == buckets.size()) continue;
        auto inserted = run(db, kInsert, table, rows);
        if (!inserted) return inserted.error();
    }
    return {};
}

}  // namespace higuma::store
