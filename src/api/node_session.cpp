#include "api/node_handlers.hpp"

namespace higuma::api {

namespace json = boost::json;

Task<Response> post_login(NodeApiPtr api, Request request, Principal) {
    auto input = parse_object(request.body);
    if (!input) co_return failure_response(input.error());
    std::string credentials[2];
    const char* names[2] = {"username", "password"};
    for (int i = 0; i < 2; ++i) {
        const auto* value = input->if_contains(names[i]);
        auto given = text(value ? *value : json::value(nullptr), names[i], 255);
        if (!given) co_return failure_response(given.error());
        credentials[i] = std::move(*given);
        input->erase(names[i]);
    }
    if (!input->empty()) {
        const std::string name(input->begin()->key());
        co_return failure_response(unknown_field(name));
    }
    auto token = co_await api->context->auth.login(credentials[0], credentials[1], request.remote,
                                                   api->database_deadline(request));
    if (!token) co_return failure_response(token.error());
    co_return Response::json(json::object{{"ok", true}, {"token", *token}});
}

Task<Response> post_reconcile(NodeApiPtr api, Request request, Principal) {
    auto report = co_await api->context->agent.reconcile(api->database_deadline(request));
    if (!report) co_return failure_response(report.error());
    co_return Response::json(json::object{{"ok", true},
                                          {"node_id", api->context->self.value},
                                          {"started", report->started},
                                          {"restarted", report->restarted},
                                          {"stopped", report->stopped},
                                          {"change_seq", report->change_seq},
                                          {"full", report->full}});
}

}  // namespace higuma::api
