#include "policy/cron.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace higuma::policy {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNicknames = {{
    {"@YEARLY", "0 0 1 1 *"},
    {"@ANNUALLY", "0 0 1 1 *"},
    {"@MONTHLY", "0 0 1 * *"},
    {"@WEEKLY", "0 0 * * 0"},
    {"@DAILY", "0 0 * * *"},
    {"@MIDNIGHT", "0 0 * * *"},
    {"@HOURLY", "0 * * * *"},
}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        if (end == text.size()) return parts;
        text.remove_prefix(end + 1);
    }
}

// The values that a field may have, and the names of some.
struct Range {
    int low, high;
    const std::string_view* names = nullptr;
    std::size_t name_count = 0;
};

std::optional<int> value_of(std::string_view text, const Range& range) {
    for (std::size_t i = 0; i < range.name_count; ++i) {
        if (text == range.names[i]) return static_cast<int>(i) + range.low;
    }
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (value < range.low || value > range.high) return std::nullopt;
    return value;
}

// One item of a list: "*", "5", "1-5", with or without "/step". Calls `add` for each value.
template <class Add>
bool parse_item(std::string_view item, const Range& range, Add add) {
    int step = 1;
    bool stepped = false;
    if (const auto slash = item.find('/'); slash != std::string_view::npos) {
        const auto parsed = value_of(item.substr(slash + 1), {1, 1'000});
        if (!parsed) return false;
        step = *parsed;
        stepped = true;
        item = item.substr(0, slash);
    }
    int first = range.low;
    int last = range.high;
    if (item != "*" && item != "?") {
        const auto dash = item.find('-');
        const auto from = value_of(item.substr(0, dash), range);
        if (!from) return false;
        first = *from;
        if (dash != std::string_view::npos) {
            const auto to = value_of(item.substr(dash + 1), range);
            if (!to || *to < first) return false;
            last = *to;
        } else if (!stepped) {
            last = first;
        }
    }
    for (int value = first; value <= last; value += step) add(value);
    return true;
}

template <std::size_t N>
bool parse_field(std::string_view field, const Range& range, std::bitset<N>& out) {
    const auto items = split(field, ",");
    return !items.empty() && std::all_of(items.begin(), items.end(), [&](std::string_view item) {
        return parse_item(item, range, [&](int v) { out.set(static_cast<std::size_t>(v)); });
    });
}

template <std::size_t N>
int highest_until(const std::bitset<N>& set, int limit) {
    for (int i = std::min(limit, static_cast<int>(N) - 1); i >= 0; --i) {
        if (set.test(static_cast<std::size_t>(i))) return i;
    }
    return -1;
}

}  // namespace

bool CronPattern::parse_days(std::string_view field) {
    any_day_ = field == "*" || field == "?";
    for (const auto item : split(field, ",")) {
        if (item == "L") {
            last_day_ = true;
        } else if (!parse_item(item, {1, 31},
                               [&](int v) { days_.set(static_cast<std::size_t>(v)); })) {
            return false;
        }
    }
    return true;
}

// 7 is Sunday too; "5#2" is the second Friday, "5L" the last one.
bool CronPattern::parse_weekdays(std::string_view field) {
    const Range range{0, 7, kWeekdays.data(), kWeekdays.size()};
    any_weekday_ = field == "*" || field == "?";
    for (auto item : split(field, ",")) {
        std::bitset<7>* target = &weekdays_;
        if (const auto hash = item.find('#'); hash != std::string_view::npos) {
            const auto nth = item.substr(hash + 1);
            const auto number = nth == "L" ? std::optional<int>(6) : value_of(nth, {1, 5});
            if (!number) return false;
            target = &nth_weekday_[static_cast<std::size_t>(*number)];
            item = item.substr(0, hash);
        } else if (item.size() > 1 && item.back() == 'L') {
            target = &nth_weekday_[6];
            item.remove_suffix(1);
        }
        if (!parse_item(item, range,
                        [&](int v) { target->set(static_cast<std::size_t>(v % 7)); })) {
            return false;
        }
    }
    return true;
}

std::optional<CronPattern> CronPattern::parse(std::string_view text) {
    std::string upper(text);
    for (char& c : upper) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    for (const auto& [name, pattern] : kNicknames) {
        if (upper == name) upper = pattern;
    }
    auto fields = split(upper, " \t");
    if (fields.size() == 5) fields.insert(fields.begin(), "0");
    if (fields.size() != 6) return std::nullopt;
    CronPattern out;
    const Range months{1, 12, kMonths.data(), kMonths.size()};
    const bool good = parse_field(fields[0], {0, 59}, out.seconds_) &&
                      parse_field(fields[1], {0, 59}, out.minutes_) &&
                      parse_field(fields[2], {0, 23}, out.hours_) && out.parse_days(fields[3]) &&
                      parse_field(fields[4], months, out.months_) && out.parse_weekdays(fields[5]);
    if (!good) return std::nullopt;
    return out;
}

// When both the day of the month and the weekday are limited, either is enough.
bool CronPattern::matches_day(std::chrono::local_days day) const {
    namespace chrono = std::chrono;
    const chrono::year_month_day date{day};
    if (!months_.test(static_cast<unsigned>(date.month()))) return false;
    const auto in_month = static_cast<unsigned>(date.day());
    const bool is_last_day = chrono::year_month_day{day + days{1}}.month() != date.month();
    const bool day_fits = days_.test(in_month) || (last_day_ && is_last_day);
    const auto weekday = chrono::weekday{day}.c_encoding();
    const bool last_of_its_kind = chrono::year_month_day{day + days{7}}.month() != date.month();
    const bool weekday_fits = weekdays_.test(weekday) ||
                              nth_weekday_[(in_month + 6) / 7].test(weekday) ||
                              (last_of_its_kind && nth_weekday_[6].test(weekday));
    if (any_day_ || any_weekday_) return day_fits && weekday_fits;
    return day_fits || weekday_fits;
}

std::optional<seconds> CronPattern::last_time_until(seconds limit) const {
    const std::chrono::hh_mm_ss at{std::clamp(limit, seconds{0}, seconds{86'399})};
    const int limit_hour = static_cast<int>(at.hours().count());
    for (int hour = highest_until(hours_, limit_hour); hour >= 0;
         hour = highest_until(hours_, hour - 1)) {
        const bool same_hour = hour == limit_hour;
        const int limit_minute = same_hour ? static_cast<int>(at.minutes().count()) : 59;
        for (int minute = highest_until(minutes_, limit_minute); minute >= 0;
             minute = highest_until(minutes_, minute - 1)) {
            const bool same_minute = same_hour && minute == limit_minute;
            const int limit_second = same_minute ? static_cast<int>(at.seconds().count()) : 59;
            const int second = highest_until(seconds_, limit_second);
            if (second >= 0) return hours{hour} + minutes{minute} + seconds{second};
        }
    }
    return std::nullopt;
}

}  // namespace higuma::policy
