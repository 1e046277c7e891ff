#include "engine/engine.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_map>
#include <unordered_set>

#include "engine/beat_writer.hpp"
#include "engine/findings_writer.hpp"
#include "engine/group_checks.hpp"
#include "engine/lateness.hpp"
#include "engine/roster.hpp"
#include "policy/schedule.hpp"
#include "store/groups.hpp"

namespace higuma::engine {
namespace asio = boost::asio;

namespace {

// Other work of the loop gets its turn after this many starts.
constexpr int kStartsPerTurn = 64;
// Of a drain's time: for checks in flight; the rest is for writing.
constexpr int kDrainShareOfChecks = 2;
constexpr std::size_t kTypesSaid = 100;

// The last unwritten beat of each monitor, from which its schedule goes on although the database
// does not know it yet.
using Unwritten = std::unordered_map<MonitorId, Beat>;

BeatState state_of(const Beat& beat) {
    return {beat.status, beat.retries, beat.down_count, beat.time, beat.scheduled_at};
}

}  // namespace

struct Engine::Impl : std::enable_shared_from_this<Engine::Impl> {
    Impl(EngineConfig c, asio::any_io_executor e, std::shared_ptr<const Clock> k,
         checks::CheckContext x, store::Database& d)
        : config(std::move(c)),
          executor(e),
          clock(std::move(k)),
          context(x),
          db(d),
          roster({config.first_spread, config.overdue_spread}, config.limits),
          timer(e),
          idle(e) {}

    void make_writer();
    void make_group_checks();
    void make_findings_writer();
    Task<Result<void>> write_findings(FindingsWriter::Batch batch, Deadline deadline);
    Task<Result<store::BeatWriteReport>> write(BeatWriter::Batch batch, Deadline deadline);
    Task<Result<std::vector<policy::GroupState>>> read_groups(GroupChecks::Groups ids,
                                                              Deadline deadline);
    std::optional<BeatState> last_of(const Monitor& monitor, std::optional<BeatState> stored) const;
    Now now() const { return {clock->now(), clock->wall_now()}; }
    bool is_built(const Monitor& monitor);
    void pump();
    void pump_soon();
    void arm();
    void start_check(const Roster::Turn& turn);
    Task<> check(std::shared_ptr<const Monitor> monitor, Ticket ticket);
    void ended(MonitorId id, Ticket ticket, const policy::CheckOutcome& outcome);
    void cancel(std::optional<Ticket> ticket);
    void cancel_all();
    Task<> drain(Deadline deadline);
    void close();

