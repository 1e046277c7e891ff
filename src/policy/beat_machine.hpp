// The beat state machine of Uptime Kuma 2.5.3 as a pure function: what one check's outcome makes of
// a monitor's last state. It knows no time source, no database and no notification.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "model/beat.hpp"
#include "model/findings.hpp"
#include "model/monitor.hpp"

namespace higuma::policy {

// What a check found, before retries and upside-down mode are applied.
struct CheckOutcome {
    bool ok = false;
    std::string msg;
    std::optional<Millis> ping;
    // Only push: the agent said which status it has; it takes the place of ok.
    std::optional<BeatStatus> reported;
    // The check itself says which status the monitor has; it takes the place of ok, and there are
    // no retries but in upside-down mode.
    std::optional<BeatStatus> stated{};
    // A failure that repeating cannot mend: DOWN at once, without retries.
    bool conclusive = false;
    std::string response{};  // what of the answer is kept with the beat, as text; empty: nothing
    std::shared_ptr<const Findings> findings{};  // may be none

    static CheckOutcome up(std::string msg, std::optional<Millis> ping) {
        CheckOutcome outcome;
        outcome.ok = true;
        outcome.msg = std::move(msg);
        outcome.ping = ping;
        return outcome;
    }
    static CheckOutcome down(std::string msg) {
        CheckOutcome outcome;
        outcome.msg = std::move(msg);
        return outcome;
    }
};

struct BeatRules {
    int max_retries = 0;
    int resend_interval = 0;
    bool upside_down = false;
};
BeatRules rules_of(const Monitor& monitor);

struct BeatDecision {
    BeatStatus status = BeatStatus::down;
    std::string msg;
    std::optional<Millis> ping;
    int retries = 0;
    int down_count = 0;
    bool important = false;  // becomes heartbeat.important
    bool notify = false;     // people are told (a change, or a repeat after resend_interval)
};

// `previous` is none for a first beat. `in_maintenance` wins over the outcome.
BeatDecision decide_beat(const BeatRules& rules, const std::optional<BeatState>& previous,
                         const CheckOutcome& outcome, bool in_maintenance);

// Whether a change from `previous` (none: the first beat) to `current` is marked in the history.
bool is_important_change(const std::optional<BeatStatus>& previous, BeatStatus current);

// Whether people are told of it as well: not of a first beat that is not DOWN, and not of entering
// maintenance or leaving it UP.
bool is_notified_change(const std::optional<BeatStatus>& previous, BeatStatus current);

}  // namespace higuma::policy
