#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>

#include "base/json_text.hpp"
#include "commands.hpp"
#include "gateway_client.hpp"

namespace higuma::app {

namespace json = boost::json;

namespace {

struct Colors {
    bool on = ::isatty(STDOUT_FILENO) == 1;
    std::string paint(std::string_view text, const char* code, std::size_t width) const {
        const auto padded = fmt::format("{:<{}}", text, width);
        return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, padded) : padded;
    }
    std::string status(std::string_view status, std::size_t width) const {
        const char* code = status == "online" ? "32" : status == "offline" ? "31;1" : "33";
        return paint(status, code, width);
    }
};

void print_nodes(const json::value& status) {
    const Colors colors;
    std::printf("%-14s %-11s %9s %9s %7s %9s  %s\n", "NODE", "STATUS", "MONITORS", "LIMIT",
                "USED %", "CHECKS/S", "LAST SEEN");
    const auto& nodes = member(member(status, "health"), "nodes");
    if (!nodes.is_array()) return;
    for (const auto& node : nodes.get_array()) {
        std::printf("%-14s %s %9s %9s %7s %9s  %s\n", text_at(node, "node_id").c_str(),
                    colors.status(text_at(node, "status"), 11).c_str(),
                    text_at(node, "monitor_count").c_str(), text_at(node, "limit").c_str(),
                    text_at(node, "usage_percent").c_str(),
                    text_at(node, "checks_per_second").c_str(), text_at(node, "last_seen").c_str());
    }
}

void print_events(const json::value& health) {
    const auto& events = member(health, "history");
    if (!events.is_array() || events.get_array().empty()) return;
    std::printf("\nLATEST EVENTS\n");
    std::size_t shown = 0;
    for (const auto& event : events.get_array()) {
        if (++shown > 8) break;
        std::printf("  %s  %s\n", text_at(event, "time").c_str(), text_at(event, "detail").c_str());
    }
}

Task<int> status_main(StatusOptions options, boost::asio::any_io_executor executor) {
    GatewayClient gateway({options.url, ""}, executor);
    const auto status = co_await gateway.get("/api/system-status");
    if (options.json) {
        std::printf("%s\n", json_text(status).c_str());
        co_return 0;
    }
    const auto history = co_await gateway.get("/api/health-check-status");
    print_nodes(status);
    const auto& leader = member(status, "leader");
    std::printf("\nLeader: %s   Gateway: %s\n", text_at(leader, "holder").c_str(),
                options.url.c_str());
    print_events(history);
    co_return 0;
}

}  // namespace

int run_status(const StatusOptions& options) {
    return run_on_loop(
        [options](boost::asio::any_io_executor executor, std::shared_ptr<StopSignal>) {
            return status_main(options, executor);
        });
}

}  // namespace higuma::app
