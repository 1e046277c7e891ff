#include "cluster/mover.hpp"

#include <spdlog/spdlog.h>

namespace higuma::cluster {

namespace {

constexpr Millis kRetry{1'000};
constexpr Millis kApplyTimeout{10'000};
constexpr std::size_t kChunk = 2'000;  // one transaction; nodes write between two of them
constexpr std::size_t kPlanInline =
    20'000;                      // more monitors than this are planned off the main loop
constexpr int kMostRounds = 20;  // plans in one run; the next tick goes on

bool is_draining(const policy::ClusterState& state, const DrainOrder& drain) {
    return state.nodes[static_cast<std::size_t>(drain.from)].status == NodeStatus::draining;
}

}  // namespace

PlannedMoves plan_next(const policy::ClusterState& state, const std::vector<DrainOrder>& drains) {
    auto plan = policy::plan_failover(state);
    if (!plan.moves.empty() || plan.without_target > 0) return {std::move(plan)};
    std::size_t stuck = 0;
    for (const auto& drain : drains) {
        if (!is_draining(state, drain)) continue;
        plan = policy::plan_drain(state, drain.from, drain.strategy, drain.target);
        if (!plan.moves.empty()) return {std::move(plan), AssignReason::drain};
        stuck += plan.without_target;
    }
    plan = policy::plan_recovery(state);
    if (plan.moves.empty()) plan = policy::plan_adoption(state);
    PlannedMoves out{std::move(plan)};
    if (out.plan.moves.empty() && stuck > 0) {
        out.reason = AssignReason::drain;
        out.plan.without_target = stuck;
    }
    return out;
}

store::AssignmentChange change_of(policy::MoveKind kind) {
    switch (kind) {
        case policy::MoveKind::assign:
            return store::AssignmentChange::assign;
        case policy::MoveKind::home:
            return store::AssignmentChange::home;
        case policy::MoveKind::adopt:
            return store::AssignmentChange::adopt;
        case policy::MoveKind::rehome:
            return store::AssignmentChange::rehome;
    }
    return store::AssignmentChange::assign;
}

void MoveTally::add(policy::MoveKind kind, AssignReason reason, bool from_offline,
                    const std::string& from, const std::string& to) {
    if (kind == policy::MoveKind::adopt) {
        ++adoption[to];
    } else if (reason == AssignReason::drain) {
        ++drain[from][to];
    } else if (kind == policy::MoveKind::home && !from_offline) {
        ++recovery[to][from];
    } else {
        ++failover[from][to];
    }
}

Mover::Mover(Services& services, Links links)
    : services_(services), links_(std::move(links)), wake_(services.executor, services.clock) {}

void Mover::request() {
    if (!requested_at_) requested_at_ = services_.clock->now();
    wake_.notify();
}

void Mover::restart() {
    requested_at_ = services_.clock->now();
    wake_.notify();
}

Task<> Mover::run() {
    while (!services_.stopping) {
        const auto retry = services_.clock->now() + kRetry;
        co_await wake_.wait_until(requested_at_ ? retry : Instant::max());
        if (services_.stopping || !requested_at_ || !links_.may_move()) continue;
        const bool settled = co_await settle();
        if (!settled) co_await wake_.wait_for(kRetry);
    }
}

Task<bool> Mover::settle() {
    const auto asked = *requested_at_;
    requested_at_.reset();
    MoveTally tally;
    bool settled = false, failed = false;
    for (int round = 0; round < kMostRounds && !settled && !failed; ++round) {
        auto next = co_await plan();
        say_stranded(next);
        settled = next.plan.moves.empty();
        if (settled || !links_.may_move()) break;
        moving_ = true;
        const bool applied = co_await apply(std::move(next), tally);
        failed = !applied;
    }
    moving_ = false;
    report(tally, std::chrono::round<Millis>(services_.clock->now() - asked));
    if (!settled && !requested_at_) requested_at_ = asked;
    co_return settled;
}

Task<PlannedMoves> Mover::plan() {
    const auto& state = links_.cache.state();
    const auto& drains = links_.cache.drains();
    if (state.monitors.size() <= kPlanInline) co_return plan_next(state, drains);
    auto work = [copy = state, orders = drains] { return plan_next(copy, orders); };
    co_return co_await offload(links_.pool, std::move(work));
}

void Mover::say_stranded(const PlannedMoves& planned) {
    const auto count = planned.plan.without_target;
    if (count == 0) {
        said_stranded_ = false;
        return;
    }
    if (said_stranded_) return;
    said_stranded_ = true;
    if (planned.reason == AssignReason::drain) {
        spdlog::warn("{} monitors stay on nodes to be drained: no other node may take them", count);
    } else {
        spdlog::error("no node is online: {} monitors stay where they are and are not watched",
                      count);
    }
}

// One target after the other, so that each node can start its new monitors while the next is
// written.
Task<bool> Mover::apply(PlannedMoves planned, MoveTally& tally) {
    const auto& moves = planned.plan.moves;
    const auto reason = planned.reason;
    std::size_t begin = 0;
    bool progress = false;
    while (begin < moves.size()) {
        std::size_t end = begin;
        while (end < moves.size() && moves[end].to == moves[begin].to) ++end;
        std::vector<policy::Move> done;
        std::uint64_t moved = 0;
        std::set<std::string> told{links_.cache.name(moves[begin].to)};
        for (std::size_t at = begin; at < end; at += kChunk) {
            const auto first = moves.begin() + static_cast<std::ptrdiff_t>(at);
            const auto count = static_cast<std::ptrdiff_t>(std::min(kChunk, end - at));
            std::vector<policy::Move> chunk(first, first + count);
            const bool applied = co_await apply_chunk(chunk, reason, moved);
            if (!applied) {
                tally_moves(done, reason, false, tally);
                co_return false;
            }
            for (const auto& move : chunk) told.insert(links_.cache.name(move.from));
            done.insert(done.end(), chunk.begin(), chunk.end());
        }
        for (const auto& node : told) links_.hint(node);
        const auto refreshed = co_await links_.loader.refresh(false);
        tally_moves(done, reason, moved < done.size() && refreshed.has_value(), tally);
        progress = progress || moved > 0;
        if (!refreshed) co_return false;
        begin = end;
    }
    tally.over_limit += planned.plan.over_limit;
    co_return progress;
}

Task<bool> Mover::apply_chunk(const std::vector<policy::Move>& moves, AssignReason reason,
                              std::uint64_t& moved) {
    if (!links_.may_move()) co_return false;
    std::vector<store::AssignmentMove> rows;
    rows.reserve(moves.size());
    for (const auto& move : moves) {
        rows.push_back({MonitorId{move.monitor}, Epoch{move.expected_epoch},
                        NodeId{links_.cache.name(move.to)}, change_of(move.kind), reason});
    }
    auto job = [rows = std::move(rows), term = links_.lease.term()](store::Connection& db) {
        return store::apply_moves(db, term, rows, kChunk);
    };
    const auto applied = co_await services_.db.run(services_.after(kApplyTimeout), std::move(job));
    if (!applied) {
        spdlog::warn("{} moves not applied, they are tried again: {}", moves.size(),
                     applied.error().message);
        if (applied.error().kind == ErrorKind::stale) links_.lease.refused();
        co_return false;
    }
    moved += applied->moved;
    figures_.moved += applied->moved;
    figures_.refused += applied->refused;
    co_return true;
}

void Mover::tally_moves(const std::vector<policy::Move>& moves, AssignReason reason, bool check,
                        MoveTally& tally) {
    const auto& nodes = links_.cache.state().nodes;
    for (const auto& move : moves) {
        if (check) {  // some were refused: the fresh cache tells which ones
            const auto* monitor = links_.cache.find(move.monitor);
            if (!monitor || monitor->effective() != move.to) continue;
        }
        const bool from_offline =
            move.from != policy::kNoNode &&
            nodes[static_cast<std::size_t>(move.from)].status == NodeStatus::offline;
        tally.add(move.kind, reason, from_offline, links_.cache.name(move.from),
                  links_.cache.name(move.to));
    }
}

void Mover::report(const MoveTally& tally, Millis took) {
    for (const auto& [node, shares] : tally.failover) {
        ++figures_.failovers;
        figures_.last_failover_took = took;
        figures_.failovers_took_sum += took;
        links_.recorder.event("failover", NodeId{node}, sum(shares), took.count(),
                              failover_text(node, shares, tally.over_limit));
    }
    for (const auto& [node, shares] : tally.drain) {
        links_.recorder.event("drain", NodeId{node}, sum(shares), took.count(),
                              drain_text(node, shares));
    }
    for (const auto& [node, shares] : tally.recovery) {
        ++figures_.recoveries;
        links_.recorder.event("recovery", NodeId{node}, sum(shares), took.count(),
                              recovery_text(node, shares));
    }
    if (!tally.adoption.empty()) {
        links_.recorder.event("adoption", std::nullopt, sum(tally.adoption), took.count(),
                              adoption_text(tally.adoption));
    }
}

}  // namespace higuma::cluster
