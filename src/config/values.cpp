#include "config/values.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace higuma::config {
namespace {

std::string lower(std::string_view value) {
    std::string result(value);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::string_view trimmed(std::string_view value) {
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    return value;
}

bool has_control(std::string_view value) {
    return std::any_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

bool is_visible(std::string_view value) {  // printable ASCII without blanks
    return std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

template <class Number>
std::optional<Number> number_from(std::string_view value, Number least, Number most) {
    Number number{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
    if (number < least || number > most) return std::nullopt;
    return number;
}

std::vector<std::string_view> parts_of(std::string_view value) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto comma = value.find(',');
        parts.push_back(trimmed(value.substr(0, comma)));
        if (comma == std::string_view::npos) return parts;
        value.remove_prefix(comma + 1);
    }
}

Kind<std::string> checked_text(std::string expected, bool (*good)(std::string_view)) {
    return {std::move(expected),
            [good](std::string_view value) -> std::optional<std::string> {
                if (!good(value)) return std::nullopt;
                return std::string(value);
            },
            [](const std::string& value) { return value; }};
}

struct Unit {
    std::string_view name;
    double millis;
};
constexpr std::array kUnits{Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000},
                            Unit{"h", 3'600'000}};

std::optional<double> millis_from(std::string_view value, BareUnit bare) {
    const auto digits = value.find_first_not_of("0123456789.");
    const auto number_text = value.substr(0, digits);
    const auto unit = digits == std::string_view::npos ? "" : trimmed(value.substr(digits));
    double number = 0;
    const char* last = number_text.data() + number_text.size();
    const auto [end, error] = std::from_chars(number_text.data(), last, number);
    if (number_text.empty() || error != std::errc{} || end != last) return std::nullopt;
    if (unit.empty()) return number * (bare == BareUnit::seconds ? 1'000 : 1);
    const auto found = std::find_if(kUnits.begin(), kUnits.end(),
                                    [&](const Unit& known) { return known.name == unit; });
    if (found == kUnits.end()) return std::nullopt;
    return number * found->millis;
}

std::string duration_text(Millis value) {
    if (value.count() % 1000 != 0) return fmt::format("{}ms", value.count());
    return fmt::format("{}s", value.count() / 1000);
}

bool is_address(std::string_view value, int family) {
    std::array<unsigned char, 16> bytes{};
    return inet_pton(family, std::string(value).c_str(), bytes.data()) == 1;
}

bool is_host_and_port(std::string_view value) {
    const auto colon = value.rfind(':');
    if (colon == std::string_view::npos) return false;
    if (!number_from<int>(value.substr(colon + 1), 1, 65535)) return false;
    const auto host = value.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        return is_address(host.substr(1, host.size() - 2), AF_INET6);
    }
    return !host.empty() && host.size() <= 253 && is_visible(host) &&
           host.find_first_of(":/[]@?#") == std::string_view::npos;
}

bool is_resolver(std::string_view value) {
    if (is_address(value, AF_INET) || is_address(value, AF_INET6)) return true;
    if (!is_host_and_port(value)) return false;
    return value.front() == '[' || is_address(value.substr(0, value.rfind(':')), AF_INET);
}

// "10.0.0.0/8" as it is; a single address gets the prefix that means itself.
std::optional<std::string> address_range(std::string_view value) {
    const auto slash = value.find('/');
    const auto address = value.substr(0, slash);
    const bool four = is_address(address, AF_INET);
    if (!four && !is_address(address, AF_INET6)) return std::nullopt;
    const int bits = four ? 32 : 128;
    if (slash == std::string_view::npos) return fmt::format("{}/{}", value, bits);
    if (!number_from<int>(value.substr(slash + 1), 0, bits)) return std::nullopt;
    return std::string(value);
}

bool add_codes(std::string_view part, std::set<int>& codes) {
    const auto dash = part.find('-');
    const auto first = number_from<int>(trimmed(part.substr(0, dash)), 100, 599);
    const auto last = dash == std::string_view::npos
                          ? first
                          : number_from<int>(trimmed(part.substr(dash + 1)), 100, 599);
    if (!first || !last || *first > *last) return false;
    for (int code = *first; code <= *last; ++code) codes.insert(code);
    return true;
}

std::string codes_text(const std::set<int>& codes) {
    std::string result;
    for (auto at = codes.begin(); at != codes.end();) {
        const int first = *at;
        int last = first;
        while (++at != codes.end() && *at == last + 1) ++last;
        if (!result.empty()) result += ',';
        result += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    }
    return result;
}

}  // namespace

Kind<bool> boolean() {
    return {"true or false",
            [](std::string_view value) -> std::optional<bool> {
                const auto text = lower(value);
                if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
                if (text == "false" || text == "0" || text == "no" || text == "off") return false;
                return std::nullopt;
            },
            [](const bool& value) { return std::string(value ? "true" : "false"); }};
}

Kind<int> whole_number(int least, int most) {
    return {fmt::format("a whole number from {} to {}", least, most),
            [=](std::string_view value) { return number_from<int>(value, least, most); },
            [](const int& value) { return fmt::format("{}", value); }};
}

Kind<Millis> duration(BareUnit bare, Millis least, Millis most) {
    const char* unit = bare == BareUnit::seconds ? "seconds" : "milliseconds";
    return {fmt::format("a duration such as 500ms, 30s or 5m (a bare number is in {}), "
                        "from {} to {}",
                        unit, duration_text(least), duration_text(most)),
            [=](std::string_view value) -> std::optional<Millis> {
                const auto millis = millis_from(value, bare);
                if (!millis || *millis < static_cast<double>(least.count()) ||
                    *millis > static_cast<double>(most.count())) {
                    return std::nullopt;
                }
                return Millis{std::llround(*millis)};
            },
            [](const Millis& value) { return duration_text(value); }};
}

Kind<std::string> text() {
    return checked_text("one line of text", [](std::string_view value) {
        return !value.empty() && !has_control(value);
    });
}

Kind<std::string> word() {
    return checked_text("text without blanks",
                        [](std::string_view value) { return !value.empty() && is_visible(value); });
}

Kind<std::string> secret_text() {
    return checked_text("any text", [](std::string_view) { return true; });
}

Kind<std::string> folder() {
    auto kind = text();
    kind.expected = "a path";
    return kind;
}

Kind<std::string> url_path() {
    return checked_text("a path that begins with /", [](std::string_view value) {
        return value.starts_with('/') && is_visible(value);
    });
}

Kind<std::string> host_and_port() {
    return checked_text("host:port, such as node1:3001 or [::1]:3001", is_host_and_port);
}

Kind<std::string> resolver() {
    return {"system, an address such as 127.0.0.11, or address:port",
            [](std::string_view value) -> std::optional<std::string> {
                if (lower(value) == "system") return std::string();
                if (!is_resolver(value)) return std::nullopt;
                return std::string(value);
            },
            [](const std::string& value) { return value.empty() ? std::string("system") : value; }};
}

Kind<std::string> log_level() {
    return {"trace, debug, info, warn or error",
            [](std::string_view value) -> std::optional<std::string> {
                const auto level = lower(value);
                if (level == "warning") return "warn";
                for (const char* known : {"trace", "debug", "info", "warn", "error"}) {
                    if (level == known) return level;
                }
                return std::nullopt;
            },
            [](const std::string& value) { return value; }};
}

Kind<double> percent() {
    return {"a percentage, 0 to 100",
            [](std::string_view value) -> std::optional<double> {
                double number = 0;
                const auto* end = value.data() + value.size();
                const auto [rest, problem] = std::from_chars(value.data(), end, number);
                const bool readable = problem == std::errc() && rest == end;
                if (!readable || !(number >= 0 && number <= 100)) return std::nullopt;
                return number;
            },
            [](const double& value) { return fmt::format("{}", value); }};
}

Kind<std::string> node_name() {
    return checked_text("1 to 50 letters, digits, dots, dashes or underscores", is_valid_node_id);
}

Kind<NodeId> node_id() {
    const auto name = node_name();
    return {name.expected,
            [read = name.read](std::string_view value) -> std::optional<NodeId> {
                if (!read(value)) return std::nullopt;
                return NodeId{std::string(value)};
            },
            [](const NodeId& value) { return value.value; }};
}

Kind<std::set<int>> status_codes() {
    return {"HTTP status codes such as 200,429 or 200-299",
            [](std::string_view value) -> std::optional<std::set<int>> {
                std::set<int> codes;
                for (const auto part : parts_of(value)) {
                    if (!add_codes(part, codes)) return std::nullopt;
                }
                return codes;
            },
            codes_text};
}

Kind<policy::Algorithm> algorithm() {
    return {"least_monitors, least_connections or weighted",
            [](std::string_view value) { return policy::algorithm_from(lower(value)); },
            [](const policy::Algorithm& value) { return std::string(to_string(value)); }};
}

Kind<std::vector<std::string>> address_ranges() {
    return {"addresses or ranges such as 10.0.0.0/8,::1",
            [](std::string_view value) -> std::optional<std::vector<std::string>> {
                std::vector<std::string> ranges;
                for (const auto part : parts_of(value)) {
                    const auto range = address_range(part);
                    if (!range) return std::nullopt;
                    ranges.push_back(*range);
                }
                return ranges;
            },
            [](const std::vector<std::string>& value) {
                return fmt::format("{}", fmt::join(value, ","));
            }};
}

}  // namespace higuma::config
