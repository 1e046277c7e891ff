#include "api/http/target.hpp"
#include "api/node_handlers.hpp"
#include "api/node_push_input.hpp"
#include "net/http_client.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

constexpr Millis kLookUpTime{2'000};  // then what was known before must do
constexpr Millis kForwardTime{5'000};
constexpr std::size_t kLongestToken = 32;
constexpr const char* kForwarded = "x-higuma-forwarded";

Response push_answer(json::object body, int status) {
    auto response = Response::json(body, status);
    response.headers.emplace_back("X-Frame-Options", "SAMEORIGIN");
    return response;
}

// Every refusal of a push is a 404 with a text, as agents know it.
Response refused(const std::string& message) {
    return push_answer({{"ok", false}, {"msg", message}}, 404);
}

Response not_found() { return refused("Monitor not found or not active."); }

Response try_again(const std::string& message) {
    auto response = push_answer({{"ok", false}, {"msg", message}}, 503);
    response.headers.emplace_back("Retry-After", "2");
    return response;
}

Task<Response> forward(NodeApiPtr api, Request request, std::string host) {
    if (request.header(kForwarded)) co_return try_again("The monitor is moving between nodes.");
    if (host.empty()) co_return try_again("The monitor's node has no address.");
    net::HttpRequest onward;
    onward.method = request.method == "POST" ? "POST" : "GET";
    onward.url = "http://" + host + "/api/push/" + percent_encode(request.captures.at(0));
    char separator = '?';
    for (const auto& [name, value] : request.query) {
        onward.url += separator + percent_encode(name) + "=" + percent_encode(value);
        separator = '&';
    }
    onward.headers = {{"X-Higuma-Forwarded", api->context->self.value}};
    onward.max_redirects = 0;
    onward.max_body = 4096;
    auto answer = co_await api->context->http.send(
        std::move(onward), Deadline::after(*api->context->clock, kForwardTime));
    if (!answer || (answer->status != 200 && answer->status != 404)) {
        co_return try_again("The monitor's node does not answer.");
    }
    auto response = push_answer({{"ok", answer->status == 200}}, answer->status);
    response.body = std::move(answer->body);
    co_return response;
}

// Ours by the database. A monitor that came to this node a moment ago may not run yet.
Task<Response> push_here(NodeApiPtr api, MonitorId id, policy::CheckOutcome outcome,
                         Deadline deadline) {
    auto pushed = api->context->engine.push(id, outcome);
    if (!pushed && pushed.error().kind == ErrorKind::not_found) {
        auto report = co_await api->context->agent.reconcile(deadline);
        if (report) pushed = api->context->engine.push(id, outcome);
    }
    if (!pushed) co_return try_again("The monitor is being started.");
    co_return push_answer({{"ok", true}}, 200);
}

}  // namespace

std::optional<MonitorId> PushCache::find(const std::string& token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void PushCache::put(const std::string& token, MonitorId id) {
    if (ids_.size() >= kLimit && !ids_.contains(token)) ids_.erase(ids_.begin());
    ids_[token] = id;
}

void PushCache::forget(const std::string& token) { ids_.erase(token); }

Task<Response> push(NodeApiPtr api, Request request, Principal) {
    const auto& context = *api->context;
    auto outcome = push_outcome(request);
    if (!outcome) co_return refused(outcome.error().message);
    const auto token = request.captures.at(0);
    if (token.size() > kLongestToken) co_return not_found();
    auto target =
        co_await api->push_lookup->find(token, Deadline::after(*context.clock, kLookUpTime));
    const auto deadline = api->database_deadline(request);
    if (!target && target.error().kind != ErrorKind::not_found) {
        // The database is away; agents go on pushing, and the monitors must not look dead for it.
        const auto known = api->push_cache.find(token);
        if (!known || !context.engine.push(*known, *outcome)) {
            co_return try_again("The database cannot be reached.");
        }
        co_return push_answer({{"ok", true}}, 200);
    }
    if (!target || !target->active) {
        api->push_cache.forget(token);
        co_return not_found();
    }
    if (!target->node) co_return try_again("No node runs this monitor yet.");
    if (*target->node != context.self) {
        co_return co_await forward(api, std::move(request), target->host);
    }
    api->push_cache.put(token, target->monitor);
    co_return co_await push_here(api, target->monitor, *outcome, deadline);
}

}  // namespace higuma::api
