#include "cluster/operations.hpp"

#include <fmt/format.h>

#include "store/cluster_settings.hpp"
#include "store/nodes.hpp"

namespace higuma::cluster {

namespace {

constexpr Millis kDatabaseTime{3'000};
constexpr Millis kLook{250};  // how often a wait looks whether it is over

// The monitors that a drain moves, and those that stay on the node all the same.
struct Affected {
    std::vector<std::int64_t> ids;
    std::size_t pinned = 0;
};

Affected on_node(const policy::ClusterState& state, policy::NodeIndex node) {
    Affected out;
    for (const auto& monitor : state.monitors) {
        if (monitor.effective() != node) continue;
        if (monitor.pinned) {
            ++out.pinned;
        } else {
            out.ids.push_back(monitor.id);
        }
    }
    return out;
}

std::size_t count_to_move(const policy::ClusterState& state, policy::NodeIndex node) {
    const auto leaves = [node](const policy::PlacedMonitor& monitor) {
        return monitor.effective() == node && !monitor.pinned;
    };
    return static_cast<std::size_t>(
        std::count_if(state.monitors.begin(), state.monitors.end(), leaves));
}

// The monitors that go home when the node takes part again.
bool is_away(const policy::PlacedMonitor& monitor, policy::NodeIndex home) {
    return monitor.home == home && monitor.comes_home();
}

Shares where_now(const StateCache& cache, const std::vector<std::int64_t>& ids,
                 policy::NodeIndex except) {
    Shares shares;
    for (const auto id : ids) {
        const auto* monitor = cache.find(id);
        if (monitor && monitor->effective() != except) ++shares[cache.name(monitor->effective())];
    }
    return shares;
}

policy::PlacementPlan plan_for(policy::ClusterState state, const DrainOrder& order) {
    state.nodes[static_cast<std::size_t>(order.from)].status = NodeStatus::draining;
    return policy::plan_drain(state, order.from, order.strategy, order.target);
}

}  // namespace

Deadline Operations::database_deadline(Deadline deadline) const {
    return {std::min(deadline.at, services_.after(kDatabaseTime).at)};
}

Result<void> Operations::require_state() const {
    if (links_.cache.loaded()) return {};
    return Failure{ErrorKind::unavailable, "The assignments are not known yet.", ""};
}

Task<> Operations::wait_until_none(Remaining remaining, Deadline deadline) {
    boost::asio::steady_timer timer(services_.executor);
    while (!services_.stopping && remaining() > 0 && !deadline.passed(services_.clock->now())) {
        const auto left = deadline.remaining(services_.clock->now());
        timer.expires_after(std::min<Duration>(kLook, left));
        boost::system::error_code ignored;
        co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
}

Task<> Operations::refresh_and_hint(std::set<std::string> nodes) {
    const auto refreshed = co_await links_.loader.refresh(false);
    if (!refreshed) links_.poll_now();
    for (const auto& node : nodes) links_.hint(node);
}

Task<Result<DrainReport>> Operations::drain(DrainRequest request, Deadline deadline) {
    if (auto known = require_state(); !known) co_return known.error();
    DrainReport report;
    auto job = [request, limit = services_.config.monitor_limit_per_node](store::Connection& db) {
        const store::DrainWish wish{std::string(to_string(request.strategy)), request.target};
        return store::request_drain(db, request.node, wish, limit);
    };
    const auto from = links_.cache.index(request.node);
    const DrainOrder order{
        from, request.strategy,
        request.target ? std::optional(links_.cache.index(*request.target)) : std::nullopt};
    const auto before = on_node(links_.cache.state(), from);
    policy::PlacementPlan plan;
    if (!request.wait && from != policy::kNoNode && order.target != policy::kNoNode) {
        auto work = [state = links_.cache.state(), order] { return plan_for(state, order); };
        plan = co_await offload(links_.pool, std::move(work));
    }
    const auto changed = co_await services_.db.run(database_deadline(deadline), std::move(job));
    if (!changed) co_return changed.error();
    links_.poll_now();
    report.changed = *changed;
    report.monitors = before.ids.size();
    report.pinned = before.pinned;
    report.remaining = before.ids.size();
    for (const auto& move : plan.moves) ++report.nodes[links_.cache.name(move.to)];
    if (request.wait) {
        const auto& cache = links_.cache;
        const auto remaining = [&cache, from] { return count_to_move(cache.state(), from); };
        co_await wait_until_none(remaining, deadline);
        report.remaining = remaining();
        report.nodes = where_now(cache, before.ids, from);
    }
    report.completed = report.remaining == 0;
    co_return report;
}

Task<Result<DrainReport>> Operations::undrain(NodeId node, bool wait, Deadline deadline) {
    if (auto known = require_state(); !known) co_return known.error();
    auto job = [node](store::Connection& db) { return store::cancel_drain(db, node); };
    const auto home = links_.cache.index(node);
    const auto& cache = links_.cache;
    DrainReport report;
    for (const auto& monitor : cache.state().monitors) {
        if (!is_away(monitor, home)) continue;
        ++report.monitors;
        ++report.nodes[cache.name(monitor.assigned)];
    }
    const auto changed = co_await services_.db.run(database_deadline(deadline), std::move(job));
    if (!changed) co_return changed.error();
    links_.poll_now();
    report.changed = *changed;
    const auto remaining = [&cache, home] {
        const auto& all = cache.state().monitors;
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [home](const auto& one) { return is_away(one, home); }));
    };
    if (wait) co_await wait_until_none(remaining, deadline);
    report.remaining = remaining();
    report.completed = report.remaining == 0;
    co_return report;
}

Task<Result<store::Placed>> Operations::place(store::PlaceOrder order, Deadline deadline) {
    std::set<std::string> told{order.target.value};
    auto job = [order = std::move(order)](store::Connection& db) {
        return store::place_monitors(db, order);
    };
    auto placed = co_await services_.db.run(database_deadline(deadline), std::move(job));
    if (!placed) co_return placed.error();
    for (const auto& one : placed->monitors) {
        if (one.result == store::PlaceResult::moved && one.from) told.insert(one.from->value);
    }
    co_await refresh_and_hint(std::move(told));
    co_return std::move(*placed);
}

Task<Result<NodeId>> Operations::pin_in_place(MonitorId id, Deadline deadline) {
    auto job = [id](store::Connection& db) { return store::pin_in_place(db, id); };
    auto pinned = co_await services_.db.run(database_deadline(deadline), std::move(job));
    if (!pinned) co_return pinned.error();
    co_await refresh_and_hint({});
    co_return std::move(*pinned);
}

Task<Result<bool>> Operations::unpin(MonitorId id, Deadline deadline) {
    auto job = [id](store::Connection& db) { return store::unpin(db, id); };
    const auto freed = co_await services_.db.run(database_deadline(deadline), std::move(job));
    if (!freed) co_return freed.error();
    co_await refresh_and_hint({});
    co_return *freed;
}

Task<Result<std::string>> Operations::force_route(std::optional<NodeId> node, Deadline deadline) {
    auto job = [node](store::Connection& db) -> Result<std::string> {
        if (node) {
            auto row = store::get_node(db, *node);
            if (!row) return row.error();
            if (!store::can_take_monitors(*row)) {
                const auto state = row->draining ? NodeStatus::draining : row->status;
                return Failure{ErrorKind::conflict,
                               fmt::format("{} is {}: requests cannot be sent there.", node->value,
                                           to_string(state)),
                               "node"};
            }
        }
        std::string before;
        const auto note = [&before](const std::optional<std::string>& present) -> Result<void> {
            before = present.value_or("");
            return {};
        };
        const auto value = node ? std::optional(node->value) : std::nullopt;
        auto done = store::replace_cluster_setting(db, store::kForcedNodeSetting, value, note);
        if (!done) return done.error();
        return before;
    };
    auto before = co_await services_.db.run(database_deadline(deadline), std::move(job));
    if (!before) co_return before.error();
    links_.poll_now();
    co_return std::move(*before);
}

Task<Result<RebalanceAnswer>> Operations::rebalance(RebalanceKind kind, std::string actor,
                                                    Deadline deadline) {
    if (auto known = require_state(); !known) co_return known.error();
    const auto draft = co_await links_.rebalancer.draft(kind);
    RebalanceAnswer answer{false, draft.plan.moves.size(), draft.plan.figures, 0};
    RebalanceRecord record;
    record.kind = kind;
    record.state = RebalanceState::requested;
    record.actor = std::move(actor);
    record.planned = answer.planned;
    record.requested = services_.clock->wall_now();
    record.id = record.requested->time_since_epoch().count();
    record.figures = answer.figures;
    answer.id = record.id;
    auto job = [record, empty = answer.planned == 0](store::Connection& db) -> Result<void> {
        const auto idle = [](const std::optional<std::string>& present) -> Result<void> {
            const auto running = rebalance_record_from(present.value_or(""));
            if (!running.active()) return {};
            return Failure{ErrorKind::conflict,
                           fmt::format("A rebalancing runs already: {} of {} monitors have moved.",
                                       running.done, running.planned),
                           ""};
        };
        auto finished = record;
        if (empty) {
            finished.state = RebalanceState::done;
            finished.started = finished.finished = finished.requested;
        }
        return store::replace_cluster_setting(db, store::kRebalancingSetting, to_text(finished),
                                              idle);
    };
    const auto asked = co_await services_.db.run(database_deadline(deadline), std::move(job));
    if (!asked) co_return asked.error();
    links_.poll_now();
    answer.started = answer.planned > 0;
    co_return answer;
}

Task<Result<void>> Operations::read_loads(Deadline deadline) {
    auto work = links_.loader.refresh(false);
    co_return co_await within<void>(services_.executor, services_.clock,
                                    database_deadline(deadline), std::move(work));
}

}  // namespace higuma::cluster