    EngineConfig config;
    asio::any_io_executor executor;
    std::shared_ptr<const Clock> clock;
    checks::CheckContext context;
    store::Database& db;
    Engine* owner = nullptr;  // for its hooks; none once it is gone
    Roster roster;
    std::shared_ptr<BeatWriter> writer;
    std::shared_ptr<GroupChecks> groups;
    std::shared_ptr<FindingsWriter> findings;
    Unwritten replayed;
    Incarnation incarnation;
    asio::steady_timer timer, idle;
    std::optional<Instant> armed_for;
    std::unordered_map<Ticket, std::shared_ptr<asio::cancellation_signal>> in_flight;
    bool draining = false, closed = false;
    bool more_posted = false;  // what is due goes on in the loop's next turn
    Lateness lateness;
    std::uint64_t checks = 0;
    std::unordered_set<MonitorId> unsupported;
    std::unordered_set<std::string> unsupported_types;  // told once each, up to a limit
};

void Engine::Impl::make_writer() {
    BeatWriterConfig writing;
    writing.queue_limit = config.beat_queue_limit;
    writing.batch_size = config.batch_size;
    writing.flush_interval = config.flush_interval;
    writing.longest_flush_interval = config.longest_flush_interval;
    writing.spool_path = config.spool_path;
    const auto weak = weak_from_this();
    // Calls the hook of the owner, if both are there.
    const auto call = [weak](auto hook, const auto&... arguments) {
        const auto self = weak.lock();
        if (self && self->owner && self->owner->*hook) (self->owner->*hook)(arguments...);
    };
    BeatWriter::Hooks hooks;
    hooks.on_stored = [call](const Beat& beat) { call(&Engine::on_stored, beat); };
    hooks.on_fenced = [call] { call(&Engine::on_fenced); };
    hooks.on_superseded = [call] { call(&Engine::on_superseded); };
    hooks.is_current = [weak](const Beat& beat) {
        const auto self = weak.lock();
        return self && self->roster.runs_under(beat.monitor, beat.epoch);
    };
    auto write_to_database = [this](BeatWriter::Batch batch, Deadline deadline) {
        return write(std::move(batch), deadline);
    };
    writer = std::make_shared<BeatWriter>(std::move(writing), executor, clock,
                                          std::move(write_to_database), std::move(hooks));
    for (Beat& beat : writer->replay()) {
        const MonitorId id = beat.monitor;
        replayed.insert_or_assign(id, std::move(beat));
    }
}

void Engine::Impl::make_group_checks() {
    auto read = [this](GroupChecks::Groups ids, Deadline deadline) {
        return read_groups(std::move(ids), deadline);
    };
    auto done = [weak = weak_from_this()](MonitorId id, Ticket ticket,
                                          const policy::CheckOutcome& outcome) {
        const auto self = weak.lock();
        if (!self || self->closed) return;
        if (auto beat = self->roster.finish(id, ticket, outcome, self->now())) {
            self->writer->add(std::move(*beat));
        }
        self->arm();
    };
    groups = std::make_shared<GroupChecks>(executor, clock, std::move(read), std::move(done));
}

void Engine::Impl::make_findings_writer() {
    auto write = [this](FindingsWriter::Batch batch, Deadline deadline) {
        return write_findings(std::move(batch), deadline);
    };
    findings = std::make_shared<FindingsWriter>(executor, clock, std::move(write));
}

Task<Result<void>> Engine::Impl::write_findings(FindingsWriter::Batch batch, Deadline deadline) {
    const auto self = shared_from_this();
    auto job = [batch, node = config.node, mine = incarnation](store::Connection& connection) {
        return store::write_findings(connection, node, mine, *batch);
    };
    co_return co_await db.run(deadline, std::move(job));
}

Task<Result<std::vector<policy::GroupState>>> Engine::Impl::read_groups(GroupChecks::Groups ids,
                                                                        Deadline deadline) {
    const auto self = shared_from_this();
    auto job = [ids](store::Connection& connection) {
        return store::group_states(connection, *ids);
    };
    co_return co_await db.run(deadline, std::move(job));
}

Task<Result<store::BeatWriteReport>> Engine::Impl::write(BeatWriter::Batch batch,
                                                         Deadline deadline) {
    const auto self = shared_from_this();
    auto job = [batch, node = config.node, mine = incarnation](store::Connection& connection) {
        return store::write_beats(connection, node, mine, *batch);
    };
    co_return co_await db.run(deadline, std::move(job));
}

std::optional<BeatState> Engine::Impl::last_of(const Monitor& monitor,
                                               std::optional<BeatState> stored) const {
    const auto found = replayed.find(monitor.id);
    if (found == replayed.end() || found->second.epoch != monitor.assignment.epoch) return stored;
    if (stored && stored->scheduled_at >= found->second.scheduled_at) return stored;
    return state_of(found->second);
}

void Engine::Impl::pump() {
    if (closed || draining) return;
    for (int started = 0; started < kStartsPerTurn; ++started) {
        const Now at = now();
        auto turn = roster.take_due(at);
        if (!turn) return arm();
        lateness.record(at.instant, turn->lateness);
        ++checks;
        if (turn->beat) {
            writer->add(std::move(*turn->beat));
        } else if (turn->check->type == "group") {
            groups->add(turn->check->id, turn->ticket);
        } else {
            start_check(*turn);
        }
    }
    pump_soon();
}

void Engine::Impl::pump_soon() {
    if (std::exchange(more_posted, true)) return;
    asio::post(executor, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->more_posted = false;
        self->pump();
    });
}

