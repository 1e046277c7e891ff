// Time is an argument: a monotonic instant for durations and the UTC wall clock for storage.
// Programs hold one SystemClock; tests move a ManualClock by hand.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace higuma {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using WallTime = std::chrono::sys_time<Millis>;  // UTC

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
    virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
  public:
    Instant now() const override;
    WallTime wall_now() const override;
};

class ManualClock final : public Clock {
  public:
    explicit ManualClock(WallTime wall = {}) : wall_(wall) {}
    Instant now() const override { return now_; }
    WallTime wall_now() const override { return wall_; }
    void advance(Millis by) {
        now_ += by;
        wall_ += by;
    }

  private:
    Instant now_{};
    WallTime wall_;
};

// The moment by which an operation must have ended; made once at the edge and passed down.
struct Deadline {
    Instant at = Instant::max();
    static Deadline after(const Clock& clock, Duration span) { return {clock.now() + span}; }
    bool passed(Instant now) const { return now >= at; }
    Duration remaining(Instant now) const {
        return at == Instant::max() ? Duration::max() : (now >= at ? Duration::zero() : at - now);
    }
};

// "2026-11-22 10:41:29.862" (UTC), as MariaDB and Uptime Kuma write it.
std::string format_sql_time(WallTime time);
// "2026-11-22T10:41:29.862Z".
std::string format_iso_time(WallTime time);
// Accepts both forms above, with or without a fraction.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace higuma
