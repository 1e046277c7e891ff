#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>

#include "commands.hpp"
#include "net/http_client.hpp"

namespace higuma::app {

namespace json = boost::json;
using namespace std::chrono_literals;

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

// The fields below come from our own gateway, but it may be of another version: a missing one is
// shown as "-" instead of ending the command.
std::string text_at(const json::value& object, std::string_view key) {
    const auto* found = object.is_object() ? object.get_object().if_contains(key) : nullptr;
    if (found == nullptr || found->is_null()) return "-";
    if (found->is_string()) return std::string(found->get_string());
    if (found->is_double()) return fmt::format("{:.1f}", found->get_double());
    return json::serialize(*found);
}

const json::value& member(const json::value& object, std::string_view key) {
    static const json::value nothing;
    const auto* found = object.is_object() ? object.get_object().if_contains(key) : nullptr;
    return found == nullptr ? nothing : *found;
}

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

Task<std::string> fetch(net::HttpClient& http, const std::string& url,
                        std::shared_ptr<const Clock> clock) {
    net::HttpRequest request;
    request.url = url;
    request.max_body = 16 << 20;
    const auto answer = co_await http.send(std::move(request), Deadline::after(*clock, 10s));
    if (!answer) {
        throw StartupError(url + ": " + answer.error().message +
                           " (is the cluster running? --url names the gateway)");
    }
    if (answer->status != 200) {
        throw StartupError(
            fmt::format("{} answered {}: {}", url, answer->status, answer->body.substr(0, 300)));
    }
    co_return answer->body;
}

json::value parse_answer(const std::string& body) {
    boost::system::error_code error;
    auto value = json::parse(body, error);
    if (error) throw StartupError("the answer is not JSON; does --url name a Higuma gateway?");
    return value;
}

Task<int> status_main(StatusOptions options, boost::asio::any_io_executor executor) {
    const auto clock = std::make_shared<SystemClock>();
    net::HttpClient http(executor, clock);
    const auto body = co_await fetch(http, options.url + "/api/system-status", clock);
    if (options.json) {
        std::printf("%s\n", body.c_str());
        co_return 0;
    }
    const auto status = parse_answer(body);
    const auto history =
        parse_answer(co_await fetch(http, options.url + "/api/health-check-status", clock));
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
