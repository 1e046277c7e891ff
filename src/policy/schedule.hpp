// When a monitor's next check is due, computed only from its stored last beat and its settings, so
// that any node that takes it over comes to the same answer (rule "no gap").
#pragma once

#include <optional>

#include "model/beat.hpp"
#include "model/monitor.hpp"

namespace higuma::policy {

// A delay of a check's start up to this keeps the grid (due + interval); a larger one starts a new
// grid, so that no two checks are closer than the interval.
inline constexpr Millis kOnTimeTolerance{250};

// The anchor that a check that was due at `due` and started at `started` leaves in
// heartbeat.scheduled_at: the next one counts from it.
WallTime anchor_of(WallTime due, WallTime started);

// The span after a beat with this status: retry_interval while PENDING, else interval.
Seconds interval_after(BeatStatus status, const Monitor& monitor);

// The due time of the next check. Without a last beat: `now` plus a spread within the interval that
// depends on the monitor's id alone (at most `first_spread`), so that a thousand new monitors do
// not start at once. An overdue monitor is due now; `overdue_spread` staggers many of them.
WallTime next_due(const Monitor& monitor, const std::optional<BeatState>& last, WallTime now,
                  Millis first_spread, Millis overdue_spread);

// The time that a check may take: monitor.timeout, or 80 % of the interval when that is 0.
Millis check_timeout(const Monitor& monitor);

}  // namespace higuma::policy
