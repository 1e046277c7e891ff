// What beats add to Uptime Kuma's statistics (stat_minutely, stat_hourly, stat_daily): summed up
// here per monitor and bucket, then added to the rows by a few set-based statements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/beat.hpp"
#include "store/database.hpp"

namespace higuma::store {

// The ping as it is stored: within what Uptime Kuma takes from a push.
std::optional<Millis> stored_ping(const Beat& beat);

struct StatBucket {
    MonitorId monitor;
    std::int64_t timestamp = 0;  // the bucket's start, in seconds since 1970
    std::int64_t up = 0, down = 0, maintenance = 0;
    std::int64_t pings = 0;  // of the UP beats, those that have a ping
    double ping_sum = 0, ping_min = 0, ping_max = 0;
};

// One bucket for each monitor and span, sorted by monitor and time. UP counts as up, DOWN and
// PENDING as down, MAINTENANCE only as itself; pings of UP beats only.
std::vector<StatBucket> sum_beats(const std::vector<const Beat*>& beats, Seconds span);

Result<void> add_statistics(Connection& db, const std::vector<const Beat*>& stored);

}  // namespace higuma::store
