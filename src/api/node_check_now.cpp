// A check out of turn, on whichever node runs the monitor.
#include "api/node_handlers.hpp"
#include "net/http_client.hpp"
#include "store/monitors.hpp"
#include "store/nodes.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

constexpr Millis kForwardTime{5'000};
constexpr const char* kForwarded = "x-higuma-forwarded";

Response accepted() { return Response::json(json::object{{"ok", true}}, 202); }

Response try_again(const std::string& message) {
    return failure_response({ErrorKind::unavailable, message, ""});
}

struct Runner {
    std::optional<NodeId> node;
    std::string host;  // of another node
};

Result<Runner> look_up(store::Connection& db, MonitorId id, const NodeId& self) {
    auto monitor = store::get_monitor(db, id);
    if (!monitor) return monitor.error();
    if (!monitor->active) {
        return Failure{ErrorKind::conflict, "The monitor is paused.", ""};
    }
    Runner runner{monitor->assignment.effective(), ""};
    if (!runner.node || *runner.node == self) return runner;
    auto node = store::get_node(db, *runner.node);
    if (!node && node.error().kind != ErrorKind::not_found) return node.error();
    if (node) runner.host = node->host;
    return runner;
}

// With the credentials of who asks: the other node checks them itself.
Task<Response> forward(NodeApiPtr api, Request request, MonitorId id, std::string host) {
    if (request.header(kForwarded)) co_return try_again("The monitor is moving between nodes.");
    if (host.empty()) co_return try_again("The monitor's node has no address.");
    net::HttpRequest onward;
    onward.method = "POST";
    onward.url = "http://" + host + "/api/v1/monitors/" + std::to_string(id.value) + "/check";
    onward.headers = {{"X-Higuma-Forwarded", api->context->self.value},
                      {"Authorization", request.header("authorization").value_or("")}};
    onward.max_redirects = 0;
    onward.max_body = 4096;
    auto answer = co_await api->context->http.send(
        std::move(onward), Deadline::after(*api->context->clock, kForwardTime));
    if (answer && answer->status == 202) co_return accepted();
    if (answer && answer->status == 409) {
        co_return failure_response({ErrorKind::conflict, "It cannot be checked out of turn.", ""});
    }
    co_return try_again("The monitor's node does not answer.");
}

}  // namespace

Task<Response> post_check(NodeApiPtr api, Request request, Principal) {
    const auto& context = *api->context;
    const auto id = monitor_id(request.captures.at(0));
    if (!id) co_return failure_response(id.error());
    auto job = [id = *id, self = context.self](store::Connection& c) {
        return look_up(c, id, self);
    };
    const auto deadline = api->database_deadline(request);
    auto runner = co_await context.db.run(deadline, job);
    if (!runner) co_return failure_response(runner.error());
    if (!runner->node) co_return try_again("No node runs this monitor yet.");
    if (*runner->node != context.self) {
        co_return co_await forward(api, std::move(request), *id, runner->host);
    }
    auto checked = context.engine.check_now(*id);
    if (!checked && checked.error().kind == ErrorKind::not_found) {
        auto report = co_await context.agent.reconcile(deadline);
        if (report) checked = context.engine.check_now(*id);
    }
    if (checked) co_return accepted();
    if (checked.error().kind == ErrorKind::not_found) {
        co_return try_again("The monitor is being started, or its type is not built yet.");
    }
    co_return failure_response(checked.error());
}

}  // namespace higuma::api
