// A browser that shall stay on one node: a cookie, set and cleared by small pages and by JSON.
#include <fmt/format.h>

#include <boost/json/value.hpp>

#include "api/action_body.hpp"
#include "api/controller_handlers.hpp"
#include "api/cookies.hpp"
#include "api/small_page.hpp"

namespace higuma::api {

namespace json = boost::json;

namespace {

constexpr std::string_view kCookie = "KUMA_FIXED_NODE";
constexpr Seconds kSevenDays{604'800};
constexpr std::int64_t kLongestSeconds = 31'536'000;  // a year

// Why requests cannot be sent to this node; empty when they can.
std::string unfit(const cluster::ControllerView& view, std::string_view id) {
    for (const auto& node : view.nodes) {
        if (node.node.id.value != id) continue;
        if (node.node.status == NodeStatus::online) return "";
        return fmt::format("{} is {} now.", id, to_string(node.node.status));
    }
    return fmt::format("There is no node {}.", is_valid_node_id(id) ? id : "of this name");
}

Response with_cookie(Response response, const Request& request, std::string_view node,
                     Seconds age) {
    set_cookie(response, request, kCookie, node, age);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

SmallPage cleared_page() {
    SmallPage page;
    page.title = "No fixed node";
    page.text = "Your requests go to whichever node suits them best again.";
    page.links = {{"/", "Open the monitors"}, {"/lb/", "See the cluster"}};
    return page;
}

}  // namespace

Task<Response> set_fixed_node_page(ControllerContext context, Request request) {
    const auto& node = request.captures.at(0);
    SmallPage page;
    const auto reason = unfit(context->controller.view(), node);
    if (!reason.empty()) {
        page.good = false;
        page.title = "This node cannot be chosen";
        page.text = reason;
        page.links = {{"/lb/available-nodes", "Nodes that can be chosen"},
                      {"/lb/", "See the cluster"}};
        co_return small_page_response(page, 400);
    }
    page.title = "You are on " + node;
    page.text = "This browser's requests go to " + node +
                " for seven days, as long as that node is online.";
    page.links = {{"/", "Open the monitors"}, {"/lb/clear-fixed-node", "Let the balancer choose"}};
    co_return with_cookie(small_page_response(page, 200), request, node, kSevenDays);
}

Task<Response> clear_fixed_node_page(ControllerContext, Request request) {
    co_return with_cookie(small_page_response(cleared_page(), 200), request, "", Seconds{0});
}

Task<Response> clear_fixed_node(ControllerContext, Request request) {
    co_return with_cookie(Response::json(json::object{{"ok", true}, {"has_fixed_node", false}}),
                          request, "", Seconds{0});
}

Task<Response> set_fixed_node(ControllerContext context, Request request) {
    ActionBody body(request);
    const auto node = body.node("node");
    const auto expires = body.number("expires", 1, kLongestSeconds);
    if (!node) body.refuse(invalid("node", "node must be given."));
    if (auto fault = body.fault()) co_return failure_response(*fault);
    const auto reason = unfit(context->controller.view(), node->value);
    if (!reason.empty()) co_return failure_response(invalid("node", reason));
    const Seconds age{expires.value_or(kSevenDays.count())};
    auto answer = Response::json(json::object{
        {"ok", true}, {"has_fixed_node", true}, {"node", node->value}, {"expires", age.count()}});
    co_return with_cookie(std::move(answer), request, node->value, age);
}

Task<Response> get_fixed_node_status(ControllerContext context, Request request) {
    const auto node = cookie_of(request, kCookie).value_or("");
    const bool has = !node.empty();
    const auto reason = has ? unfit(context->controller.view(), node) : "";
    const bool shown = has && is_valid_node_id(node);
    co_return Response::json(json::object{
        {"has_fixed_node", has},
        {"current_node", shown ? json::value(node) : json::value(nullptr)},
        {"is_valid", has && reason.empty()},
        {"invalid_reason", reason.empty() ? json::value(nullptr) : json::value(reason)}});
}

}  // namespace higuma::api
