#include "api/controller_api.hpp"

#include <boost/json/value.hpp>

#include "api/access.hpp"
#include "api/controller_json.hpp"
#include "api/json_input.hpp"
#include "api/live_page.hpp"
#include "cluster/async.hpp"
#include "store/cluster.hpp"
#include "store/nodes.hpp"

namespace higuma::api {

namespace {

using Context = std::shared_ptr<ControllerApiContext>;

// Answers that need the database are wanted quickly or not at all.
constexpr Millis kDatabaseWait{1'500};
constexpr Millis kCycleWait{20'000};
constexpr int kHistoryLength = 200;

enum class Access { open, read, act };

struct Row {
    Access access;
    std::vector<std::string> paths;  // the first is the main one
    Task<Response> (*answer)(Context, Request);
};

// A database that cannot be asked, or has too much to do, is one thing to the caller: try again
// later.
Failure away(const Failure& failure) {
    const bool temporary = failure.kind == ErrorKind::timeout ||
                           failure.kind == ErrorKind::overloaded ||
                           failure.kind == ErrorKind::denied;
    if (!temporary) return failure;
    return {ErrorKind::unavailable, "The database does not answer: " + failure.message, ""};
}

template <class T, class Job>
Task<Result<T>> ask_database(Context context, Request request, Job job) {
    const auto soon = Deadline::after(*context->clock, kDatabaseWait);
    const Deadline deadline{std::min(soon.at, request.deadline.at)};
    const auto executor = co_await boost::asio::this_coro::executor;
    auto answer = co_await cluster::within<T>(executor, context->clock, deadline,
                                              context->db.run(deadline, std::move(job)));
    if (!answer) co_return away(answer.error());
    co_return answer;
}

ViewTime view_time(const ControllerApiContext& context) {
    return {context.clock->wall_now(), context.clock->now()};
}

Task<Response> health(Context context, Request) {
    co_return Response::json(liveness_json(*context, context->clock->wall_now()));
}

Task<Response> page(Context, Request request) { co_return live_page_response(request); }

Task<Response> system_status(Context context, Request) {
    const auto view = context->controller.view();
    co_return Response::json(system_json(*context, view, view_time(*context)));
}

Task<Response> node_status(Context context, Request) {
    const auto view = context->controller.view();
    co_return Response::json(nodes_json(view, view_time(*context)));
}

Task<Response> health_status(Context context, Request) {
    co_return Response::json(health_status_json(*context, context->controller.view()));
}

Task<Response> setup_status(Context context, Request) {
    const auto view = context->controller.view();
    if (view.nodes.empty() && !view.database_reachable) {
        const Failure unknown{ErrorKind::unavailable,
                              "Not known yet, the database is away: " + view.database_error, ""};
        co_return failure_response(unknown);
    }
    co_return Response::json(setup_json(view));
}

Task<Response> available_nodes(Context context, Request) {
    co_return Response::json(available_json(context->controller.view()));
}

Task<Response> trigger_health_check(Context context, Request request) {
    const auto wait = Deadline::after(*context->clock, kCycleWait);
    const Deadline deadline{std::min(wait.at, request.deadline.at)};
    const auto result = co_await context->controller.trigger_health_check(deadline);
    if (!result) co_return failure_response(result.error());
    co_return Response::json(cycle_json(*result, context->clock->wall_now()));
}

struct StoredNodes {
    std::vector<Node> nodes;
    std::vector<store::NodeCapacity> counts;
};

Task<Response> stored_health(Context context, Request request) {
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

Task<Response> stored_capacity(Context context, Request request) {
    using Counts = std::vector<store::NodeCapacity>;
    const int limit = context->monitor_limit_per_node;
    auto job = [limit](store::Connection& db) { return store::capacities(db, limit); };
    const auto counts = co_await ask_database<Counts>(context, request, std::move(job));
    if (!counts) co_return failure_response(counts.error());
    co_return Response::json(stored_capacity_json(*counts, limit));
}

using Events = std::vector<store::ClusterEvent>;

Task<Response> health_check_status(Context context, Request request) {
    auto job = [](store::Connection& db) { return store::list_events(db, 0, kHistoryLength); };
    const auto events = co_await ask_database<Events>(context, request, std::move(job));
    if (!events) co_return failure_response(events.error());
    co_return Response::json(history_json(context->controller.view(), *events));
}

Task<Response> events(Context context, Request request) {
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

Task<Response> live(Context context, Request request) {
    const auto query = live_query_from(request.query);
    if (!query) co_return failure_response(query.error());
    const auto soon = Deadline::after(*context->clock, kDatabaseWait);
    const Deadline deadline{std::min(soon.at, request.deadline.at)};
    auto found = co_await context->live.snapshot(*query, deadline);
    if (!found) co_return failure_response(away(found.error()));
    co_return Response::json(std::move(*found));
}

const std::vector<Row>& table() {
    static const std::vector<Row> rows{
        {Access::open, {"/health", "/lb/ping"}, health},
        {Access::read, {"/", "/lb/"}, page},
        {Access::read, {"/lb/health"}, stored_health},
        {Access::read, {"/lb/capacity"}, stored_capacity},
        {Access::read, {"/api/system-status", "/lb/system-status"}, system_status},
        {Access::read, {"/api/node-status", "/lb/node-status"}, node_status},
        {Access::read,
         {"/api/health-check-status", "/lb/health-check-status"},
         health_check_status},
        {Access::read, {"/api/health-status", "/lb/health-status"}, health_status},
        {Access::act,
         {"/api/trigger-health-check", "/lb/trigger-health-check"},
         trigger_health_check},
        {Access::read, {"/lb/setup-status"}, setup_status},
        {Access::read, {"/lb/available-nodes"}, available_nodes},
        {Access::read, {"/lb/live"}, live},
        {Access::read, {"/lb/events"}, events},
    };
    return rows;
}

Task<Response> guarded(Context context, std::shared_ptr<const AccessRules> rules, const Row* row,
                       Request request) {
    Result<void> allowed;
    if (row->access == Access::read) allowed = rules->may_read(request);
    if (row->access == Access::act) allowed = rules->may_act(request);
    if (!allowed) {
        auto refusal = failure_response(allowed.error());
        // People in a browser can only answer a Basic challenge; programs send the token as they
        // like.
        for (auto& [name, value] : refusal.headers) {
            if (name == "WWW-Authenticate") value = "Basic realm=\"higuma\", charset=\"UTF-8\"";
        }
        co_return refusal;
    }
    auto answer = row->answer(std::move(context), std::move(request));
    co_return co_await std::move(answer);
}

}  // namespace

std::vector<Endpoint> controller_endpoints(std::shared_ptr<ControllerApiContext> context) {
    const auto rules =
        std::make_shared<const AccessRules>(context->admin_allow, context->admin_token);
    context->live.set_identity(context->self, context->version);
    std::vector<Endpoint> endpoints;
    for (const auto& row : table()) {
        const auto handler = [context, rules, which = &row](Request request) {
            return guarded(context, rules, which, std::move(request));
        };
        for (const auto& path : row.paths) {
            endpoints.push_back({"GET", path, handler});
            if (row.access == Access::act) endpoints.push_back({"POST", path, handler});
        }
    }
    return endpoints;
}

}  // namespace higuma::api
