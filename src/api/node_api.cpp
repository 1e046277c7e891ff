#include "api/node_api.hpp"

#include "api/node_handlers.hpp"

namespace higuma::api {
namespace {

constexpr Millis kDatabaseTime{8'000};

enum class Access {
    open,    // anybody
    any,     // a user, an API key or a service of the cluster
    people,  // a user or an API key
};

struct Row {
    const char* method;
    const char* pattern;
    Access access;
    NodeHandler handler;
};

constexpr Row kRows[] = {
    {"GET", "/api/v1/health", Access::open, get_health},
    {"GET", "/api/v1/status", Access::any, get_status},
    {"POST", "/api/v1/login", Access::open, post_login},
    {"POST", "/api/v1/reconcile-monitors", Access::any, post_reconcile},
    {"GET", "/api/v1/monitors", Access::any, get_monitors},
    {"POST", "/api/v1/monitors", Access::people, post_monitor},
    {"GET", "/api/v1/monitors/{id}", Access::any, get_one_monitor},
    {"PUT", "/api/v1/monitors/{id}", Access::people, put_monitor},
    {"PATCH", "/api/v1/monitors/{id}", Access::people, patch_monitor},
    {"DELETE", "/api/v1/monitors/{id}", Access::people, delete_one_monitor},
    {"GET", "/api/v1/monitors/{id}/heartbeats", Access::any, get_heartbeats},
    {"POST", "/api/v1/monitors/{id}/check", Access::people, post_check},
    {"GET", "/api/v1/nodes", Access::any, get_nodes},
    {"POST", "/api/v1/nodes", Access::people, post_node},
    {"GET", "/api/v1/nodes/{id}", Access::any, get_one_node},
    {"PUT", "/api/v1/nodes/{id}", Access::people, put_node},
    {"PATCH", "/api/v1/nodes/{id}", Access::people, patch_node},
    {"DELETE", "/api/v1/nodes/{id}", Access::people, delete_one_node},
    {"GET", "/api/v1/nodes/{id}/monitors", Access::any, get_node_monitors},
    {"GET", "/api/push/{token}", Access::open, push},
    {"POST", "/api/push/{token}", Access::open, push},
};

Task<Response> guarded(NodeApiPtr api, Access access, NodeHandler handler, Request request) {
    Principal anybody;
    if (access == Access::open) co_return co_await handler(api, std::move(request), anybody);
    auto principal = co_await api->context->auth.authenticate(
        request.header("authorization"), request.remote, api->database_deadline(request));
    if (!principal) co_return failure_response(principal.error());
    if (access == Access::people && principal->kind == Principal::Kind::service) {
        const Failure failure{ErrorKind::forbidden, "A service token cannot change this.", ""};
        co_return failure_response(failure);
    }
    auto answered = handler(api, std::move(request), *principal);
    co_return co_await std::move(answered);
}

}  // namespace

Deadline NodeApi::database_deadline(const Request& request) const {
    return {std::min(request.deadline.at, context->clock->now() + kDatabaseTime)};
}

std::vector<Endpoint> node_endpoints(std::shared_ptr<NodeApiContext> context) {
    auto api = std::make_shared<NodeApi>();
    api->hints = std::make_shared<PeerHints>(context);
    api->push_lookup = std::make_shared<PushLookup>(context->db, context->clock);
    api->context = std::move(context);
    std::vector<Endpoint> endpoints;
    for (const auto& row : kRows) {
        auto handler = [api, access = row.access, run = row.handler](Request request) {
            return guarded(api, access, run, std::move(request));
        };
        endpoints.push_back({row.method, row.pattern, std::move(handler)});
    }
    return endpoints;
}

}  // namespace higuma::api
