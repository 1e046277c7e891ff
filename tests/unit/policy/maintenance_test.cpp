#include "policy/maintenance.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/clock.hpp"
#include "policy/cron.hpp"

namespace higuma::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

UtcTime utc(const std::string& text) { return std::chrono::floor<seconds>(*parse_time(text)); }
LocalTime local(const std::string& text) { return LocalTime{utc(text).time_since_epoch()}; }

void put(std::string& out, std::int64_t value, int width) {
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>((static_cast<std::uint64_t>(value) >> shift) & 0xFF);
    }
}

std::string header(int times, int types, int chars) {
    std::string out = "TZif2" + std::string(15, '\0');
    for (const int count : {0, 0, 0, times, types, chars}) put(out, count, 4);
    return out;
}

// A zone file: 1 hour east until the first transition, then as the transitions and the footer say.
std::string zone_file(const std::vector<std::pair<std::string, int>>& transitions,
                      const std::string& footer) {
    std::string out = header(0, 1, 4) + std::string(6, '\0') + std::string("UTC\0", 4);
    out += header(static_cast<int>(transitions.size()), 3, 4);
    for (const auto& [at, type] : transitions) put(out, utc(at).time_since_epoch().count(), 8);
    for (const auto& [at, type] : transitions) out += static_cast<char>(type);
    for (const int offset : {3600, 7200, 3600}) {
        put(out, offset, 4);
        out += std::string(2, '\0');
    }
    return out + std::string("CET\0", 4) + "\n" + footer + "\n";
}

TimeZone berlin() {
    return *TimeZone::from_tzif(zone_file({{"2026-03-29 01:00:00", 1}, {"2026-10-25 01:00:00", 2}},
                                          "CET-1CEST,M3.5.0,M10.5.0/3"));
}

TEST(TimeZoneTest, TransitionsAndThenTheFooterRule) {
    const auto zone = berlin();
    EXPECT_EQ(zone.offset_at(utc("2026-01-01 00:00:00")), hours{1});
    EXPECT_EQ(zone.offset_at(utc("2026-03-29 00:59:59")), hours{1});
    EXPECT_EQ(zone.offset_at(utc("2026-03-29 01:00:00")), hours{2});
    EXPECT_EQ(zone.offset_at(utc("2026-10-25 01:00:00")), hours{1});
    EXPECT_EQ(zone.offset_at(utc("2040-03-25 00:59:59")), hours{1});
    EXPECT_EQ(zone.offset_at(utc("2040-03-25 01:00:00")), hours{2});
    EXPECT_EQ(zone.offset_at(utc("2040-10-28 00:59:59")), hours{2});
    EXPECT_EQ(zone.offset_at(utc("2040-10-28 01:00:00")), hours{1});
}

TEST(TimeZoneTest, SouthernSummerAndDayNumbers) {
    const auto sydney = *TimeZone::from_tzif(
        zone_file({{"2000-01-01 00:00:00", 0}}, "AEST-10AEDT,M10.1.0,M4.1.0/3"));
    EXPECT_EQ(sydney.offset_at(utc("2030-01-15 00:00:00")), hours{11});
    EXPECT_EQ(sydney.offset_at(utc("2030-07-15 00:00:00")), hours{10});
    const auto numbered =
        *TimeZone::from_tzif(zone_file({{"2000-01-01 00:00:00", 0}}, "<-03>3<-02>,J60/0,300/-1"));
    EXPECT_EQ(numbered.offset_at(utc("2028-02-29 23:00:00")), -hours{3});
    EXPECT_EQ(numbered.offset_at(utc("2028-03-01 03:00:00")), -hours{2});
    EXPECT_EQ(numbered.offset_at(utc("2028-12-01 00:00:00")), -hours{3});
}

TEST(TimeZoneTest, LocalTimesThatAreLeftOutOrHappenTwice) {
    const auto zone = berlin();
    EXPECT_EQ(zone.to_utc(local("2026-07-01 12:00:00")), utc("2026-07-01 10:00:00"));
    EXPECT_EQ(zone.to_utc(local("2026-10-25 02:30:00")), utc("2026-10-25 00:30:00"));
    EXPECT_EQ(zone.to_utc(local("2026-03-29 02:30:00")), utc("2026-03-29 01:30:00"));
    EXPECT_EQ(zone.to_local(utc("2026-03-29 01:00:00")), local("2026-03-29 03:00:00"));
}

