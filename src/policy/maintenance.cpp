#include "policy/maintenance.hpp"

#include <algorithm>

#include "policy/cron.hpp"

namespace higuma::policy {

namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::seconds;

constexpr days kLongestLookBack{366};

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items) {
        // Uptime Kuma offers the last four days of a month; cron can say only the very last.
        const bool last_days = item.starts_with("lastDay");
        if (last_days && item != "lastDay1") continue;
        if (!out.empty()) out += ',';
        out += last_days ? "L" : item;
    }
    return out;
}

// A window over midnight ends on the next day.
seconds duration_of(const Maintenance& m) {
    if (m.duration) return *m.duration;
    if (!m.start_time || !m.end_time) return seconds{0};
    const auto span = *m.end_time - *m.start_time;
    return span < seconds{0} ? span + days{1} : span;
}

// recurring-interval: every nth day, counted from its last start, else from its first day. Without
// either the days since 1970 are counted, so that all nodes agree.
bool interval_fits(const Maintenance& m, const TimeZone& zone, local_days day) {
    if (m.strategy != "recurring-interval" || m.interval_day <= 1) return true;
    local_days anchor{};
    if (m.start_date) anchor = std::chrono::floor<days>(*m.start_date);
    if (m.last_start) anchor = std::chrono::floor<days>(zone.to_local(*m.last_start));
    return (day - anchor).count() % m.interval_day == 0;
}

bool within_a_run(const Maintenance& m, const TimeZone& zone, UtcTime now) {
    const auto pattern = CronPattern::parse(cron_of(m));
    const auto duration = duration_of(m);
    if (!pattern || duration <= seconds{0}) return false;
    const auto local_now = zone.to_local(now);
    const auto today = std::chrono::floor<days>(local_now);
    // A day more than the duration: the clock may have been changed within it.
    const auto look_back = std::min(std::chrono::ceil<days>(duration) + days{1}, kLongestLookBack);
    for (auto day = today; day >= today - look_back; day -= days{1}) {
        if (!pattern->matches_day(day) || !interval_fits(m, zone, day)) continue;
        const auto limit = day == today ? seconds{local_now - today} : seconds{86'399};
        const auto time = pattern->last_time_until(limit);
        if (!time) continue;
        const auto start = zone.to_utc(day + *time);
        if (start <= now && now < start + duration) return true;
    }
    return false;
}

}  // namespace

std::string cron_of(const Maintenance& m) {
    if (!m.cron.empty() || !m.start_time) return m.cron;
    const auto minute = std::chrono::duration_cast<std::chrono::minutes>(*m.start_time).count();
    const auto clock = std::to_string(minute % 60) + " " + std::to_string(minute / 60) + " ";
    if (m.strategy == "recurring-interval") return clock + "* * *";
    if (m.strategy == "recurring-weekday") return clock + "* * " + joined(m.weekdays);
    if (m.strategy == "recurring-day-of-month") return clock + joined(m.days_of_month) + " * *";
    return {};
}

bool is_going_on(const Maintenance& m, const TimeZone& zone, UtcTime now) {
    if (!m.active) return false;
    if (m.strategy == "manual") return true;
    if (m.start_date && now < zone.to_utc(*m.start_date)) return false;
    if (m.end_date && now > zone.to_utc(*m.end_date)) return false;
    if (m.strategy == "single") return true;
    return within_a_run(m, zone, now);
}

}  // namespace higuma::policy
