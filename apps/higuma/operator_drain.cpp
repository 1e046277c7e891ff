// `higuma drain` and `higuma undrain`.
#include <algorithm>
#include <boost/json.hpp>
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

// A figure of the node's row in /api/node-status.
Task<double> figure_of(GatewayClient& gateway, std::string node, std::string figure) {
    const auto status = co_await gateway.get("/api/node-status");
    const auto& nodes = member(status, "nodes");
    for (const auto& row : nodes.is_array() ? nodes.get_array() : json::array{}) {
        if (text_at(row, "node_id") == node) co_return number_at(row, figure);
    }
    throw StartupError("there is no node " + node + " any more");
}

// Shows how a figure of the node falls to `goal`, until it is there.
struct Fall {
    std::string node;
    std::string figure;
    double goal = 0;
    const char* what;
};

Task<> follow(GatewayClient& gateway, Fall fall) {
    Progress progress(fall.what);
    const auto executor = co_await boost::asio::this_coro::executor;
    auto first = figure_of(gateway, fall.node, fall.figure);
    const double begin = co_await std::move(first);
    const double total = std::max(begin - fall.goal, 0.0);
    for (double now = begin;;) {
        const double done = std::clamp(begin - now, 0.0, total);
        progress.show(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
        if (now <= fall.goal) co_return;
        co_await pause(executor, kLook);
        auto next = figure_of(gateway, fall.node, fall.figure);
        now = co_await std::move(next);
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
    if (!options.wait) co_return 0;
    Fall emptied{options.node, "monitor_count", pinned, "monitors moved"};
    auto wait = follow(gateway, std::move(emptied));
    co_await std::move(wait);
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
    if (!options.wait) co_return 0;
    Fall home{options.node, "monitors_away", 0, "monitors home"};
    auto wait = follow(gateway, std::move(home));
    co_await std::move(wait);
    co_return 0;
}

}  // namespace higuma::app
