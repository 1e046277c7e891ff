// What the controller says of itself to people who look for a fault: its settings, its log's last
// lines, and who did what.
#include <spdlog/spdlog.h>

#include <boost/json/array.hpp>

#include "api/action_body.hpp"
#include "api/controller_handlers.hpp"
#include "store/operations.hpp"
#include "store/sql.hpp"

namespace higuma::api {

namespace json = boost::json;

namespace {

constexpr int kMostOperations = 200;

std::string level_now() {
    const auto level = spdlog::level::to_string_view(spdlog::get_level());
    const std::string text(level.data(), level.size());
    return text == "warning" ? "warn" : text;
}

json::object config_json(const ControllerApiContext& context) {
    const auto view = context.controller.view();
    return {{"debug_enabled", context.debug_enabled},
            {"log_level", level_now()},
            {"version", context.version},
            {"gateway", context.self},
            {"is_leader", view.leader},
            {"algorithm", policy::to_string(view.algorithm)},
            {"admin_token_set", !context.admin_token.empty()},
            {"admin_allow", json::array(context.admin_allow.begin(), context.admin_allow.end())},
            {"api_rate_limit", context.api_rate_limit},
            {"monitor_limit_per_node", context.monitor_limit_per_node},
            {"log_lines_kept", context.log ? LogRing::kLines : 0}};
}

json::object operation_json(const store::Operation& operation) {
    return {{"id", operation.id},         {"time", format_iso_time(operation.time)},
            {"actor", operation.actor},   {"address", operation.address},
            {"action", operation.action}, {"target", operation.target},
            {"reason", operation.reason}, {"result", operation.result},
            {"detail", operation.detail}};
}

}  // namespace

Task<Response> get_debug_config(ControllerContext context, Request) {
    co_return Response::json(config_json(*context));
}

Task<Response> set_debug_config(ControllerContext context, Request request, Note note) {
    ActionBody body(request);
    const auto level = body.text("logLevel", 10);
    note->reason = body.reason();
    constexpr std::array<std::string_view, 5> kLevels{"trace", "debug", "info", "warn", "error"};
    if (std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end()) {
        body.refuse(invalid("logLevel", "logLevel must be trace, debug, info, warn or error."));
    }
    if (auto fault = body.fault()) co_return failure_response(*fault);
    const auto before = level_now();
    spdlog::set_level(spdlog::level::from_str(level));
    note->target = context->self;
    note->detail = "log level " + before + " -> " + level;
    spdlog::info("{}", note->detail);
    auto answer = config_json(*context);
    answer["ok"] = true;
    co_return Response::json(answer);
}

Task<Response> get_debug_logs(ControllerContext context, Request request) {
    const auto limit = number_parameter(request, "limit", 1, LogRing::kLines, 200);
    if (!limit) co_return failure_response(limit.error());
    json::array lines;
    if (context->log) {
        for (const auto& line : context->log->last(static_cast<std::size_t>(*limit))) {
            lines.push_back(json::object{{"time", format_iso_time(line.time)},
                                         {"level", line.level},
                                         {"text", store::clean_text(line.text, line.text.size())}});
        }
    }
    co_return Response::json(json::object{
        {"log_level", level_now()}, {"lines_kept", LogRing::kLines}, {"lines", std::move(lines)}});
}

Task<Response> get_operations(ControllerContext context, Request request) {
    const auto before = number_parameter(request, "before", 1, INT64_MAX, 0);
    if (!before) co_return failure_response(before.error());
    const auto limit = number_parameter(request, "limit", 1, kMostOperations, 50);
    if (!limit) co_return failure_response(limit.error());
    using Operations = std::vector<store::Operation>;
    // One more than asked for tells whether there is another page.
    auto job = [from = *before, most = static_cast<int>(*limit) + 1](store::Connection& db) {
        return store::list_operations(db, from, most);
    };
    auto found = co_await ask_database<Operations>(context, request, std::move(job));
    if (!found) co_return failure_response(found.error());
    const bool more = found->size() > static_cast<std::size_t>(*limit);
    if (more) found->pop_back();
    json::array rows;
    for (const auto& operation : *found) rows.push_back(operation_json(operation));
    const auto next = more ? json::value(found->back().id) : json::value(nullptr);
    co_return Response::json(json::object{{"operations", std::move(rows)}, {"next_before", next}});
}

}  // namespace higuma::api
