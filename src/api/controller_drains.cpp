// Drain a node and take that back.
#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "api/action_body.hpp"
#include "api/controller_handlers.hpp"
#include "cluster/operations.hpp"

namespace higuma::api {

namespace json = boost::json;

namespace {

json::array shares_json(const cluster::Shares& shares) {
    json::array rows;
    for (const auto& [node, count] : shares) {
        rows.push_back(json::object{{"node_id", node}, {"monitors", count}});
    }
    return rows;
}

json::object report_json(const std::string& node, bool draining,
                         const cluster::DrainReport& report) {
    return {{"ok", true},
            {"node_id", node},
            {"draining", draining},
            {"changed", report.changed},
            {"completed", report.completed},
            {"monitors", report.monitors},
            {"remaining", report.remaining},
            {"pinned", report.pinned}};
}

struct Wanted {
    cluster::DrainRequest drain;
    std::string reason;
};

Result<Wanted> read_drain(const Request& request) {
    Wanted wanted;
    auto id = node_id(request.captures.at(0), "id");
    if (!id) return id.error();
    wanted.drain.node = *id;
    ActionBody body(request);
    const auto strategy = body.text("targetStrategy", 20);
    wanted.drain.target = body.node("targetNodeId");
    wanted.drain.wait = body.flag("waitForCompletion").value_or(false);
    wanted.reason = body.reason();
    const auto known = cluster::drain_strategy_from(strategy);
    if (!strategy.empty() && !known) {
        body.refuse(
            invalid("targetStrategy", "targetStrategy must be distribute, single or auto."));
    }
    const auto fitting =
        wanted.drain.target ? policy::DrainStrategy::single : policy::DrainStrategy::automatic;
    wanted.drain.strategy = known.value_or(fitting);
    if (wanted.drain.target == wanted.drain.node) {
        body.refuse(invalid("targetNodeId", "targetNodeId must be another node."));
    }
    if (wanted.drain.target && wanted.drain.strategy == policy::DrainStrategy::distribute) {
        body.refuse(
            invalid("targetNodeId", "targetNodeId goes with targetStrategy single or auto."));
    }
    if (auto fault = body.fault()) return *fault;
    return wanted;
}

}  // namespace

Task<Response> drain_node(ControllerContext context, Request request, Note note) {
    const auto wanted = read_drain(request);
    if (!wanted) co_return failure_response(wanted.error());
    const auto& drain = wanted->drain;
    note->reason = wanted->reason;
    const auto operations = context->controller.operations();
    const auto report = co_await operations->drain(drain, action_deadline(*context, request));
    if (!report) co_return failure_response(away(report.error()));
    auto body = report_json(drain.node.value, true, *report);
    body["strategy"] = cluster::to_string(drain.strategy);
    body["target_node_id"] = drain.target ? json::value(drain.target->value) : nullptr;
    body["targets"] = shares_json(report->nodes);
    note->detail = fmt::format("{}, {} monitors, {} left", cluster::to_string(drain.strategy),
                               report->monitors, report->remaining);
    co_return Response::json(body);
}

Task<Response> undrain_node(ControllerContext context, Request request, Note note) {
    const auto id = node_id(request.captures.at(0), "id");
    if (!id) co_return failure_response(id.error());
    ActionBody body(request);
    const bool wait = body.flag("waitForCompletion").value_or(false);
    note->reason = body.reason();
    if (auto fault = body.fault()) co_return failure_response(*fault);
    const auto operations = context->controller.operations();
    const auto report = co_await operations->undrain(*id, wait, action_deadline(*context, request));
    if (!report) co_return failure_response(away(report.error()));
    auto answer = report_json(id->value, false, *report);
    answer["sources"] = shares_json(report->nodes);
    note->detail = fmt::format("{} monitors to come home", report->monitors);
    co_return Response::json(answer);
}

}  // namespace higuma::api
