// Reads: what memory and the database know. And one full cycle on demand.
#include <fmt/format.h>

#include <boost/json/value.hpp>

#include "api/controller_handlers.hpp"
#include "api/json_input.hpp"
#include "api/pages.hpp"
#include "store/cluster.hpp"
#include "store/nodes.hpp"

namespace higuma::api {

namespace {

constexpr Millis kCycleWait{20'000};
constexpr int kHistoryLength = 200;

struct StoredNodes {
    std::vector<Node> nodes;
    std::vector<store::NodeCapacity> counts;
};

using Events = std::vector<store::ClusterEvent>;

}  // namespace

Task<Response> get_liveness(ControllerContext context, Request) {
    co_return Response::json(liveness_json(*context, context->clock->wall_now()));
}

Task<Response> get_page(ControllerContext, Request request) {
    co_return live_page().response(request);
}

Task<Response> get_operator_page(ControllerContext, Request request) {
    co_return operator_page().response(request);
}

Task<Response> get_system_status(ControllerContext context, Request) {
    const auto view = context->controller.view();
    co_return Response::json(system_json(*context, view, view_time(*context)));
}

Task<Response> get_node_status(ControllerContext context, Request) {
    const auto view = context->controller.view();
    co_return Response::json(nodes_json(view, view_time(*context)));
}

Task<Response> get_health_status(ControllerContext context, Request) {
    co_return Response::json(health_status_json(*context, context->controller.view()));
}

Task<Response> get_setup_status(ControllerContext context, Request) {
    const auto view = context->controller.view();
    if (view.nodes.empty() && !view.database_reachable) {
        const Failure unknown{ErrorKind::unavailable,
                              "Not known yet, the database is away: " + view.database_error, ""};
        co_return failure_response(unknown);
    }
    co_return Response::json(setup_json(view));
}

Task<Response> get_available_nodes(ControllerContext context, Request) {
    co_return Response::json(available_json(context->controller.view()));
}

Task<Response> trigger_health_check(ControllerContext context, Request request, Note note) {
    const auto wait = Deadline::after(*context->clock, kCycleWait);
    const Deadline deadline{std::min(wait.at, request.deadline.at)};
    const auto result = co_await context->controller.trigger_health_check(deadline);
    if (!result) co_return failure_response(result.error());
    note->detail = fmt::format("{} nodes checked", result->nodes.size());
    co_return Response::json(cycle_json(*result, context->clock->wall_now()));
}

Task<Response> get_stored_health(ControllerContext context, Request request) {
    auto job = [limit =
                    context->monitor_limit_per_node](store::Connection& db) -> Result<StoredNodes> {
        auto nodes = store::list_nodes(db);
        if (!nodes) return nodes.error();
        auto counts = store::capacities(db, limit);
        if (!counts) return counts.error();
        return StoredNodes{std::move(*nodes), std::move(*counts)};
    };
    const auto stored = co_await ask_database<StoredNodes>(context, request, std::move(job));
    if (!stored) co_return failure_response(stored.error());
    co_return Response::json(
        stored_health_json(stored->nodes, stored->counts, context->clock->wall_now()));
}

Task<Response> get_stored_capacity(ControllerContext context, Request request) {
    using Counts = std::vector<store::NodeCapacity>;
    const int limit = context->monitor_limit_per_node;
    auto job = [limit](store::Connection& db) { return store::capacities(db, limit); };
    const auto counts = co_await ask_database<Counts>(context, request, std::move(job));
    if (!counts) co_return failure_response(counts.error());
    co_return Response::json(stored_capacity_json(*counts, limit));
}

Task<Response> get_health_check_status(ControllerContext context, Request request) {
    auto job = [](store::Connection& db) { return store::list_events(db, 0, kHistoryLength); };
    const auto events = co_await ask_database<Events>(context, request, std::move(job));
    if (!events) co_return failure_response(events.error());
    co_return Response::json(history_json(context->controller.view(), *events));
}

Task<Response> get_events(ControllerContext context, Request request) {
    const auto after = number_parameter(request, "after", 0, INT64_MAX, 0);
    if (!after) co_return failure_response(after.error());
    const auto limit = number_parameter(request, "limit", 1, kHistoryLength, 100);
    if (!limit) co_return failure_response(limit.error());
    auto job = [from = *after, most = static_cast<int>(*limit)](store::Connection& db) {
        return store::list_events(db, from, most);
    };
    const auto found = co_await ask_database<Events>(context, request, std::move(job));
    if (!found) co_return failure_response(found.error());
    co_return Response::json(events_json(*found));
}

Task<Response> get_live(ControllerContext context, Request request) {
    const auto query = live_query_from(request.query);
    if (!query) co_return failure_response(query.error());
    const auto soon = Deadline::after(*context->clock, kDatabaseWait);
    const Deadline deadline{std::min(soon.at, request.deadline.at)};
    auto found = co_await context->live.snapshot(*query, deadline);
    if (!found) co_return failure_response(away(found.error()));
    co_return Response::json(std::move(*found));
}

Task<Response> get_fault_detection(ControllerContext context, Request) {
    const auto view = context->controller.view();
    co_return Response::json(fault_detection_json(view, view_time(*context)));
}

}  // namespace higuma::api
