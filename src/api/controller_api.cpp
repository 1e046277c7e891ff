#include "api/controller_api.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "api/access.hpp"
#include "api/controller_handlers.hpp"
#include "policy/rate_limit.hpp"
#include "store/operations.hpp"

namespace higuma::api {

namespace {

constexpr Millis kRateWindow{900'000};
constexpr int kReadsPerAction = 100;
constexpr int kTurnedAwayKept = 100;

enum class Access {
    open,    // everybody
    read,    // allowed addresses
    visit,   // the same, but no page of another site: changes the asking browser's own cookie
    act,     // allowed addresses with the token, no page of another site; in the audit log
    secret,  // never without the token
};

struct Row {
    Access access;
    std::vector<std::string> methods;
    std::vector<std::string> paths;  // the first is the main one
    ReadHandler read = nullptr;
    ActHandler act = nullptr;  // of Access::act
    std::string action = {};   // its name in the audit log
};

const std::vector<std::string> kGet{"GET"}, kPost{"POST"}, kBoth{"GET", "POST"};

std::vector<std::string> everywhere(const std::string& name) {
    return {"/api/" + name, "/lb/" + name};
}

Row read(std::vector<std::string> paths, ReadHandler handler) {
    return {Access::read, kGet, std::move(paths), handler};
}

Row act(const std::vector<std::string>& methods, std::vector<std::string> paths, ActHandler handler,
        std::string action) {
    return {Access::act, methods, std::move(paths), nullptr, handler, std::move(action)};
}

std::vector<Row> read_rows() {
    return {
        {Access::open, kGet, {"/health", "/lb/ping"}, get_liveness},
        read({"/"}, get_page),
        read({"/lb/"}, get_operator_page),
        read({"/lb/metrics"}, get_metrics),
        read({"/lb/health"}, get_stored_health),
        read({"/lb/capacity"}, get_stored_capacity),
        read(everywhere("system-status"), get_system_status),
        read(everywhere("node-status"), get_node_status),
        read(everywhere("health-check-status"), get_health_check_status),
        read(everywhere("health-status"), get_health_status),
        read(everywhere("fault-detection-status"), get_fault_detection),
        read(everywhere("load-balancer-status"), get_load_balancer_status),
        read(everywhere("rebalancing-status"), get_rebalancing_status),
        read({"/lb/setup-status"}, get_setup_status),
        read({"/lb/available-nodes"}, get_available_nodes),
        read({"/lb/live"}, get_live),
        read({"/lb/events"}, get_events),
        read({"/lb/operations"}, get_operations),
        read({"/api/lb/routing-mode"}, get_routing_mode),
        read({"/lb/fixed-node-status"}, get_fixed_node_status),
        read(everywhere("debug-config"), get_debug_config),
        {Access::secret, kGet, everywhere("debug-logs"), get_debug_logs},
        {Access::visit, kGet, {"/lb/fixed-node/{node}"}, set_fixed_node_page},
        {Access::visit, kGet, {"/lb/clear-fixed-node"}, clear_fixed_node_page},
        {Access::visit, kPost, {"/lb/clear-fixed-node"}, clear_fixed_node},
        {Access::visit, kPost, {"/lb/set-fixed-node"}, set_fixed_node},
    };
}

std::vector<Row> action_rows() {
    const auto once = [](const std::string& name, ActHandler handler) {
        return act(kBoth, everywhere(name), handler, name);
    };
    const auto at = [](const std::string& path, ActHandler handler) {
        return act(kPost, {path}, handler, path.substr(path.rfind('/') + 1));
    };
    return {
        once("trigger-health-check", trigger_health_check),
        once("update-loads", update_loads),
        once("trigger-rebalancing", trigger_rebalancing),
        once("force-rebalance-all", force_rebalance_all),
        at("/api/nodes/{id}/drain", drain_node),
        at("/api/nodes/{id}/undrain", undrain_node),
        at("/api/monitors/{id}/switch-node", switch_monitor),
        at("/api/monitors/batch-switch", switch_batch),
        at("/api/monitors/{id}/pin-to-node", pin_monitor),
        at("/api/monitors/{id}/unpin", unpin_monitor),
        at("/api/lb/restore-ltm", restore_route),
        act(kPost, {"/api/lb/force-route-to/{node}"}, force_route, "force-route-to"),
        act(kPost, everywhere("debug-config"), set_debug_config, "debug-config"),
    };
}

const std::vector<Row>& table() {
    static const std::vector<Row> rows = [] {
        auto all = read_rows();
        for (auto& row : action_rows()) all.push_back(std::move(row));
        return all;
    }();
    return rows;
}

// What all endpoints go through.
struct Gate {
    explicit Gate(const ControllerApiContext& context)
        : rules(context.admin_allow, context.admin_token),
          actions({context.api_rate_limit, kRateWindow}),
          reads({context.api_rate_limit * kReadsPerAction, kRateWindow}),
          turned_away({kTurnedAwayKept, kRateWindow}) {}

    std::vector<cluster::QueueView> queues() const {
        constexpr auto most = policy::RateLimit{}.most_clients;
        return {{"clients_acting", actions.clients(), most, actions.refused()},
                {"clients_reading", reads.clients(), most, reads.refused()}};
    }

    AccessRules rules;
    policy::RateLimiter actions, reads;
    policy::RateLimiter turned_away;  // of all clients: they must not fill the audit log
};

Result<void> may(const AccessRules& rules, Access access, const Request& request) {
    switch (access) {
        case Access::open:
            return {};
        case Access::read:
            return rules.may_read(request);
        case Access::visit:
            return rules.may_visit(request);
        case Access::act:
            return rules.may_act(request);
        case Access::secret:
            return rules.may_see_secrets(request);
    }
    return Failure{ErrorKind::forbidden, "", ""};
}

Response refusal_of(const Failure& failure) {
    auto refusal = failure_response(failure);
    // People in a browser can only answer a Basic challenge; programs send the token as they like.
    for (auto& [name, value] : refusal.headers) {
        if (name == "WWW-Authenticate") value = "Basic realm=\"higuma\", charset=\"UTF-8\"";
    }
    return refusal;
}

std::optional<Response> over_the_limit(Gate& gate, const ControllerApiContext& context,
                                       const Row& row, const Request& request) {
    // Who can open the socket itself is on this machine with the rights of its owner.
    if (row.access == Access::open || request.remote == "unix") return std::nullopt;
    auto& limiter = row.access == Access::act ? gate.actions : gate.reads;
    const auto wait = limiter.refuse(request.remote, context.clock->now());
    if (!wait) return std::nullopt;
    const auto seconds = std::to_string(std::chrono::ceil<Seconds>(*wait).count());
    auto refusal = failure_response(
        {ErrorKind::overloaded, "Too many requests; try again in " + seconds + " s.", ""});
    for (auto& [name, value] : refusal.headers) {
        if (name == "Retry-After") value = seconds;
    }
    return refusal;
}

void fill_in(const Response& response, store::Operation& operation) {
    operation.result = response.status < 300   ? "done"
                       : response.status < 500 ? "refused"
                                               : "failed";
    if (!operation.detail.empty()) return;
    boost::system::error_code no_json;
    const auto body = boost::json::parse(response.body, no_json);
    if (no_json || !body.is_object()) return;
    const auto* words = body.get_object().if_contains("msg");
    if (words && words->is_string()) operation.detail = std::string(words->get_string());
}

// Written before the answer goes out, so that who asks next sees it; the recorder tries again when
// the database does not take it now. A line may then be there twice, but never not at all.
Task<> write_down(ControllerContext context, store::Operation operation, bool now) {
    if (now) {
        auto job = [operation](store::Connection& db) {
            return store::add_operation(db, operation);
        };
        const auto soon = Deadline::after(*context->clock, kDatabaseWait);
        const auto written = co_await context->db.run(soon, std::move(job));
        if (written) co_return;
    }
    context->controller.record(std::move(operation));
}

Task<Response> acted(ControllerContext context, std::shared_ptr<Gate> gate, const Row* row,
                     Request request) {
    store::Operation operation;
    operation.time = context->clock->wall_now();
    operation.address = request.remote;
    operation.action = row->action;
    const auto note = std::make_shared<ActionNote>();
    if (!request.captures.empty()) note->target = request.captures.front();
    note->actor = operation.actor = gate->rules.actor(request);
    const auto allowed = may(gate->rules, row->access, request);
    Response response;
    if (allowed) {
        auto answer = row->act(context, std::move(request), note);
        response = co_await std::move(answer);
    } else {
        response = refusal_of(allowed.error());
    }
    operation.target = note->target;
    operation.reason = note->reason;
    operation.detail = note->detail;
    fill_in(response, operation);
    const auto time = context->clock->now();
    if (!allowed && gate->turned_away.refuse("all", time)) co_return response;
    const bool database_answers = allowed && response.status != 503;
    co_await write_down(context, std::move(operation), database_answers);
    co_return response;
}

Task<Response> guarded(ControllerContext context, std::shared_ptr<Gate> gate, const Row* row,
                       Request request) {
    if (auto refusal = over_the_limit(*gate, *context, *row, request)) co_return *refusal;
    if (row->act) {
        auto answer = acted(std::move(context), std::move(gate), row, std::move(request));
        co_return co_await std::move(answer);
    }
    const auto allowed = may(gate->rules, row->access, request);
    if (!allowed) co_return refusal_of(allowed.error());
    auto answer = row->read(std::move(context), std::move(request));
    co_return co_await std::move(answer);
}

}  // namespace

Failure away(const Failure& failure) {
    const bool temporary = failure.kind == ErrorKind::timeout ||
                           failure.kind == ErrorKind::overloaded ||
                           failure.kind == ErrorKind::denied;
    if (!temporary) return failure;
    return {ErrorKind::unavailable, "The database does not answer: " + failure.message, ""};
}

ViewTime view_time(const ControllerApiContext& context) {
    return {context.clock->wall_now(), context.clock->now()};
}

Deadline action_deadline(const ControllerApiContext& context, const Request& request) {
    const auto wait = Deadline::after(*context.clock, kActionWait);
    return {std::min(wait.at, request.deadline.at)};
}

std::vector<Endpoint> controller_endpoints(std::shared_ptr<ControllerApiContext> context) {
    const auto gate = std::make_shared<Gate>(*context);
    context->live.set_identity(context->self, context->version);
    context->limited_clients = [gate] { return gate->queues(); };
    std::vector<Endpoint> endpoints;
    for (const auto& row : table()) {
        const auto handler = [context, gate, which = &row](Request request) {
            return guarded(context, gate, which, std::move(request));
        };
        for (const auto& path : row.paths) {
            for (const auto& method : row.methods) endpoints.push_back({method, path, handler});
        }
    }
    return endpoints;
}

}  // namespace higuma::api