// One timer for the earliest. What is due and has no place goes on when a check ends.
void Engine::Impl::arm() {
    if (closed || draining) return;
    if (roster.starts().may_start()) pump_soon();  // a place came free
    const auto earliest = roster.wake_at();
    if (!earliest || armed_for == earliest) return;
    armed_for = earliest;
    timer.expires_after(std::max<Duration>(*earliest - clock->now(), Duration::zero()));
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        self->armed_for.reset();
        self->pump();
    });
}

void Engine::Impl::start_check(const Roster::Turn& turn) {
    const auto signal = std::make_shared<asio::cancellation_signal>();
    in_flight.emplace(turn.ticket, signal);
    const auto keep_signal = [signal](std::exception_ptr) {};
    asio::co_spawn(executor, check(turn.check, turn.ticket),
                   asio::bind_cancellation_slot(signal->slot(), keep_signal));
}

Task<> Engine::Impl::check(std::shared_ptr<const Monitor> monitor, Ticket ticket) {
    const auto self = shared_from_this();
    policy::CheckOutcome outcome;
    const auto function = checks::find_check(monitor->type);
    invariant(function != nullptr, "only types with a check are started");
    const auto deadline = Deadline::after(*clock, policy::check_timeout(*monitor));
    try {
        outcome = co_await function(context, *monitor, deadline);
    } catch (const std::exception& error) {
        outcome = policy::CheckOutcome::down(error.what());
    }
    ended(monitor->id, ticket, outcome);
}

void Engine::Impl::ended(MonitorId id, Ticket ticket, const policy::CheckOutcome& outcome) {
    const bool wanted = in_flight.erase(ticket) > 0;
    if (wanted && !closed) {
        if (auto beat = roster.finish(id, ticket, outcome, now())) {
            if (outcome.findings) findings->offer({id, beat->epoch, outcome.findings});
            writer->add(std::move(*beat));
        }
    }
    if (in_flight.empty()) idle.cancel();
    pump();
}

// The check's place is free at once; what it still answers is not looked at.
void Engine::Impl::cancel(std::optional<Ticket> ticket) {
    if (!ticket) return;
    const auto found = in_flight.find(*ticket);
    if (found == in_flight.end()) return;
    const auto signal = found->second;
    in_flight.erase(found);
    // Not from here: the caller may be the very coroutine that ends.
    asio::post(executor, [signal] { signal->emit(asio::cancellation_type::terminal); });
}

void Engine::Impl::cancel_all() {
    std::vector<Ticket> tickets;
    for (const auto& [ticket, signal] : in_flight) tickets.push_back(ticket);
    for (const Ticket ticket : tickets) cancel(ticket);
}

