// Whether a maintenance is going on at a moment: Uptime Kuma's strategies (manual, single,
// recurring-interval, recurring-weekday, recurring-day-of-month, cron) as a pure function.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "policy/time_zone.hpp"

namespace higuma::policy {

// A row of `maintenance`. Dates and times of day are in the maintenance's own time zone.
struct Maintenance {
    bool active = true;
    std::string strategy = "single";
    std::optional<LocalTime> start_date, end_date;
    std::optional<std::chrono::seconds> start_time, end_time;  // of the day
    std::vector<std::string> weekdays;                         // "1" is Monday, "0" or "7" Sunday
    std::vector<std::string> days_of_month;  // "1" to "31", and "lastDay1" for the last day
    int interval_day = 1;
    std::string cron;
    std::optional<std::chrono::seconds> duration;
    std::optional<UtcTime> last_start;  // when a stock Uptime Kuma last started it
};

// The cron pattern that Uptime Kuma makes of a recurring strategy; `cron` itself where it is set.
std::string cron_of(const Maintenance& maintenance);

// Nodes ask this of the same row and come to the same answer; nothing is written.
bool is_going_on(const Maintenance& maintenance, const TimeZone& zone, UtcTime now);

}  // namespace higuma::policy
