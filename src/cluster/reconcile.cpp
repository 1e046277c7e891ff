// Reconciling: the engine comes to run exactly the monitors whose effective node this is.
#include <spdlog/spdlog.h>

#include <unordered_map>

#include "cluster/node_agent_impl.hpp"
#include "store/monitors.hpp"

namespace higuma::cluster {

namespace {
constexpr std::size_t kStartChunk = 500;  // monitors whose last beats are read by one query
}

Task<Result<ReconcileReport>> NodeAgent::Impl::reconcile(Deadline deadline) {
    const auto self = shared_from_this();
    const auto needed = runs_begun + 1;  // the run under way may have read too early for this call
    while (runs_ended < needed) {
        if (stopping) co_return Failure{ErrorKind::unavailable, "this node is stopping", ""};
        if (!stats.registered) {
            co_return Failure{ErrorKind::unavailable, "this node is not registered yet", ""};
        }
        if (deadline.passed(clock->now())) {
            co_return Failure{ErrorKind::timeout, "not reconciled in time", ""};
        }
        if (runs_begun > runs_ended) {
            co_await reconciled.wait(deadline);
            continue;
        }
        ++runs_begun;
        auto report = co_await reconcile_once(deadline);
        last_report = std::move(report);
        runs_ended = runs_begun;
        reconciled.open();
    }
    co_return last_report;
}

Task<Result<ReconcileReport>> NodeAgent::Impl::reconcile_once(Deadline deadline) {
    const bool all = full_due();
    auto job = [id = config.self.id, since = all ? ChangeSeq{0} : position](store::Connection& c) {
        return store::monitors_changed_since(c, id, since);
    };
    auto delta = co_await db.run(deadline, std::move(job));
    if (stopping) co_return Failure{ErrorKind::unavailable, "this node is stopping", ""};
    if (!delta) {
        ++stats.failures;
        stats.last_error = delta.error().message;
        co_return delta.error();
    }
    const auto upto = delta->upto;
    const bool full = delta->full;
    auto plan = set.plan(std::move(*delta));
    ReconcileReport report;
    report.full = full;
    report.change_seq = upto.value;
    report.restarted = plan.restarts.size() + plan.change.size();
    report.started = plan.start.size() - plan.restarts.size();
    report.stopped = plan.stop.size();
    for (const auto& id : plan.stop) {
        engine.stop(id);
        set.stopped(id);
    }
    for (auto& monitor : plan.change) {
        set.started(monitor);
        engine.run(std::move(monitor), std::nullopt);
    }
    const auto started = co_await start_all(std::move(plan.start), deadline);
    if (!started) {  // the position stays: the rest is started by the next run
        ++stats.failures;
        stats.last_error = started.error().message;
        co_return started.error();
    }
    position = upto;
    if (full) last_full = clock->now();
    ++stats.reconciles;
    stats.change_seq = upto.value;
    stats.last_reconcile = clock->wall_now();
    if (report.started + report.stopped + report.restarted > 0) {
        spdlog::info("reconciled: {} started, {} changed, {} stopped; runs {}", report.started,
                     report.restarted, report.stopped, set.size());
    }
    co_return report;
}

Task<Result<void>> NodeAgent::Impl::start_all(std::vector<Monitor> monitors, Deadline deadline) {
    for (std::size_t begin = 0; begin < monitors.size(); begin += kStartChunk) {
        const auto end = std::min(begin + kStartChunk, monitors.size());
        std::vector<MonitorId> ids;
        for (auto i = begin; i < end; ++i) ids.push_back(monitors[i].id);
        auto job = [ids = std::move(ids)](store::Connection& c) {
            return store::last_beats(c, ids);
        };
        auto beats = co_await db.run(deadline, std::move(job));
        if (!beats) co_return beats.error();
        if (stopping) co_return Failure{ErrorKind::unavailable, "this node is stopping", ""};
        std::unordered_map<MonitorId, BeatState> last(beats->begin(), beats->end());
        for (auto i = begin; i < end; ++i) {
            const auto found = last.find(monitors[i].id);
            std::optional<BeatState> state;
            if (found != last.end()) state = found->second;
            set.started(monitors[i]);
            engine.run(std::move(monitors[i]), state);
        }
    }
    const Result<void> done;
    co_return done;
}

}  // namespace higuma::cluster