TEST(TimeZoneTest, BytesThatAreNoZoneAreRefused) {
    EXPECT_FALSE(TimeZone::from_tzif(""));
    EXPECT_FALSE(TimeZone::from_tzif("TZif"));
    const auto good = zone_file({{"2026-03-29 01:00:00", 1}}, "CET-1");
    for (std::size_t size = 0; size + 8 < good.size(); ++size) {
        EXPECT_FALSE(TimeZone::from_tzif(good.substr(0, size)).has_value()) << size;
    }
    EXPECT_FALSE(TimeZone::from_tzif(zone_file({{"2026-03-29 01:00:00", 9}}, "CET-1")));
    EXPECT_TRUE(TimeZone::from_tzif(zone_file({}, "nonsense,M99")));
}

TEST(TimeZoneTest, Offsets) {
    EXPECT_EQ(TimeZone::from_offset("+08:00")->offset_at({}), hours{8});
    EXPECT_EQ(TimeZone::from_offset("-0330")->offset_at({}), -minutes{210});
    EXPECT_EQ(TimeZone::from_offset("UTC+8")->offset_at({}), hours{8});
    EXPECT_EQ(TimeZone::from_offset("UTC")->offset_at({}), hours{0});
    for (const auto* bad : {"", "Asia/Taipei", "+", "+99:00", "+08:00x", "8"}) {
        EXPECT_FALSE(TimeZone::from_offset(bad)) << bad;
    }
}

struct CronDay {
    const char* pattern;
    const char* day;
    bool matches;
};

TEST(CronTest, Days) {
    for (const auto& [pattern, day, matches] : std::initializer_list<CronDay>{
             {"0 0 * * *", "2026-11-22", true},  // a Sunday
             {"0 0 * * 0", "2026-11-22", true},
             {"0 0 * * 7", "2026-11-22", true},
             {"0 0 * * SUN", "2026-11-22", true},
             {"0 0 * * mon-fri", "2026-11-22", false},
             {"0 0 22 * *", "2026-11-22", true},
             {"0 0 1,15,22 * *", "2026-11-22", true},
             {"0 0 L * *", "2026-11-30", true},
             {"0 0 L * *", "2026-11-29", false},
             {"0 0 L 2 *", "2028-02-29", true},
             {"0 0 * JAN,NOV *", "2026-11-22", true},
             {"0 0 * 1-10 *", "2026-11-22", false},
             {"0 0 */7 * *", "2026-11-22", true},  // 1, 8, 15, 22, 29
             {"0 0 1 * 0", "2026-11-22", true},    // either is enough
             {"0 0 1 * 1", "2026-11-22", false},
             {"0 0 * * 0#4", "2026-11-22", true},
             {"0 0 * * 0#3", "2026-11-22", false},
             {"0 0 * * 0L", "2026-11-29", true},
             {"0 0 * * 0L", "2026-11-22", false},
             {"@weekly", "2026-11-22", true},
             {"@monthly", "2026-11-22", false},
         }) {
        const auto parsed = CronPattern::parse(pattern);
        ASSERT_TRUE(parsed.has_value()) << pattern;
        const auto at =
            std::chrono::floor<std::chrono::days>(local(std::string(day) + " 00:00:00"));
        EXPECT_EQ(parsed->matches_day(at), matches) << pattern << " on " << day;
    }
}

TEST(CronTest, LastTimeUntil) {
    const auto every_quarter = *CronPattern::parse("*/15 8-10 * * *");
    EXPECT_EQ(every_quarter.last_time_until(hours{7}), std::nullopt);
    EXPECT_EQ(every_quarter.last_time_until(hours{8}), hours{8});
    EXPECT_EQ(every_quarter.last_time_until(hours{9} + minutes{44}), hours{9} + minutes{30});
    EXPECT_EQ(every_quarter.last_time_until(hours{23}), hours{10} + minutes{45});
    const auto with_seconds = *CronPattern::parse("30 0 12 * * *");
    EXPECT_EQ(with_seconds.last_time_until(hours{12} + seconds{29}), std::nullopt);
    EXPECT_EQ(with_seconds.last_time_until(hours{12} + seconds{30}), hours{12} + seconds{30});
}

