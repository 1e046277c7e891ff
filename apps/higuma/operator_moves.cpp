// `higuma move`, `higuma pin` and `higuma unpin`.
#include <boost/json.hpp>
#include <cstdio>

#include "operator_commands.hpp"

namespace higuma::app {

namespace json = boost::json;

namespace {

json::object body_of(const OperatorOptions& options) {
    json::object body;
    if (!options.target.empty()) body["targetNodeId"] = options.target;
    if (!options.reason.empty()) body["reason"] = options.reason;
    return body;
}

// One request for each monitor; goes on after a refusal and tells at the end by its exit code.
Task<int> each_monitor(OperatorOptions options, boost::asio::any_io_executor executor,
                       std::string action, json::object body) {
    GatewayClient gateway(options.access, executor);
    int exit_code = 0;
    for (const auto id : options.monitors) {
        const auto path = "/api/monitors/" + std::to_string(id) + "/" + action;
        try {
            const auto answer = co_await gateway.post(path, body);
            std::printf("%s\n", text_at(answer, "msg").c_str());
        } catch (const StartupError& refusal) {
            std::fprintf(stderr, "%s\n", refusal.what());
            exit_code = 1;
        }
    }
    co_return exit_code;
}

}  // namespace

Task<int> move_main(OperatorOptions options, boost::asio::any_io_executor executor) {
    GatewayClient gateway(options.access, executor);
    auto body = body_of(options);
    body["monitorIds"] = json::value_from(options.monitors);
    body["manualOverride"] = options.temporary;
    const auto answer = co_await gateway.post("/api/monitors/batch-switch", body);
    const auto& results = member(answer, "results");
    for (const auto& result : results.is_array() ? results.get_array() : json::array{}) {
        std::fprintf(flag_at(result, "ok") ? stdout : stderr, "%s\n",
                     text_at(result, "msg").c_str());
    }
    co_return flag_at(answer, "ok") ? 0 : 1;
}

Task<int> pin_main(OperatorOptions options, boost::asio::any_io_executor executor) {
    auto body = body_of(options);
    return each_monitor(std::move(options), std::move(executor), "pin-to-node", std::move(body));
}

Task<int> unpin_main(OperatorOptions options, boost::asio::any_io_executor executor) {
    auto body = body_of(options);
    return each_monitor(std::move(options), std::move(executor), "unpin", std::move(body));
}

}  // namespace higuma::app
