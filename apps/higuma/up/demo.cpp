#include "up/demo.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "api/auth.hpp"
#include "api/http/server.hpp"
#include "net/http_client.hpp"
#include "store/cluster.hpp"
#include "store/monitors.hpp"
#include "up/cluster.hpp"

namespace higuma::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto kOnFor = 60s;
constexpr auto kOffFor = 30s;
constexpr auto kPushEvery = 8s;

std::vector<Monitor> demo_monitors(const DemoTargets& targets) {
    std::vector<Monitor> out;
    const auto add = [&out](const std::string& name, const std::string& type) -> Monitor& {
        Monitor monitor;
        monitor.name = "Demo: " + name;
        monitor.type = type;
        monitor.interval = 10s;
        monitor.retry_interval = 5s;
        out.push_back(std::move(monitor));
        return out.back();
    };
    add("gateway", "http").url = targets.gateway_url + "/health";
    for (std::size_t i = 0; i < targets.node_addresses.size(); ++i) {
        add(fmt::format("node {}", i + 1), "http").url =
            "http://" + targets.node_addresses[i] + "/api/v1/health";
    }
    auto& page = add("the live page has its title", "keyword");
    page.url = targets.gateway_url + "/";
    page.keyword = "Higuma";
    auto& database = add("database port", "port");
    database.hostname = "127.0.0.1";
    database.port = targets.database_port;
    add("push, fed by `higuma up`", "push").push_token = api::random_token(32);
    auto& blinking = add("target that is turned off and on", "http");
    blinking.url = fmt::format("http://127.0.0.1:{}/", targets.blinking_port);
    blinking.interval = 5s;
    blinking.retry_interval = 3s;
    blinking.max_retries = 1;
    return out;
}

// The online node with the most room, as a monitor that is added over REST gets it.
Result<NodeId> node_with_room(store::Connection& db, int limit) {
    const auto capacities = store::capacities(db, limit);
    if (!capacities) return capacities.error();
    const auto room = [](const store::NodeCapacity& node) {
        return node.limit - node.current_count;
    };
    const auto best =
        std::max_element(capacities->begin(), capacities->end(),
                         [&](const auto& a, const auto& b) { return room(a) < room(b); });
    if (best == capacities->end()) return Failure{ErrorKind::not_found, "there is no node", ""};
    return best->node;
}

// Ports and tokens may have changed since an earlier run; the monitor keeps its id and its history.
Result<std::string> ensure_monitor(store::Connection& db, Monitor wanted) {
    store::MonitorFilter filter;
    filter.search = wanted.name;
    const auto found = store::list_monitors(db, filter);
    if (!found) return found.error();
    for (const auto& there : found->monitors) {
        if (there.name != wanted.name) continue;
        wanted.id = there.id;
        if (wanted.type == "push") return there.push_token;
        const auto updated = store::update_monitor(db, wanted);
        if (!updated) return updated.error();
        return wanted.push_token;
    }
    constexpr int kAnyLimit = 1'000'000;
    const auto home = node_with_room(db, kAnyLimit);
    if (!home) return home.error();
    wanted.assignment.home = *home;
    const auto made = store::create_monitor(db, wanted, kAnyLimit);
    if (!made) return made.error();
    return wanted.push_token;
}

// Returns the push token.
std::string ensure_monitors(const DemoTargets& targets) {
    const auto db = connect_or_throw(targets.database);
    std::string token;
    for (const auto& monitor : demo_monitors(targets)) {
        const auto made = ensure_monitor(*db, monitor);
        if (!made) fail_start("demo", made.error());
        if (monitor.type == "push") token = *made;
    }
    return token;
}

Task<> feed_push(std::string url, asio::any_io_executor executor,
                 std::shared_ptr<StopSignal> stop) {
    const auto clock = std::make_shared<SystemClock>();
    net::HttpClient http(executor, clock);
    while (!stop->requested()) {
        net::HttpRequest request;
        request.url = url;
        // A push that is lost shows as what it is: the monitor goes down.
        co_await http.send(std::move(request), Deadline::after(*clock, 5s));
        co_await stop->wait_for(kPushEvery);
    }
}

Task<> blink(int port, asio::any_io_executor executor, std::shared_ptr<StopSignal> stop) {
    const auto clock = std::make_shared<SystemClock>();
    const auto hello = [](api::Request) -> Task<api::Response> {
        co_return api::Response::text("The lights are on.\n", "text/plain; charset=utf-8");
    };
    while (!stop->requested()) {
        {
            api::HttpServer server(executor, clock, api::ServerLimits{}, {{"GET", "/", hello}});
            server.listen(fmt::format("127.0.0.1:{}", port));
            co_await stop->wait_for(kOnFor);
            co_await server.drain(Deadline::after(*clock, 1s));
        }
        if (!stop->requested()) co_await stop->wait_for(kOffFor);
    }
}

}  // namespace

Task<> run_demo(DemoTargets targets, asio::any_io_executor executor,
                std::shared_ptr<StopSignal> stop) {
    asio::co_spawn(executor, blink(targets.blinking_port, executor, stop), asio::detached);
    const auto token = ensure_monitors(targets);
    tell(fmt::format("The demo's monitors are there. One target is on for {} s and off for {} s.",
                     kOnFor.count(), kOffFor.count()));
    co_await feed_push(targets.gateway_url + "/api/push/" + token + "?status=up&msg=OK&ping=1",
                       executor, stop);
}

}  // namespace higuma::app
