// `higuma route`, `higuma rebalance` and `higuma operations`.
#include <boost/json.hpp>
#include <cstdio>

#include "base/json_text.hpp"
#include "operator_commands.hpp"
#include "progress.hpp"

namespace higuma::app {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto kLook = 500ms;
constexpr int kMostLooksForIt = 20;

json::object reason_of(const OperatorOptions& options) {
    json::object body;
    if (!options.reason.empty()) body["reason"] = options.reason;
    return body;
}

// The status of the rebalancing with this id, once it is over. A gateway learns of it by its next
// look at the database.
Task<json::value> follow(GatewayClient& gateway, double id, bool quiet) {
    Progress progress("monitors moved");
    const auto executor = co_await boost::asio::this_coro::executor;
    for (int looks = 0;; ++looks) {
        auto ask = gateway.get("/api/rebalancing-status");
        auto status = co_await std::move(ask);
        const bool known = number_at(status, "id") == id;
        if (!known && looks >= kMostLooksForIt) {
            throw StartupError("the gateway does not know of this rebalancing; another one began");
        }
        if (known && !quiet) {
            progress.show(static_cast<std::uint64_t>(number_at(status, "done")),
                          static_cast<std::uint64_t>(number_at(status, "planned")));
        }
        if (known && !flag_at(status, "running")) co_return status;
        co_await pause(executor, kLook);
    }
}

void print_mode(const json::value& mode) {
    const auto forced = text_at(mode, "forced_node");
    std::printf("Routing: %s   Algorithm: %s\n", text_at(mode, "mode").c_str(),
                text_at(mode, "algorithm").c_str());
    if (forced != "-") {
        std::printf("Forced to %s, which is %s\n", forced.c_str(),
                    flag_at(mode, "forced_node_online") ? "online" : "not online now");
    }
}

}  // namespace

Task<int> route_main(OperatorOptions options, boost::asio::any_io_executor executor) {
    if (options.restore && !options.node.empty()) {
        throw StartupError("give a node or --restore, not both");
    }
    GatewayClient gateway(options.access, executor);
    if (!options.restore && options.node.empty()) {
        print_mode(co_await gateway.get("/api/lb/routing-mode"));
        co_return 0;
    }
    const auto path = options.restore ? std::string("/api/lb/restore-ltm")
                                      : "/api/lb/force-route-to/" + segment(options.node);
    const auto answer = co_await gateway.post(path, reason_of(options));
    std::printf("%s\n", text_at(answer, "msg").c_str());
    co_return 0;
}

Task<int> rebalance_main(OperatorOptions options, boost::asio::any_io_executor executor) {
    GatewayClient gateway(options.access, executor);
    const auto* path = options.all ? "/api/force-rebalance-all" : "/api/trigger-rebalancing";
    const auto answer = co_await gateway.post(path, reason_of(options));
    const bool over = !options.wait || !flag_at(answer, "started");
    if (options.json && over) {
        std::printf("%s\n", json_text(answer).c_str());
        co_return 0;
    }
    if (!options.json) {
        const auto& figures = member(answer, "figures");
        std::printf("%s; busiest node %.2f of the mean now, %.2f afterwards\n",
                    text_at(answer, "msg").c_str(), number_at(figures, "max_over_mean_before"),
                    number_at(figures, "max_over_mean_after"));
    }
    if (over) co_return 0;
    auto wait = follow(gateway, number_at(answer, "id"), options.json);
    const auto status = co_await std::move(wait);
    if (options.json) std::printf("%s\n", json_text(status).c_str());
    co_return number_at(status, "failed") > 0 ? 1 : 0;
}

Task<int> operations_main(OperatorOptions options, boost::asio::any_io_executor executor) {
    GatewayClient gateway(options.access, executor);
    auto path = "/lb/operations?limit=" + std::to_string(options.limit);
    if (options.before > 0) path += "&before=" + std::to_string(options.before);
    const auto answer = co_await gateway.get(path);
    if (options.json) {
        std::printf("%s\n", json_text(answer).c_str());
        co_return 0;
    }
    std::printf("%-24s %-12s %-16s %-20s %-8s %s\n", "TIME", "WHO", "ACTION", "TARGET", "RESULT",
                "WHY AND WHAT");
    const auto& rows = member(answer, "operations");
    for (const auto& row : rows.is_array() ? rows.get_array() : json::array{}) {
        const auto reason = text_at(row, "reason");
        const auto why = reason.empty() || reason == "-" ? "" : reason + ": ";
        std::printf("%-24s %-12s %-16s %-20s %-8s %s%s\n", text_at(row, "time").c_str(),
                    text_at(row, "actor").c_str(), text_at(row, "action").c_str(),
                    text_at(row, "target").c_str(), text_at(row, "result").c_str(), why.c_str(),
                    text_at(row, "detail").c_str());
    }
    if (!member(answer, "next_before").is_null()) {
        std::printf("older ones: higuma operations --before %s\n",
                    text_at(answer, "next_before").c_str());
    }
    co_return 0;
}

}  // namespace higuma::app
