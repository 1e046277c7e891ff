// What the engine runs and decides, without doing it: monitors, their last state, when each is due,
// and the beats that outcomes and pushes become. Time is an argument; there is no timer and no I/O
// here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/due_index.hpp"
#include "engine/start_queue.hpp"
#include "model/beat.hpp"
#include "model/monitor.hpp"
#include "policy/beat_machine.hpp"

namespace higuma::engine {

struct Now {
    Instant instant;
    WallTime wall;
};

// Names one run of one check, so that the result of an outdated one is known as such.
using Ticket = std::uint64_t;

struct Spreads {
    Millis first{20'000};   // over which first checks are spread
    Millis overdue{1'000};  // over which overdue ones are, when they are taken over
};

class Roster {
  public:
    explicit Roster(Spreads spreads, StartLimits limits = {})
        : spreads_(spreads), starts_(limits) {}

    // Starts a monitor or goes on with it; `last` counts when it is new here or has a new epoch.
    // Returns the check that must be given up: it ran under older settings.
    std::optional<Ticket> run(Monitor monitor, std::optional<BeatState> last, Now now);
    std::optional<Ticket> stop(MonitorId id);
    void set_maintenance(std::vector<MonitorId> ids);

    bool runs(MonitorId id) const { return entries_.contains(id); }
    bool runs_under(MonitorId id, Epoch epoch) const;
    std::vector<MonitorId> ids() const;
    std::size_t size() const { return entries_.size(); }
    double checks_per_second() const { return static_cast<double>(nano_rate_) * 1e-9; }

    std::optional<Instant> wake_at() const { return due_.earliest(); }
    // Those that are due and have not started.
    std::size_t count_due(Now now) const { return due_.count_due(now.instant) + starts_.waiting(); }
    const StartQueue& starts() const { return starts_; }

    // What the next due monitor needs: a check to run, or (maintenance, a push that did not come) a
    // beat that is decided already. None when nothing is due, or nothing that may start before a
    // check ends.
    struct Turn {
        std::optional<Beat> beat;
        std::shared_ptr<const Monitor> check;
        Ticket ticket = 0;
        Duration lateness{};
    };
    std::optional<Turn> take_due(Now now);

    // The beat of a check that ended; none when it is outdated.
    std::optional<Beat> finish(MonitorId id, Ticket ticket, const policy::CheckOutcome& outcome,
                               Now now);
    // The next check is due now, unless one is in flight. Failures: not_found, conflict (a push
    // monitor waits for its agent).
    Result<void> check_now(MonitorId id, Now now);
    // The beat of a push. Failure: not_found.
    Result<Beat> push(MonitorId id, const policy::CheckOutcome& outcome, Now now);

  private:
    struct Entry {
        std::shared_ptr<const Monitor> monitor;
        std::optional<BeatState> last;
        WallTime due{};
        Instant due_at{};  // the same, by the clock that never steps
        HostKey host = 0;
        HostKey placed_host = 0;    // under which the check in flight is counted
        Ticket in_flight = 0;       // 0: none
        WallTime started{};         // of the check in flight
        bool slow = false;          // its last check took long
        bool started_slow = false;  // as it was when the check in flight started
        bool has_place = false;     // the check in flight is counted in `starts_`
    };

    std::optional<Ticket> give_up(Entry& entry);
    std::optional<Turn> decided(Entry& entry, Now now);
    Turn start(Entry& entry, Now now);
    void free_place(Entry& entry);
    void schedule(Entry& entry, WallTime due, Now now);
    void schedule_next(Entry& entry, Millis overdue_spread, Now now);
    Beat record(Entry& entry, const policy::CheckOutcome& outcome, WallTime time, WallTime anchor);

    Spreads spreads_;
    std::unordered_map<MonitorId, Entry> entries_;
    std::unordered_set<MonitorId> in_maintenance_;
    DueIndex due_;
    StartQueue starts_;
    Ticket last_ticket_ = 0;
    std::int64_t nano_rate_ = 0;  // checks in 10^9 seconds: exact under adding and taking away
};

// Whether the settings are the same in everything that the engine and the checks look at.
bool same_settings(const Monitor& a, const Monitor& b);

// Valid UTF-8 of bounded length, which every database takes.
std::string bounded_text(std::string text);

}  // namespace higuma::engine
