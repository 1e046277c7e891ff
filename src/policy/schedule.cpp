#include "policy/schedule.hpp"

#include <algorithm>
#include <cstdint>

namespace higuma::policy {
namespace {

// An agent that pushes every interval may be late by this much; Uptime Kuma grants the same.
constexpr Millis kPushGrace{1000};

std::uint64_t mixed(std::uint64_t value) {  // splitmix64's finisher
    value += 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

// A fixed share of [0, span) for each monitor, whoever computes it.
Millis spread_of(MonitorId id, Millis span) {
    if (span <= Millis::zero()) return Millis::zero();
    const auto width = static_cast<std::uint64_t>(span.count());
    return Millis{static_cast<std::int64_t>(mixed(static_cast<std::uint64_t>(id.value)) % width)};
}

bool is_push(const Monitor& monitor) { return monitor.type == "push"; }

Millis grace_after(BeatStatus status, const Monitor& monitor) {
    const BeatStatus regular = monitor.upside_down ? BeatStatus::down : BeatStatus::up;
    return is_push(monitor) && status == regular ? kPushGrace : Millis::zero();
}

}  // namespace

WallTime anchor_of(WallTime due, WallTime started) {
    const Millis off = started >= due ? started - due : due - started;
    return off <= kOnTimeTolerance ? due : started;
}

Seconds interval_after(BeatStatus status, const Monitor& monitor) {
    const bool retry = status == BeatStatus::pending && monitor.retry_interval > Seconds::zero();
    return std::max(retry ? monitor.retry_interval : monitor.interval, Seconds{1});
}

WallTime next_due(const Monitor& monitor, const std::optional<BeatState>& last, WallTime now,
                  Millis first_spread, Millis overdue_spread) {
    if (!last) {
        const Millis interval = interval_after(BeatStatus::up, monitor);
        // Nothing can be missing before the agent had a whole interval to push.
        if (is_push(monitor)) return now + interval + kPushGrace;
        return now + spread_of(monitor.id, std::min(interval, first_spread));
    }
    const Millis interval = interval_after(last->status, monitor);
    // A beat from further ahead than an interval was stamped by a wrong clock.
    if (last->scheduled_at > now + interval) return now + interval;
    const WallTime due = last->scheduled_at + interval + grace_after(last->status, monitor);
    if (due + kOnTimeTolerance >= now) return due;
    return now + spread_of(monitor.id, std::min(interval, overdue_spread));
}

Millis check_timeout(const Monitor& monitor) {
    if (monitor.timeout > Millis::zero()) return monitor.timeout;
    return Millis{interval_after(BeatStatus::up, monitor)} * 8 / 10;
}

}  // namespace higuma::policy
