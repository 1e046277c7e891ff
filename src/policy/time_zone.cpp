#include "policy/time_zone.hpp"

#include <algorithm>
#include <charconv>

namespace higuma::policy {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> take_number(std::string_view& text, std::size_t most_digits = 3) {
    std::size_t length = 0;
    while (length < text.size() && length < most_digits && is_digit(text[length])) ++length;
    if (length == 0) return std::nullopt;
    int value = 0;
    std::from_chars(text.data(), text.data() + length, value);
    text.remove_prefix(length);
    return value;
}

bool take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

// "[+-]h[h[h]][:mm[:ss]]"
std::optional<seconds> take_clock(std::string_view& text) {
    int sign = 1;
    if (take(text, '-')) {
        sign = -1;
    } else {
        take(text, '+');
    }
    const auto hour = take_number(text);
    if (!hour) return std::nullopt;
    seconds total = hours{*hour};
    if (take(text, ':')) {
        const auto minute = take_number(text, 2);
        if (!minute) return std::nullopt;
        total += minutes{*minute};
        if (take(text, ':')) {
            const auto second = take_number(text, 2);
            if (!second) return std::nullopt;
            total += seconds{*second};
        }
    }
    return sign * total;
}

// Big-endian numbers and blocks of a zone file; reading past the end leaves it not good.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    std::int64_t number(std::size_t width) {
        const auto bytes = block(width);
        if (bytes.size() != width) return 0;
        std::uint64_t value = (bytes[0] & 0x80) != 0 && width < 8 ? ~std::uint64_t{0} : 0;
        for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
        return static_cast<std::int64_t>(value);
    }
    std::string_view block(std::size_t size) {
        if (size > rest_.size()) {
            good_ = false;
            rest_ = {};
            return {};
        }
        const auto out = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return out;
    }
    std::string_view rest() const { return rest_; }
    bool good() const { return good_; }

  private:
    std::string_view rest_;
    bool good_ = true;
};

struct Header {
    std::array<std::size_t, 6> counts{};  // isut, isstd, leap, time, type, char

    std::size_t block_size(std::size_t time_width) const {
        const auto& [isut, isstd, leap, time, type, chars] = counts;
        return time * time_width + time + type * 6 + chars + leap * (time_width + 4) + isstd + isut;
    }
};

std::optional<Header> read_header(Reader& reader) {
    Header header;
    if (reader.block(4) != "TZif") return std::nullopt;
    reader.block(16);  // the version, and room for later
    for (auto& count : header.counts) {
        const auto value = reader.number(4);
        if (value < 0 || value > 100'000) return std::nullopt;
        count = static_cast<std::size_t>(value);
    }
    if (!reader.good() || header.counts[4] == 0) return std::nullopt;
    return header;
}

}  // namespace

// The POSIX form of a zone at the end of a file, such as "CET-1CEST,M3.5.0,M10.5.0/3".
struct TimeZone::FooterParser {
    static bool take_name(std::string_view& text) {
        if (take(text, '<')) {
            const auto end = text.find('>');
            if (end == std::string_view::npos) return false;
            text.remove_prefix(end + 1);
            return true;
        }
        std::size_t length = 0;
        while (length < text.size() && !is_digit(text[length]) && text[length] != '+' &&
               text[length] != '-' && text[length] != ',') {
            ++length;
        }
        text.remove_prefix(length);
        return length > 0;
    }

    static std::optional<YearlyRule> take_rule(std::string_view& text) {
        YearlyRule rule;
        rule.time = hours{2};
        if (take(text, 'M')) {
            const auto month = take_number(text, 2);
            if (!month || !take(text, '.')) return std::nullopt;
            const auto week = take_number(text, 1);
            if (!week || !take(text, '.')) return std::nullopt;
            const auto day = take_number(text, 1);
            if (!day || *month < 1 || *month > 12 || *week < 1 || *week > 5 || *day > 6) {
                return std::nullopt;
            }
            rule.month = *month;
            rule.week = *week;
            rule.day = *day;
        } else {
            rule.kind = take(text, 'J') ? YearlyRule::Kind::julian_without_leap
                                        : YearlyRule::Kind::day_of_year;
            const auto day = take_number(text);
            if (!day) return std::nullopt;
            rule.day = *day;
        }
        if (take(text, '/')) {
            const auto time = take_clock(text);
            if (!time) return std::nullopt;
            rule.time = *time;
        }
        return rule;
    }

