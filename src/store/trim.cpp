#include <fmt/format.h>

#include <array>

#include "store/beats.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr int kMonitorsAtOnce = 500;

// Uptime Kuma keeps minutes for a day, hours for 30 days, and the rest for the configured time.
struct Retention {
    std::string_view table;
    std::string_view column;
    std::string older_than;  // SQL
};

std::vector<Retention> retentions(int keep_days) {
    const auto unix_days = [](int days) {
        return fmt::format("UNIX_TIMESTAMP(UTC_TIMESTAMP() - INTERVAL {} DAY)", days);
    };
    std::vector<Retention> all = {{"stat_minutely", "timestamp", unix_days(1)},
                                  {"stat_hourly", "timestamp", unix_days(30)}};
    if (keep_days < 1) return all;
    all.push_back({"stat_daily", "timestamp", unix_days(keep_days)});
    all.push_back(
        {"heartbeat", "time", fmt::format("UTC_TIMESTAMP() - INTERVAL {} DAY", keep_days)});
    return all;
}

// The next monitors whose oldest row is too old: one index probe for each.
Result<std::vector<MonitorId>> monitors_to_trim(Connection& db, const Retention& what,
                                                MonitorId after) {
    std::vector<MonitorId> ids;
    auto read = db.stream(
        fmt::format("SELECT m.id FROM monitor m WHERE m.id > {} AND (SELECT s.{} FROM {} s "
                    "WHERE s.monitor_id = m.id ORDER BY s.{} LIMIT 1) < {} ORDER BY m.id LIMIT {}",
                    after.value, what.column, what.table, what.column, what.older_than,
                    kMonitorsAtOnce),
        [&](const RowView& row) { ids.push_back({row.integer(0)}); });
    if (!read) return read.error();
    return ids;
}

Result<std::uint64_t> trim_table(Connection& db, const Retention& what, int step_rows,
                                 const std::stop_token& stop) {
    std::uint64_t deleted = 0;
    MonitorId after;
    for (;;) {
        auto ids = monitors_to_trim(db, what, after);
        if (!ids) return ids.error();
        if (ids->empty() || stop.stop_requested()) return deleted;
        const auto sql =
            fmt::format("DELETE FROM {} WHERE monitor_id IN ({}) AND {} < {} LIMIT {}", what.table,
                        id_list(ids->begin(), ids->end()), what.column, what.older_than, step_rows);
        for (;;) {
            auto step = db.execute(sql);
            if (!step) return step.error();
            deleted += step->affected;
            const bool last = step->affected < static_cast<std::uint64_t>(step_rows);
            if (last || stop.stop_requested()) break;
        }
        after = ids->back();
    }
}

}  // namespace

Result<std::uint64_t> trim_history(Connection& db, int keep_days, int step_rows,
                                   std::stop_token stop) {
    std::uint64_t deleted = 0;
    for (const auto& what : retentions(keep_days)) {
        auto trimmed = trim_table(db, what, std::max(step_rows, 1), stop);
        if (!trimmed) return trimmed.error();
        deleted += *trimmed;
    }
    return deleted;
}

}  // namespace higuma::store
