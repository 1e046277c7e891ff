#include "api/node_push_input.hpp"

#include <charconv>
#include <cmath>
#include <limits>

namespace higuma::api {
namespace {

constexpr double kMaxPing = 100'000'000'000;  // milliseconds; Uptime Kuma's limit

std::string given_or(const Request& request, std::string_view name, std::string otherwise) {
    auto value = request.parameter(name);
    return value && !value->empty() ? *value : std::move(otherwise);
}

}  // namespace

std::optional<double> leading_number(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const double sign = negative ? -1 : 1;
    if (text.starts_with("Infinity")) return sign * std::numeric_limits<double>::infinity();
    // from_chars also knows "inf" and "nan", which are no numbers here.
    if (text.empty() || !(text.front() == '.' || (text.front() >= '0' && text.front() <= '9'))) {
        return std::nullopt;
    }
    double value = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem == std::errc::result_out_of_range) {
        const bool tiny = text.substr(0, static_cast<std::size_t>(rest - text.data())).find("e-") !=
                          std::string_view::npos;
        return tiny ? 0 : sign * std::numeric_limits<double>::infinity();
    }
    if (problem != std::errc()) return std::nullopt;
    return sign * value;
}

Result<policy::CheckOutcome> push_outcome(const Request& request) {
    policy::CheckOutcome outcome;
    outcome.msg = given_or(request, "msg", "OK");
    outcome.ok = given_or(request, "status", "up") == "up";
    outcome.reported = outcome.ok ? BeatStatus::up : BeatStatus::down;
    const auto ping = leading_number(given_or(request, "ping", ""));
    if (!ping || *ping == 0) return outcome;
    if (*ping < 0 || *ping > kMaxPing) {
        return invalid("ping", "Invalid ping value. Must be between 0 and 100000000000 ms.");
    }
    outcome.ping = Millis{std::llround(*ping)};
    return outcome;
}

}  // namespace higuma::api
