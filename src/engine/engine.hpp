// The check loop of a node: runs exactly the monitors it is given, turns outcomes into beats and
// hands them to the beat writer. Lives on the main loop; owns its timers, checks in flight and
// queues.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "checks/check.hpp"
#include "engine/start_queue.hpp"
#include "model/beat.hpp"
#include "model/monitor.hpp"
#include "store/database.hpp"

namespace higuma::engine {

struct EngineConfig {
    NodeId node;
    StartLimits limits;  // of checks under way
    std::size_t beat_queue_limit =
        200'000;                     // unwritten beats kept; the oldest unimportant one is dropped
    std::size_t batch_size = 1'000;  // beats written by one transaction at most
    // Beats gather so long before they are written: while few come, and while many do.
    Millis flush_interval{100}, longest_flush_interval{500};
    Millis first_spread{20'000};
    // Over which overdue monitors that are taken over start. Half a second leaves room in the
    // second that a take-over may cost for hearing of it and for beats that died unwritten with the
    // owner.
    Millis overdue_spread{500};
    std::string spool_path;  // where unwritten beats wait out a restart; empty: none
};

struct EngineStats {
    std::size_t monitors = 0, in_flight = 0, in_flight_limit = 0, due_waiting = 0;
    std::size_t slow_in_flight = 0, slow_limit = 0, host_limit = 0;
    std::size_t full_hosts = 0;  // that have all the checks under way that they may have
    std::size_t findings_waiting = 0;
    std::uint64_t findings_written = 0, findings_dropped = 0;
    std::size_t groups_waiting = 0;  // for the database to say what their children are
    std::size_t beats_queued = 0, beat_queue_limit = 0;
    std::uint64_t checks = 0, beats_stored = 0, beats_fenced = 0, beats_dropped = 0,
                  write_errors = 0;
    Millis worst_lateness{};       // of a check's start, in the last minute
    Millis p99_lateness{};         // the same, of all but one in a hundred
    double checks_per_second = 0;  // scheduled: the sum of 1/interval
    std::size_t unsupported = 0;   // monitors left alone: their type is not built yet
    std::uint64_t beats_spooled = 0, beats_replayed = 0, spool_refused = 0;
    std::uint64_t statements = 0, batches = 0;  // that wrote the beats stored
    std::uint64_t responses_dropped = 0;        // saved answers that the queue had no room for
    Millis flush_interval{};                    // as it is now
};

class Engine {
  public:
    Engine(EngineConfig config, boost::asio::any_io_executor executor,
           std::shared_ptr<const Clock> clock, checks::CheckContext context, store::Database& db);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    void set_incarnation(Incarnation incarnation);

    // Starts a monitor, or goes on with new settings or a new epoch; `last` is its last stored
    // beat. A check already in flight under an older epoch is dropped when it ends.
    void run(Monitor monitor, std::optional<BeatState> last);
    void stop(MonitorId id);
    bool runs(MonitorId id) const;
    std::vector<MonitorId> running() const;
    void set_maintenance(std::vector<MonitorId> under_maintenance);

    // A push: makes a beat at once. Failures: not_found (not run here).
    Result<void> push(MonitorId id, policy::CheckOutcome outcome);

    // The monitor's next check starts at once. Failures: not_found (not run here), conflict (push).
    Result<void> check_now(MonitorId id);

    // Called on the loop for each beat that was stored, and when beats were fenced off (reconcile
    // now) or the incarnation is stale (another process has our id: stop).
    std::function<void(const Beat&)> on_stored;
    std::function<void()> on_fenced;
    std::function<void()> on_superseded;

    EngineStats stats() const;

    // Stops starting checks, waits for those in flight, writes what is queued; by the deadline at
    // most.
    Task<> drain(Deadline deadline);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::engine
