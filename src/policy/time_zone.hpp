// A time zone's rules as values: fixed offsets, and the contents of a zone file (TZif). Pure: who
// has the name of a zone reads its file and hands over the bytes.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace higuma::policy {

using LocalTime = std::chrono::local_seconds;
using UtcTime = std::chrono::sys_seconds;

class TimeZone {
  public:
    TimeZone() = default;  // UTC
    explicit TimeZone(std::chrono::seconds offset) : before_{offset} {}

    // "UTC", "Z", "+08:00", "-0330", "UTC+8"; none for anything else, such as "Asia/Taipei".
    static std::optional<TimeZone> from_offset(std::string_view text);
    // The bytes of a file below /usr/share/zoneinfo; none when they are not one.
    static std::optional<TimeZone> from_tzif(std::string_view bytes);

    std::chrono::seconds offset_at(UtcTime time) const;
    LocalTime to_local(UtcTime time) const;
    // A local time that happens twice is the first one; one that is left out is as far after the
    // gap.
    UtcTime to_utc(LocalTime time) const;

  private:
    struct Transition {
        UtcTime at;
        std::chrono::seconds offset;
    };
    // A day of the year and a time of it: month, week (5 is the last) and weekday, or a day's
    // number.
    struct YearlyRule {
        enum class Kind { month_week_day, julian_without_leap, day_of_year };
        Kind kind = Kind::month_week_day;
        int month = 0, week = 0, day = 0;
        std::chrono::seconds time{};
        LocalTime in(std::chrono::year year) const;
    };
    // What holds after the last transition: standard time, and perhaps summer time by yearly rules.
    struct Footer {
        std::chrono::seconds standard{};
        std::optional<std::chrono::seconds> summer;
        YearlyRule begins, ends;
        std::chrono::seconds offset_at(UtcTime time) const;
    };
    struct FooterParser;

    std::chrono::seconds before_{0};  // until the first transition
    std::vector<Transition> transitions_;
    std::optional<Footer> footer_;
};

}  // namespace higuma::policy