    static std::optional<Footer> parse(std::string_view text) {
        Footer footer;
        if (!take_name(text)) return std::nullopt;
        const auto standard = take_clock(text);
        if (!standard) return std::nullopt;
        footer.standard = -*standard;
        if (text.empty()) return footer;
        if (!take_name(text)) return std::nullopt;
        footer.summer = footer.standard + hours{1};
        if (!text.empty() && text.front() != ',') {
            const auto summer = take_clock(text);
            if (!summer) return std::nullopt;
            footer.summer = -*summer;
        }
        if (!take(text, ',')) return std::nullopt;
        const auto begins = take_rule(text);
        if (!begins || !take(text, ',')) return std::nullopt;
        const auto ends = take_rule(text);
        if (!ends) return std::nullopt;
        footer.begins = *begins;
        footer.ends = *ends;
        return footer;
    }
};

std::optional<TimeZone> TimeZone::from_offset(std::string_view text) {
    for (const auto name : {"UTC", "GMT", "Etc/UTC", "Z"}) {
        if (text == name) return TimeZone{};
    }
    if (text.starts_with("UTC") || text.starts_with("GMT")) text.remove_prefix(3);
    if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hour = take_number(text, 2);
    take(text, ':');
    const auto minute = text.empty() ? std::optional<int>(0) : take_number(text, 2);
    if (!hour || !minute || !text.empty() || *hour > 26 || *minute > 59) return std::nullopt;
    return TimeZone{sign * seconds{hours{*hour} + minutes{*minute}}};
}

std::optional<TimeZone> TimeZone::from_tzif(std::string_view bytes) {
    Reader reader(bytes);
    auto header = read_header(reader);
    if (!header) return std::nullopt;
    // The first block has 32-bit times; a second one with 64 bits follows since version 2.
    reader.block(header->block_size(4));
    header = read_header(reader);
    if (!header) return std::nullopt;
    const auto& [isut, isstd, leap, times, types, chars] = header->counts;
    std::vector<std::int64_t> at(times);
    for (auto& time : at) time = reader.number(8);
    const auto indexes = reader.block(times);
    std::vector<seconds> offsets(types);
    for (auto& offset : offsets) {
        offset = seconds{reader.number(4)};
        reader.block(2);
    }
    reader.block(chars + leap * 12 + isstd + isut);
    if (!reader.good()) return std::nullopt;
    TimeZone zone(offsets.front());
    for (std::size_t i = 0; i < times; ++i) {
        const auto type = static_cast<unsigned char>(indexes[i]);
        if (type >= types) return std::nullopt;
        zone.transitions_.push_back({UtcTime{seconds{at[i]}}, offsets[type]});
    }
    auto footer = reader.rest();
    if (take(footer, '\n')) zone.footer_ = FooterParser::parse(footer.substr(0, footer.find('\n')));
    return zone;
}

LocalTime TimeZone::YearlyRule::in(std::chrono::year year) const {
    namespace chrono = std::chrono;
    const chrono::local_days first{year / chrono::January / 1};
    if (kind == Kind::day_of_year) return first + days{day} + time;
    if (kind == Kind::julian_without_leap) {
        const int leap_day = year.is_leap() && day >= 60 ? 1 : 0;
        return first + days{day - 1 + leap_day} + time;
    }
    const chrono::weekday weekday{static_cast<unsigned>(day)};
    const auto in_month = year / chrono::month{static_cast<unsigned>(month)};
    const chrono::local_days found =
        week == 5 ? chrono::local_days{in_month / weekday[chrono::last]}
                  : chrono::local_days{in_month / weekday[static_cast<unsigned>(week)]};
    return found + time;
}

seconds TimeZone::Footer::offset_at(UtcTime time) const {
    if (!summer) return standard;
    const auto local_day = std::chrono::floor<days>(time + standard);
    const auto year = std::chrono::year_month_day{local_day}.year();
    const UtcTime begin{(begins.in(year)-standard).time_since_epoch()};
    const UtcTime end{(ends.in(year) - *summer).time_since_epoch()};
    const bool is_summer =
        begin < end ? (time >= begin && time < end) : (time >= begin || time < end);
    return is_summer ? *summer : standard;
}

seconds TimeZone::offset_at(UtcTime time) const {
    const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), time,
                                       [](UtcTime t, const auto& x) { return t < x.at; });
    if (next == transitions_.end() && footer_) return footer_->offset_at(time);
    return next == transitions_.begin() ? before_ : std::prev(next)->offset;
}

LocalTime TimeZone::to_local(UtcTime time) const {
    return LocalTime{time.time_since_epoch() + offset_at(time)};
}

// The offsets a day before and after are the only ones that can apply.
UtcTime TimeZone::to_utc(LocalTime time) const {
    const UtcTime as_if{time.time_since_epoch()};
    const auto earlier = offset_at(as_if - days{1});
    const auto later = offset_at(as_if + days{1});
    const UtcTime first = as_if - earlier;
    if (earlier == later || to_local(first) == time) return first;
    const UtcTime second = as_if - later;
    return to_local(second) == time ? second : first;
}

}  // namespace higuma::policy
