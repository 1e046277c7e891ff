// Where requests go: the forced route, the algorithm, and the loads that it looks at.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cmath>

#include "api/action_body.hpp"
#include "api/controller_handlers.hpp"
#include "cluster/operations.hpp"

namespace higuma::api {

namespace json = boost::json;

namespace {

constexpr Millis kNginxWait{500};
constexpr int kFullWeight = 100;

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object mode_json(const cluster::ControllerView& view) {
    const auto forced = std::find_if(
        view.nodes.begin(), view.nodes.end(),
        [&](const cluster::NodeView& node) { return node.node.id.value == view.forced_node; });
    const bool serves = forced != view.nodes.end() && forced->node.status == NodeStatus::online;
    const char* mode = !view.setup_complete ? "setup" : serves ? "forced" : "normal";
    return {{"mode", mode},
            {"forced_node", text_or_null(view.forced_node)},
            {"forced_node_online", serves},
            {"primary_node", text_or_null(view.primary_node)},
            {"algorithm", policy::to_string(view.algorithm)}};
}

json::value member(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    return found ? *found : json::value(nullptr);
}

double two_places(double value) { return std::round(value * 100.0) / 100.0; }

// What the algorithm compares: the node with the lowest one gets the next request.
json::value score_of(const cluster::NodeView& node, policy::Algorithm algorithm,
                     const json::value& counters) {
    if (algorithm == policy::Algorithm::least_monitors) return node.monitors;
    if (!counters.is_object()) return nullptr;
    const auto in_flight = member(counters.get_object(), "in_flight");
    if (algorithm == policy::Algorithm::least_connections || !in_flight.is_int64())
        return in_flight;
    const double weight = node.node.weight.value_or(kFullWeight);
    return two_places(static_cast<double>(in_flight.get_int64()) * kFullWeight / weight);
}

json::array loads_json(const cluster::ControllerView& view, const json::value& nginx_nodes) {
    json::array rows;
    for (const auto& node : view.nodes) {
        const auto& id = node.node.id.value;
        const auto counters =
            nginx_nodes.is_object() ? member(nginx_nodes.get_object(), id) : json::value(nullptr);
        json::object row{{"node_id", id},
                         {"status", to_string(node.node.status)},
                         {"score", score_of(node, view.algorithm, counters)},
                         {"monitor_count", node.monitors},
                         {"limit", node.limit},
                         {"usage_percent", usage_percent(node.monitors, node.limit)},
                         {"checks_per_second", two_places(node.checks_per_second)},
                         {"load", two_places(node.load)},
                         {"weight", node.node.weight.value_or(kFullWeight)}};
        row["announced_load"] =
            node.announced_load ? json::value(*node.announced_load) : json::value(nullptr);
        row["traffic"] = counters;
        rows.push_back(std::move(row));
    }
    return rows;
}

Task<json::object> balancer_json(ControllerContext context) {
    const auto counters = co_await nginx_counters(context);
    const auto view = context->controller.view();
    const auto from_nginx = [&](std::string_view key) {
        return counters ? member(*counters, key) : json::value(nullptr);
    };
    json::object body{{"algorithm", policy::to_string(view.algorithm)},
                      {"routing", mode_json(view)},
                      {"nodes", loads_json(view, from_nginx("nodes"))}};
    body["last_update"] =
        view.loads_read ? json::value(format_iso_time(*view.loads_read)) : json::value(nullptr);
    body["requests_by_rule"] = from_nginx("requests_by_rule");
    body["table"] = from_nginx("table");
    body["nginx_error"] = counters ? json::value(nullptr) : json::value(counters.error().message);
    co_return body;
}

Task<Response> change_route(ControllerContext context, Request request, Note note,
                            std::optional<NodeId> node) {
    ActionBody body(request);
    note->reason = body.reason();
    if (auto fault = body.fault()) co_return failure_response(*fault);
    const auto operations = context->controller.operations();
    const auto before = co_await operations->force_route(node, action_deadline(*context, request));
    if (!before) co_return failure_response(away(before.error()));
    const auto now = node ? node->value : "";
    note->detail = node              ? fmt::format("All requests go to {}.", now)
                   : before->empty() ? std::string("No route was forced.")
                                     : fmt::format("Requests go no longer to {} alone.", *before);
    co_return Response::json(json::object{{"ok", true},
                                          {"forced_node", text_or_null(now)},
                                          {"previous_node", text_or_null(*before)},
                                          {"changed", *before != now},
                                          {"msg", note->detail}});
}

}  // namespace

Task<Result<json::object>> nginx_counters(ControllerContext context) {
    if (!context->http || context->nginx_status_socket.empty()) {
        co_return Failure{ErrorKind::unavailable, "this controller has no nginx beside it", ""};
    }
    net::HttpRequest request;
    request.url = "http://nginx/status";
    request.unix_socket = context->nginx_status_socket;
    request.max_redirects = 0;
    const auto deadline = Deadline::after(*context->clock, kNginxWait);
    const auto answer = co_await context->http->send(std::move(request), deadline);
    if (!answer) co_return Failure{ErrorKind::unavailable, answer.error().message, ""};
    boost::system::error_code bad;
    auto value = json::parse(answer->body, bad);
    if (answer->status != 200 || bad || !value.is_object()) {
        co_return Failure{ErrorKind::unavailable,
                          fmt::format("nginx answered {} to /status", answer->status), ""};
    }
    co_return std::move(value.get_object());
}

Task<Response> get_routing_mode(ControllerContext context, Request) {
    const auto view = context->controller.view();
    if (view.nodes.empty() && !view.database_reachable) {
        co_return failure_response({ErrorKind::unavailable,
                                    "Not known yet, the database is away: " + view.database_error,
                                    ""});
    }
    co_return Response::json(mode_json(view));
}

Task<Response> force_route(ControllerContext context, Request request, Note note) {
    auto node = node_id(request.captures.at(0), "node");
    if (!node) co_return failure_response(node.error());
    auto answer = change_route(std::move(context), std::move(request), note, std::move(*node));
    co_return co_await std::move(answer);
}

Task<Response> restore_route(ControllerContext context, Request request, Note note) {
    return change_route(std::move(context), std::move(request), std::move(note), std::nullopt);
}

Task<Response> get_load_balancer_status(ControllerContext context, Request) {
    co_return Response::json(co_await balancer_json(context));
}

Task<Response> update_loads(ControllerContext context, Request request, Note note) {
    const auto operations = context->controller.operations();
    const auto read = co_await operations->read_loads(action_deadline(*context, request));
    if (!read) co_return failure_response(away(read.error()));
    auto body = co_await balancer_json(context);
    body["ok"] = true;
    note->detail = "loads read";
    co_return Response::json(body);
}

}  // namespace higuma::api
