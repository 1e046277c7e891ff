// Rebalancing: start one, redistribute everything, and see how far it is.
#include <fmt/format.h>

#include <cmath>

#include "api/action_body.hpp"
#include "api/controller_handlers.hpp"
#include "cluster/operations.hpp"

namespace higuma::api {

namespace json = boost::json;

namespace {

double three_places(double value) { return std::round(value * 1000.0) / 1000.0; }

json::object figures_json(const policy::BalanceFigures& figures) {
    return {{"mean_load", three_places(figures.mean_load)},
            {"max_over_mean_before", three_places(figures.max_over_mean_before)},
            {"max_over_mean_after", three_places(figures.max_over_mean_after)},
            {"movable", figures.movable}};
}

json::value time_or_null(const std::optional<WallTime>& time) {
    return time ? json::value(format_iso_time(*time)) : json::value(nullptr);
}

Task<Response> start(ControllerContext context, Request request, Note note,
                     cluster::RebalanceKind kind) {
    ActionBody body(request);
    note->reason = body.reason();
    if (auto fault = body.fault()) co_return failure_response(*fault);
    const auto operations = context->controller.operations();
    const auto answer =
        co_await operations->rebalance(kind, note->actor, action_deadline(*context, request));
    if (!answer) co_return failure_response(away(answer.error()));
    note->detail = answer->started ? fmt::format("{} monitors to move", answer->planned)
                                   : "nothing is worth moving";
    co_return Response::json(json::object{{"ok", true},
                                          {"id", answer->id},
                                          {"started", answer->started},
                                          {"kind", to_string(kind)},
                                          {"planned", answer->planned},
                                          {"figures", figures_json(answer->figures)},
                                          {"msg", note->detail}});
}

}  // namespace

Task<Response> trigger_rebalancing(ControllerContext context, Request request, Note note) {
    return start(std::move(context), std::move(request), std::move(note),
                 cluster::RebalanceKind::balance);
}

Task<Response> force_rebalance_all(ControllerContext context, Request request, Note note) {
    return start(std::move(context), std::move(request), std::move(note),
                 cluster::RebalanceKind::all);
}

Task<Response> get_rebalancing_status(ControllerContext context, Request) {
    const auto view = context->controller.view();
    const auto& record = view.rebalancing;
    const bool never = record.id == 0;
    json::object body{{"id", never ? json::value(nullptr) : json::value(record.id)},
                      {"state", to_string(record.state)},
                      {"running", record.active()},
                      {"kind", never ? json::value(nullptr) : json::value(to_string(record.kind))},
                      {"planned", record.planned},
                      {"done", record.done},
                      {"failed", record.failed},
                      {"requested", time_or_null(record.requested)},
                      {"started", time_or_null(record.started)},
                      {"finished", time_or_null(record.finished)},
                      {"actor", never ? json::value(nullptr) : json::value(record.actor)},
                      {"figures", figures_json(record.figures)}};
    body["error"] = record.error.empty() ? json::value(nullptr) : json::value(record.error);
    body["moving"] = view.moving;
    body["monitors_moved"] = view.statistics.monitors_moved;
    co_return Response::json(body);
}

}  // namespace higuma::api
