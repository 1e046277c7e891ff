#include "cluster/rebalancer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <set>

#include "cluster/mover.hpp"
#include "store/cluster_settings.hpp"

namespace higuma::cluster {

namespace {
constexpr Millis kStep{500};
constexpr Millis kWriteTimeout{10'000};
constexpr std::size_t kBatch = 2'000;  // one transaction; nodes write between two of them
constexpr int kMostPasses = 3;         // plans anew what was refused, because it changed meanwhile
constexpr double kPercent = 100;

const policy::PlacedMonitor* find(const policy::ClusterState& state, std::int64_t id) {
    const auto at = std::lower_bound(
        state.monitors.begin(), state.monitors.end(), id,
        [](const policy::PlacedMonitor& monitor, std::int64_t key) { return monitor.id < key; });
    return at != state.monitors.end() && at->id == id ? &*at : nullptr;
}

std::string done_text(const RebalanceRecord& record) {
    auto text = fmt::format("rebalancing moved {} of {} monitors, busiest node {:.2f} of the mean",
                            record.done, record.planned, record.figures.max_over_mean_after);
    if (record.failed > 0) text += fmt::format("; {} stayed", record.failed);
    return text;
}
}  // namespace

RebalanceDraft draft_rebalancing(const policy::ClusterState& state, RebalanceKind kind) {
    RebalanceDraft draft;
    draft.plan = kind == RebalanceKind::all ? policy::plan_redistribution(state)
                                            : policy::plan_rebalance(state, {});
    draft.loads.reserve(draft.plan.moves.size());
    for (const auto& move : draft.plan.moves) {
        const auto* monitor = find(state, move.monitor);
        draft.loads.push_back(monitor && monitor->active ? monitor->load : 0);
    }
    for (const auto& monitor : state.monitors) {
        if (monitor.active) draft.total_load += static_cast<double>(monitor.load);
    }
    return draft;
}

Rebalancer::Rebalancer(Services& services, Links links)
    : services_(services), links_(std::move(links)), wake_(services.executor, services.clock) {}

Task<RebalanceDraft> Rebalancer::draft(RebalanceKind kind) {
    auto work = [copy = links_.cache.state(), kind] { return draft_rebalancing(copy, kind); };
    co_return co_await offload(links_.pool, std::move(work));
}

void Rebalancer::took(const std::string& stored) {
    auto record = stored.empty() ? RebalanceRecord{} : rebalance_record_from(stored);
    // Of the one that this controller carries out it knows more than the poll.
    if (record.id == planned_for_ && planned_for_ != 0) return;
    const bool news = record.active() && !record_.active();
    record_ = std::move(record);
    if (news) wake_.notify();
}

void Rebalancer::forget() {
    planned_for_ = 0;
    unsaved_ = false;
    draft_ = {};
}

Task<> Rebalancer::run() {
    while (!services_.stopping) {
        const bool busy = record_.active() || unsaved_;
        co_await wake_.wait_until(busy ? services_.clock->now() + kStep : Instant::max());
        if (services_.stopping || !links_.may_move()) continue;
        if (record_.active()) co_await step();
        if (unsaved_) co_await save();
    }
}

Task<> Rebalancer::step() {
    if (planned_for_ != record_.id || plan_anew_) co_await begin();
    if (!record_.active()) co_return;
    const auto& config = services_.config;
    const double factor = record_.kind == RebalanceKind::all ? kChurnFactorOfAll : 1;
    const policy::ChurnBudget budget{config.churn_percent_per_minute * factor / kPercent};
    // Not `all` at once: the next leader must find most of it done.
    const auto rest = std::span(draft_.loads).subspan(next_);
    const auto loads = rest.first(std::min(rest.size(), kBatch));
    const auto count =
        policy::next_batch(budget, churn_, draft_.total_load, loads, services_.clock->now());
    if (count > 0) {
        const bool applied = co_await apply(count);
        if (!applied) co_return;
        wake_.notify();
    }
    if (next_ == draft_.loads.size()) end_pass();
}

Task<> Rebalancer::begin() {
    const auto id = record_.id;
    auto fresh = co_await draft(record_.kind);
    if (!links_.may_move() || record_.id != id || !record_.active()) co_return;
    const bool resumed = record_.started.has_value();
    const auto before = record_.figures.max_over_mean_before;
    draft_ = std::move(fresh);
    if (planned_for_ != id) passes_ = 0;
    planned_for_ = id;
    plan_anew_ = false;
    next_ = 0;
    moved_in_pass_ = 0;
    churn_ = {};
    churn_.last = services_.clock->now();
    record_.state = RebalanceState::running;
    record_.error.clear();
    record_.figures = draft_.plan.figures;
    if (resumed) record_.figures.max_over_mean_before = before;
    if (!resumed) record_.started = services_.clock->wall_now();
    record_.failed = 0;
    record_.planned = record_.done + draft_.plan.moves.size();
    unsaved_ = true;
    spdlog::info("rebalancing: {} monitors to move", draft_.plan.moves.size());
}

bool Rebalancer::is_ready(policy::NodeIndex node) const {
    return links_.cache.state().nodes[static_cast<std::size_t>(node)].status == NodeStatus::online;
}

Task<bool> Rebalancer::apply(std::size_t count) {
    std::vector<store::AssignmentMove> rows;
    std::set<std::string> told;
    for (std::size_t i = next_; i < next_ + count; ++i) {
        const auto& move = draft_.plan.moves[i];
        if (!is_ready(move.to)) continue;
        rows.push_back({MonitorId{move.monitor}, Epoch{move.expected_epoch},
                        NodeId{links_.cache.name(move.to)}, change_of(move.kind)});
        told.insert(links_.cache.name(move.from));
        told.insert(links_.cache.name(move.to));
    }
    const auto skipped = count - rows.size();
    auto job = [rows = std::move(rows), term = links_.lease.term(), record = record_,
                skipped](store::Connection& db) {
        // Counted where it is done: the next leader goes on with what is true.
        const auto count_it = [&](store::Connection& c, const store::MovesApplied& applied) {
            auto next = record;
            next.done += applied.moved;
            next.failed += skipped + applied.refused;
            return store::put_cluster_setting(c, store::kRebalancingSetting, to_text(next));
        };
        return store::apply_moves(db, term, rows, kBatch, count_it);
    };
    const auto applied = co_await services_.db.run(services_.after(kWriteTimeout), std::move(job));
    if (!applied) {
        note_unable(applied.error());
        co_return false;
    }
    if (planned_for_ != record_.id) co_return false;  // no longer leads
    next_ += count;
    moved_in_pass_ += applied->moved;
    record_.done += applied->moved;
    record_.failed += skipped + applied->refused;
    record_.error.clear();
    unsaved_ = skipped == count;  // otherwise it was stored with the moves
    for (const auto& node : told) links_.hint(node);
    const auto refreshed = co_await links_.loader.refresh(false);
    if (!refreshed) note_unable(refreshed.error());
    co_return true;
}

void Rebalancer::note_unable(const Failure& failure) {
    if (failure.kind == ErrorKind::stale) links_.lease.refused();
    record_.error = "waits: " + failure.message;
    unsaved_ = true;
}

void Rebalancer::end_pass() {
    const bool again = record_.failed > 0 && moved_in_pass_ > 0 && ++passes_ < kMostPasses;
    if (!again) {
        finish();
        return;
    }
    plan_anew_ = true;
}

void Rebalancer::finish() {
    record_.state = RebalanceState::done;
    record_.finished = services_.clock->wall_now();
    unsaved_ = true;
    const auto took = std::chrono::round<Millis>(*record_.finished - *record_.started);
    links_.recorder.event("rebalancing", std::nullopt, static_cast<std::int64_t>(record_.done),
                          took.count(), done_text(record_));
}

Task<> Rebalancer::save() {
    unsaved_ = false;
    auto job = [text = to_text(record_), term = links_.lease.term()](store::Connection& db) {
        return store::write_cluster_setting(db, term, store::kRebalancingSetting, text);
    };
    const auto saved = co_await services_.db.run(services_.after(kWriteTimeout), std::move(job));
    if (saved || planned_for_ != record_.id) co_return;
    unsaved_ = true;
    if (saved.error().kind == ErrorKind::stale) links_.lease.refused();
}

}  // namespace higuma::cluster