TEST(CronTest, BadPatternsAreRefused) {
    for (const auto* bad : {"", "* * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
                            "* * * * 8", "a * * * *", "5-1 * * * *", "*/0 * * * *", "1,,x * * * *",
                            "* * * * 1#6", "* * * * * * * *", "-1 * * * *"}) {
        EXPECT_FALSE(CronPattern::parse(bad)) << bad;
    }
}

struct Scenario {
    const char* name;
    Maintenance maintenance;
    const char* now;  // UTC
    bool going_on;
};

Maintenance recurring(const std::string& strategy, hours from, hours to) {
    Maintenance m;
    m.strategy = strategy;
    m.start_time = from;
    m.end_time = to;
    return m;
}

TEST(MaintenanceTest, Scenarios) {
    Maintenance manual;
    manual.strategy = "manual";
    Maintenance inactive = manual;
    inactive.active = false;
    Maintenance single;
    single.start_date = local("2026-11-22 08:00:00");
    single.end_date = local("2026-11-22 10:00:00");
    auto every_third = recurring("recurring-interval", hours{22}, hours{2});
    every_third.interval_day = 3;
    every_third.start_date = local("2026-11-01 00:00:00");
    auto restarted = every_third;
    restarted.last_start = utc("2026-11-20 21:00:00");
    auto weekday = recurring("recurring-weekday", hours{1}, hours{3});
    weekday.weekdays = {"1", "7"};
    auto month_day = recurring("recurring-day-of-month", hours{0}, hours{1});
    month_day.days_of_month = {"15", "lastDay1", "lastDay2"};
    Maintenance cron;
    cron.strategy = "cron";
    cron.cron = "30 3 * * *";
    cron.duration = hours{30};
    auto ended = cron;
    ended.end_date = local("2026-11-22 04:00:00");
    auto broken = cron;
    broken.cron = "every day";
    auto unknown = cron;
    unknown.strategy = "something else";
    unknown.cron.clear();

    const auto plus_one = TimeZone{hours{1}};
    for (const auto& [name, maintenance, now, going_on] : std::initializer_list<Scenario>{
             {"manual", manual, "2026-11-22 12:00:00", true},
             {"inactive", inactive, "2026-11-22 12:00:00", false},
             {"single before", single, "2026-11-22 06:59:59", false},
             {"single begins in its zone", single, "2026-11-22 07:00:00", true},
             {"single after", single, "2026-11-22 09:00:01", false},
             {"interval on its day", every_third, "2026-11-22 21:00:00", true},
             {"interval over midnight", every_third, "2026-11-23 00:59:59", true},
             {"interval is over", every_third, "2026-11-23 01:00:00", false},
             {"interval on another day", every_third, "2026-11-23 22:00:00", false},
             {"interval before its first day", every_third, "2026-10-29 22:00:00", false},
             {"interval counts from the last start", restarted, "2026-11-23 22:00:00", true},
             {"interval not on the old grid", restarted, "2026-11-22 22:00:00", false},
             {"weekday, Sunday as 7", weekday, "2026-11-22 00:30:00", true},
             {"weekday, Saturday", weekday, "2026-11-21 00:30:00", false},
             {"weekday by local date", weekday, "2026-11-23 01:59:00", true},
             {"day of month", month_day, "2026-11-14 23:30:00", true},
             {"last day of month", month_day, "2026-11-29 23:30:00", true},
             {"other day of month", month_day, "2026-11-28 23:30:00", false},
             {"cron, longer than a day", cron, "2026-11-22 23:00:00", true},
             {"cron, run of the day before", cron, "2026-11-22 02:00:00", true},
             {"cron, ended by date", ended, "2026-11-22 03:00:01", false},
             {"cron that is none", broken, "2026-11-22 12:00:00", false},
             {"unknown strategy", unknown, "2026-11-22 12:00:00", false},
         }) {
        EXPECT_EQ(is_going_on(maintenance, plus_one, utc(now)), going_on) << name;
    }
}

TEST(MaintenanceTest, AWindowKeepsItsLocalTimeWhenTheClockChanges) {
    auto nightly = recurring("recurring-interval", hours{4}, hours{5});
    const auto zone = berlin();
    EXPECT_TRUE(is_going_on(nightly, zone, utc("2026-03-28 03:30:00")));
    EXPECT_TRUE(is_going_on(nightly, zone, utc("2026-03-29 02:30:00")));
    EXPECT_FALSE(is_going_on(nightly, zone, utc("2026-03-29 03:30:00")));
}

}  // namespace
}  // namespace higuma::policy