Task<> Engine::Impl::drain(Deadline deadline) {
    const auto self = shared_from_this();
    draining = true;
    timer.cancel();
    if (!in_flight.empty()) {
        idle.expires_after(deadline.remaining(clock->now()) / kDrainShareOfChecks);
        co_await idle.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    closed = true;
    groups->stop();
    findings->stop();
    cancel_all();
    co_await writer->drain(deadline);
}

void Engine::Impl::close() {
    closed = true;
    owner = nullptr;
    timer.cancel();
    idle.cancel();
    groups->stop();
    findings->stop();
    cancel_all();
    writer->stop();
}

Engine::Engine(EngineConfig config, asio::any_io_executor executor,
               std::shared_ptr<const Clock> clock, checks::CheckContext context,
               store::Database& db)
    : impl_(std::make_shared<Impl>(std::move(config), executor, std::move(clock), context, db)) {
    impl_->owner = this;
    impl_->make_writer();
    impl_->make_group_checks();
    impl_->make_findings_writer();
}

Engine::~Engine() { impl_->close(); }

void Engine::set_incarnation(Incarnation incarnation) {
    impl_->incarnation = incarnation;
    impl_->writer->start();
}

// An adopted database may hold monitors of types that are not built yet. A DOWN beat for what was
// never looked at would be a false alarm, so they are left alone.
bool Engine::Impl::is_built(const Monitor& monitor) {
    const auto types = checks::known_types();
    if (std::find(types.begin(), types.end(), monitor.type) != types.end()) {
        unsupported.erase(monitor.id);
        return true;
    }
    unsupported.insert(monitor.id);
    if (unsupported_types.size() < kTypesSaid && unsupported_types.insert(monitor.type).second) {
        spdlog::warn(
            "monitors of type \"{}\" are not checked: the type is not built yet (first: {})",
            monitor.type, monitor.id.value);
    }
    return false;
}

void Engine::run(Monitor monitor, std::optional<BeatState> last) {
    if (!impl_->is_built(monitor)) {
        impl_->cancel(impl_->roster.stop(monitor.id));
        impl_->arm();
        return;
    }
    last = impl_->last_of(monitor, std::move(last));
    impl_->cancel(impl_->roster.run(std::move(monitor), std::move(last), impl_->now()));
    impl_->arm();
}

void Engine::stop(MonitorId id) {
    impl_->findings->forget(id);
    impl_->unsupported.erase(id);
    impl_->cancel(impl_->roster.stop(id));
    impl_->arm();
}

bool Engine::runs(MonitorId id) const { return impl_->roster.runs(id); }
std::vector<MonitorId> Engine::running() const { return impl_->roster.ids(); }

void Engine::set_maintenance(std::vector<MonitorId> under_maintenance) {
    impl_->roster.set_maintenance(std::move(under_maintenance));
}

Result<void> Engine::push(MonitorId id, policy::CheckOutcome outcome) {
    if (impl_->draining || impl_->closed) {
        return Failure{ErrorKind::unavailable, "this node is stopping", ""};
    }
    auto beat = impl_->roster.push(id, outcome, impl_->now());
    if (!beat) return beat.error();
    impl_->writer->add(std::move(*beat));
    impl_->arm();
    return boost::system::in_place_value;
}

Result<void> Engine::check_now(MonitorId id) {
    if (impl_->draining || impl_->closed) {
        return Failure{ErrorKind::unavailable, "This node is stopping.", ""};
    }
    auto asked = impl_->roster.check_now(id, impl_->now());
    if (asked) impl_->arm();
    return asked;
}

EngineStats Engine::stats() const {
    const auto written = impl_->writer->stats();
    EngineStats stats;
    stats.monitors = impl_->roster.size();
    const StartQueue& starts = impl_->roster.starts();
    stats.in_flight = impl_->in_flight.size();
    stats.in_flight_limit = starts.limits().all;
    stats.slow_in_flight = starts.slow_under_way();
    stats.slow_limit = starts.limits().of_slow;
    stats.host_limit = starts.limits().of_host;
    stats.full_hosts = starts.full_hosts();
    stats.groups_waiting = impl_->groups->waiting();
    const auto found = impl_->findings->stats();
    stats.findings_waiting = found.waiting;
    stats.findings_written = found.written;
    stats.findings_dropped = found.dropped;
    stats.due_waiting = impl_->roster.count_due(impl_->now());
    stats.beats_queued = written.queued;
    stats.beat_queue_limit = impl_->config.beat_queue_limit;
    stats.checks = impl_->checks;
    stats.beats_stored = written.stored;
    stats.beats_fenced = written.fenced;
    stats.beats_dropped = written.dropped;
    stats.write_errors = written.write_errors;
    stats.beats_spooled = written.spooled;
    stats.beats_replayed = written.replayed;
    stats.spool_refused = written.spool_refused;
    stats.statements = written.statements;
    stats.batches = written.batches;
    stats.responses_dropped = written.responses_dropped;
    stats.flush_interval = written.flush_interval;
    stats.worst_lateness = impl_->lateness.worst(impl_->clock->now());
    stats.p99_lateness = impl_->lateness.percentile(impl_->clock->now(), 99);
    stats.unsupported = impl_->unsupported.size();
    stats.checks_per_second = impl_->roster.checks_per_second();
    return stats;
}

Task<> Engine::drain(Deadline deadline) { return impl_->drain(deadline); }

}  // namespace higuma::engine
