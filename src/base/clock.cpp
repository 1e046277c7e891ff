#include "base/clock.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace higuma {

Instant SystemClock::now() const {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

WallTime SystemClock::wall_now() const {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

static std::string format_time(WallTime time, char separator, std::string_view suffix) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}.{:03}{}",
                       static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), separator, clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count(),
                       suffix);
}

std::string format_sql_time(WallTime time) { return format_time(time, ' ', ""); }
std::string format_iso_time(WallTime time) { return format_time(time, 'T', "Z"); }

std::optional<WallTime> parse_time(std::string_view text) {
    int year = 0;
    unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
    int used = 0;
    const std::string copy(text);
    if (std::sscanf(copy.c_str(), "%4d-%2u-%2u%*[ T]%2u:%2u:%2u%n", &year, &month, &day, &hour,
                    &minute, &second, &used) != 6) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                           std::chrono::day{day}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    int millis = 0;
    std::string_view rest = text.substr(static_cast<std::size_t>(used));
    if (!rest.empty() && rest.front() == '.') {
        rest.remove_prefix(1);
        int scale = 100;
        while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
            millis += (rest.front() - '0') * scale;
            scale /= 10;
            rest.remove_prefix(1);
        }
    }
    if (!rest.empty() && rest != "Z") return std::nullopt;
    return WallTime{std::chrono::sys_days{date} + std::chrono::hours{hour} +
                    std::chrono::minutes{minute} + Seconds{second} + Millis{millis}};
}

}  // namespace higuma
