#include <boost/json/array.hpp>

#include "api/monitor_json.hpp"
#include "api/node_handlers.hpp"
#include "store/monitors.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kPageLimit = 1'000;
constexpr std::int64_t kPageDefault = 100;
constexpr std::int64_t kLargestId = 9'007'199'254'740'991;  // what JSON clients hold exactly
constexpr std::size_t kLongestSearch = 255;

json::value next_or_null(bool more, std::int64_t id) {
    return more ? json::value(id) : json::value(nullptr);
}

}  // namespace

Task<Response> monitor_page(NodeApiPtr api, Request request, std::optional<NodeId> effective_node) {
    const auto limit = number_parameter(request, "limit", 1, kPageLimit, kPageDefault);
    if (!limit) co_return failure_response(limit.error());
    const auto after = number_parameter(request, "after", 0, kLargestId, 0);
    if (!after) co_return failure_response(after.error());
    const auto search = text_parameter(request, "search", kLongestSearch);
    if (!search) co_return failure_response(search.error());
    store::MonitorFilter filter;
    filter.effective_node = std::move(effective_node);
    filter.search = *search;
    filter.after_id = *after;
    filter.limit = static_cast<int>(*limit);
    auto job = [filter](store::Connection& c) { return store::list_monitors(c, filter); };
    auto page = co_await api->context->db.run(api->database_deadline(request), job);
    if (!page) co_return failure_response(page.error());
    json::array monitors;
    for (const auto& monitor : page->monitors) monitors.push_back(monitor_to_json(monitor));
    const bool more = static_cast<std::int64_t>(monitors.size()) == *limit;
    const auto last = page->monitors.empty() ? 0 : page->monitors.back().id.value;
    co_return Response::json(json::object{{"monitors", std::move(monitors)},
                                          {"total", page->total},
                                          {"next_after", next_or_null(more, last)}});
}

Task<Response> get_monitors(NodeApiPtr api, Request request, Principal) {
    std::optional<NodeId> node;
    if (const auto given = request.parameter("node")) {
        auto id = node_id(*given, "node");
        if (!id) co_return failure_response(id.error());
        node = *id;
    }
    co_return co_await monitor_page(api, std::move(request), std::move(node));
}

Task<Response> get_one_monitor(NodeApiPtr api, Request request, Principal) {
    const auto id = monitor_id(request.captures.at(0));
    if (!id) co_return failure_response(id.error());
    auto job = [id = *id](store::Connection& c) { return store::get_monitor(c, id); };
    auto monitor = co_await api->context->db.run(api->database_deadline(request), job);
    if (!monitor) co_return failure_response(monitor.error());
    co_return Response::json(monitor_to_json(*monitor));
}

Task<Response> get_heartbeats(NodeApiPtr api, Request request, Principal) {
    const auto id = monitor_id(request.captures.at(0));
    if (!id) co_return failure_response(id.error());
    const auto limit = number_parameter(request, "limit", 1, kPageLimit, kPageDefault);
    if (!limit) co_return failure_response(limit.error());
    const auto before = number_parameter(request, "before", 0, kLargestId, 0);
    if (!before) co_return failure_response(before.error());
    using Beats = Result<std::vector<store::StoredBeat>>;
    auto job = [id = *id, before = *before, limit = *limit](store::Connection& c) -> Beats {
        auto beats = store::list_beats(c, id, before, static_cast<int>(limit));
        if (!beats || !beats->empty()) return beats;
        // No beats: of a monitor that is new, or of none.
        if (auto monitor = store::get_monitor(c, id); !monitor) return monitor.error();
        return beats;
    };
    auto beats = co_await api->context->db.run(api->database_deadline(request), job);
    if (!beats) co_return failure_response(beats.error());
    json::array list;
    for (const auto& beat : *beats) list.push_back(beat_to_json(beat));
    const bool more = static_cast<std::int64_t>(list.size()) == *limit;
    const auto last = beats->empty() ? 0 : beats->back().id;
    co_return Response::json(
        json::object{{"heartbeats", std::move(list)}, {"next_before", next_or_null(more, last)}});
}

}  // namespace higuma::api
