// `higuma drain` and `higuma undrain`.
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>

#include "operator_commands.hpp"
#include "progress.hpp"

namespace higuma::app {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto kLook = 500ms;

void print_shares(const json::value& shares, const char* word) {
    if (!shares.is_array()) return;
    for (const auto& share : shares.get_array()) {
        std::printf("  %s %s: %s monitors\n", word, text_at(share, "node_id").c_str(),
                    text_at(share, "monitors").c_str());
    }
}

json::object body_of(const OperatorOptions& options) {
    json::object body;
    if (!options.strategy.empty()) body["targetStrategy"] = options.strategy;
    if (!options.target.empty()) body["targetNodeId"] = options.target;
    if (!options.reason.empty()) body["reason"] = options.reason;
    return body;
}

Task<double> monitors_on(GatewayClient& gateway, std::string node) {
    const auto status = co_await gateway.get("/api/node-status");
    const auto& nodes = member(status, "nodes");
    for (const auto& row : nodes.is_array() ? nodes.get_array() : json::array{}) {
        if (text_at(row, "node_id") == node) co_return number_at(row, "monitor_count");
    }
    throw StartupError("there is no node " + node + " any more");
}

// Shows how the node's count goes from what it is now to `goal`, until it is there.
Task<> follow(GatewayClient& gateway, std::string node, double goal, const char* what) {
    Progress progress(what);
    const auto executor = co_await boost::asio::this_coro::executor;
    const double begin = co_await monitors_on(gateway, node);
    const double total = std::abs(begin - goal);
    for (double now = begin;; now = co_await monitors_on(gateway, node)) {
        const bool there = goal < begin ? now <= goal : now >= goal;
        const double done = there ? total : std::abs(now - begin);
        progress.show(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
        if (there) co_return;
        co_await pause(executor, kLook);
    }
}

}  // namespace

Task<int> drain_main(OperatorOptions options, boost::asio::any_io_executor executor) {
    GatewayClient gateway(options.access, executor);
    const auto path = "/api/nodes/" + segment(options.node) + "/drain";
    const auto body = body_of(options);
    const auto answer = co_await gateway.post(path, body);
    std::printf("%s %s (%s), %s monitors to move\n", options.node.c_str(),
                flag_at(answer, "changed") ? "is drained from now on" : "is drained already",
                text_at(answer, "strategy").c_str(), text_at(answer, "remaining").c_str());
    print_shares(member(answer, "targets"), "to");
    if (number_at(answer, "pinned") > 0) {
        std::printf("  %s pinned monitors stay\n", text_at(answer, "pinned").c_str());
    }
    const double pinned = number_at(answer, "pinned");
    if (options.wait) co_await follow(gateway, options.node, pinned, "monitors moved");
    co_return 0;
}

Task<int> undrain_main(OperatorOptions options, boost::asio::any_io_executor executor) {
    GatewayClient gateway(options.access, executor);
    const auto path = "/api/nodes/" + segment(options.node) + "/undrain";
    const auto answer = co_await gateway.post(path, body_of(options));
    std::printf("%s %s, %s monitors to come home\n", options.node.c_str(),
                flag_at(answer, "changed") ? "takes part again" : "was not drained",
                text_at(answer, "remaining").c_str());
    print_shares(member(answer, "sources"), "from");
    const double coming = number_at(answer, "remaining");
    if (!options.wait || coming <= 0) co_return 0;
    const double goal = co_await monitors_on(gateway, options.node) + coming;
    co_await follow(gateway, options.node, goal, "monitors home");
    co_return 0;
}

}  // namespace higuma::app
