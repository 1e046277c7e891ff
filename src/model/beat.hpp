// One result of one check: a row of `heartbeat`, and the state from which the next one follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace higuma {

// The numbers are those of Uptime Kuma's `heartbeat.status`.
enum class BeatStatus : std::uint8_t { down = 0, up = 1, pending = 2, maintenance = 3 };

std::string_view to_string(BeatStatus status);

struct Beat {
    MonitorId monitor;
    BeatStatus status = BeatStatus::down;
    std::string msg;
    WallTime time{};             // when the check began
    std::optional<Millis> ping;  // none when down
    bool important = false;      // the status changed in a way that people are told of
    int down_count = 0;          // DOWN beats since the last notification (resend interval)
    int retries = 0;             // failures in a row so far
    Seconds duration{};          // since the previous beat
    WallTime scheduled_at{};     // what the next due time counts from; unique per monitor
    Epoch epoch;                 // of the assignment under which the check ran
    std::string response{};      // what of the answer is kept, as text; empty: nothing
};

// What the next beat needs to know of the last one.
struct BeatState {
    BeatStatus status = BeatStatus::up;
    int retries = 0;
    int down_count = 0;
    WallTime time{};
    WallTime scheduled_at{};  // equals `time` for rows that another program wrote
};

}  // namespace higuma
