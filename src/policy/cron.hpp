// A cron pattern as a set of local times: 5 fields, or 6 with seconds in front, as Uptime Kuma's
// maintenance takes them (lists, ranges, steps, names, `L`, `#`, and the @daily kind of names).
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

#include "policy/time_zone.hpp"

namespace higuma::policy {

class CronPattern {
  public:
    static std::optional<CronPattern> parse(std::string_view text);

    bool matches_day(std::chrono::local_days day) const;
    // The last matching time of day at or before `limit`, whatever the day.
    std::optional<std::chrono::seconds> last_time_until(std::chrono::seconds limit) const;

  private:
    bool parse_days(std::string_view field);
    bool parse_weekdays(std::string_view field);

    std::bitset<60> seconds_, minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;                       // 1 to 31
    std::bitset<13> months_;                     // 1 to 12
    std::bitset<7> weekdays_;                    // 0 is Sunday
    std::array<std::bitset<7>, 7> nth_weekday_;  // [1..5]: the nth of the month, [6]: its last
    bool last_day_ = false;
    bool any_day_ = false, any_weekday_ = false;
};

}  // namespace higuma::policy
