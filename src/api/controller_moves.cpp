// Move one monitor or many to another node, pin and unpin.
#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "api/action_body.hpp"
#include "api/controller_handlers.hpp"
#include "cluster/operations.hpp"

namespace higuma::api {

namespace json = boost::json;
using store::PlaceKind;
using store::PlaceResult;

namespace {

constexpr std::size_t kMostAtOnce = 1'000;

json::value name_or_null(const std::optional<NodeId>& node) {
    return node ? json::value(node->value) : json::value(nullptr);
}

// A temporary override unless the caller says that the home shall change.
PlaceKind kind_of(std::optional<bool> manual_override) {
    return manual_override.value_or(true) ? PlaceKind::override : PlaceKind::rehome;
}

std::string words(const store::PlacedOne& one, const NodeId& target, const store::Room& room) {
    const auto id = one.id.value;
    switch (one.result) {
        case PlaceResult::moved:
            return fmt::format("Monitor {} moved to {}.", id, target.value);
        case PlaceResult::already_there:
            return fmt::format("Monitor {} runs on {} already.", id, target.value);
        case PlaceResult::no_such_monitor:
            return fmt::format("There is no monitor {}.", id);
        case PlaceResult::pinned:
            return fmt::format("Monitor {} is pinned to {}; unpin it first.", id,
                               one.from ? one.from->value : "its node");
        case PlaceResult::node_full:
            return fmt::format("{} is full: it has {} of {} monitors.", target.value, room.count,
                               room.limit);
    }
    return "";
}

bool is_good(PlaceResult result) {
    return result == PlaceResult::moved || result == PlaceResult::already_there;
}

json::object one_json(const store::PlacedOne& one, const NodeId& target, const store::Room& room) {
    return {{"ok", is_good(one.result)},
            {"monitor_id", one.id.value},
            {"moved", one.result == PlaceResult::moved},
            {"from", name_or_null(one.from)},
            {"to", target.value},
            {"msg", words(one, target, room)}};
}

// The answer of an action on one monitor: its own failure is the request's.
Task<Response> place_one(ControllerContext context, Request request, store::PlaceOrder order,
                         Note note) {
    const auto target = order.target;
    const auto operations = context->controller.operations();
    const auto placed =
        co_await operations->place(std::move(order), action_deadline(*context, request));
    if (!placed) co_return failure_response(away(placed.error()));
    const auto& one = placed->monitors.at(0);
    const auto text = words(one, target, placed->room);
    note->detail = text;
    if (is_good(one.result)) co_return Response::json(one_json(one, target, placed->room));
    const bool unknown = one.result == PlaceResult::no_such_monitor;
    const bool full = one.result == PlaceResult::node_full;
    co_return failure_response(
        {unknown ? ErrorKind::not_found : ErrorKind::conflict, text, full ? "targetNodeId" : "id"});
}

}  // namespace

Task<Response> switch_monitor(ControllerContext context, Request request, Note note) {
    const auto id = monitor_id(request.captures.at(0));
    if (!id) co_return failure_response(id.error());
    ActionBody body(request);
    const auto target = body.node("targetNodeId");
    const auto kind = kind_of(body.flag("manualOverride"));
    note->reason = body.reason();
    if (!target) body.refuse(invalid("targetNodeId", "targetNodeId must be given."));
    if (auto fault = body.fault()) co_return failure_response(*fault);
    note->target = fmt::format("monitor {} to {}", id->value, target->value);
    store::PlaceOrder order{{*id}, *target, kind, context->monitor_limit_per_node};
    auto answer = place_one(context, std::move(request), std::move(order), note);
    co_return co_await std::move(answer);
}

Task<Response> switch_batch(ControllerContext context, Request request, Note note) {
    ActionBody body(request);
    auto ids = body.monitors("monitorIds", kMostAtOnce);
    const auto target = body.node("targetNodeId");
    const auto kind = kind_of(body.flag("manualOverride"));
    note->reason = body.reason();
    if (!target) body.refuse(invalid("targetNodeId", "targetNodeId must be given."));
    if (auto fault = body.fault()) co_return failure_response(*fault);
    note->target = fmt::format("{} monitors to {}", ids.size(), target->value);
    store::PlaceOrder order{std::move(ids), *target, kind, context->monitor_limit_per_node};
    const auto operations = context->controller.operations();
    const auto placed =
        co_await operations->place(std::move(order), action_deadline(*context, request));
    if (!placed) co_return failure_response(away(placed.error()));
    json::array results;
    std::int64_t moved = 0, failed = 0;
    for (const auto& one : placed->monitors) {
        moved += one.result == PlaceResult::moved ? 1 : 0;
        failed += is_good(one.result) ? 0 : 1;
        results.push_back(one_json(one, *target, placed->room));
    }
    note->detail = fmt::format("{} moved, {} refused", moved, failed);
    co_return Response::json(json::object{{"ok", failed == 0},
                                          {"target_node_id", target->value},
                                          {"moved", moved},
                                          {"failed", failed},
                                          {"results", std::move(results)}});
}

Task<Response> pin_monitor(ControllerContext context, Request request, Note note) {
    const auto id = monitor_id(request.captures.at(0));
    if (!id) co_return failure_response(id.error());
    ActionBody body(request);
    auto target = body.node("targetNodeId");
    const auto same_thing = body.node("nodeId");
    if (!target) target = same_thing;
    note->reason = body.reason();
    if (auto fault = body.fault()) co_return failure_response(*fault);
    note->target = fmt::format("monitor {}", id->value);
    if (target) {
        note->target += " to " + target->value;
        store::PlaceOrder order{{*id}, *target, PlaceKind::pin, context->monitor_limit_per_node};
        auto answer = place_one(context, std::move(request), std::move(order), note);
        co_return co_await std::move(answer);
    }
    const auto operations = context->controller.operations();
    const auto node = co_await operations->pin_in_place(*id, action_deadline(*context, request));
    if (!node) co_return failure_response(away(node.error()));
    note->detail = fmt::format("Monitor {} is pinned to {}.", id->value, node->value);
    co_return Response::json(json::object{{"ok", true},
                                          {"monitor_id", id->value},
                                          {"moved", false},
                                          {"from", node->value},
                                          {"to", node->value},
                                          {"msg", note->detail}});
}

Task<Response> unpin_monitor(ControllerContext context, Request request, Note note) {
    const auto id = monitor_id(request.captures.at(0));
    if (!id) co_return failure_response(id.error());
    ActionBody body(request);
    note->reason = body.reason();
    if (auto fault = body.fault()) co_return failure_response(*fault);
    note->target = fmt::format("monitor {}", id->value);
    const auto operations = context->controller.operations();
    const auto freed = co_await operations->unpin(*id, action_deadline(*context, request));
    if (!freed) co_return failure_response(away(freed.error()));
    note->detail =
        fmt::format("Monitor {} {}.", id->value, *freed ? "is pinned no longer" : "was not pinned");
    co_return Response::json(json::object{
        {"ok", true}, {"monitor_id", id->value}, {"changed", *freed}, {"msg", note->detail}});
}

}  // namespace higuma::api
