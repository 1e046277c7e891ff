#include "up/demo.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <optional>

#include "api/auth.hpp"
#include "api/http/server.hpp"
#include "net/http_client.hpp"
#include "store/users.hpp"
#include "up/cluster.hpp"

namespace higuma::app {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto kOnFor = 60s;
constexpr auto kOffFor = 30s;
constexpr auto kPushEvery = 8s;

// The demo works like any API client, through the gateway.
class DemoClient {
  public:
    DemoClient(DemoTargets targets, asio::any_io_executor executor)
        : targets_(std::move(targets)),
          clock_(std::make_shared<SystemClock>()),
          http_(executor, clock_) {
        const auto db = connect_or_throw(targets_.database);
        const auto secret = store::jwt_secret(*db);
        if (!secret) fail_start("database", secret.error());
        secret_ = *secret;
    }

    Task<Result<json::value>> call(std::string method, std::string path, std::string body) {
        net::HttpRequest request;
        request.method = std::move(method);
        request.url = targets_.gateway_url + path;
        request.body = std::move(body);
        request.bearer_token = api::make_service_token(secret_, clock_->wall_now(), 60s);
        request.headers = {{"Content-Type", "application/json"}};
        const auto answer = co_await http_.send(std::move(request), Deadline::after(*clock_, 10s));
        if (!answer) co_return answer.error();
        boost::system::error_code error;
        auto value = json::parse(answer->body, error);
        if (error || answer->status >= 300) {
            co_return Failure{ErrorKind::internal,
                              fmt::format("{} {} answered {}: {}", path, answer->status,
                                          answer->reason, answer->body.substr(0, 200)),
                              ""};
        }
        co_return value;
    }

    const DemoTargets& targets() const { return targets_; }

  private:
    DemoTargets targets_;
    std::shared_ptr<const Clock> clock_;
    net::HttpClient http_;
    std::string secret_;
};

json::object http_monitor(const std::string& name, const std::string& url) {
    return {
        {"name", name}, {"type", "http"}, {"url", url}, {"interval", 10}, {"retry_interval", 5}};
}

std::vector<json::object> demo_monitors(const DemoTargets& targets) {
    std::vector<json::object> out;
    out.push_back(http_monitor("Demo: gateway", targets.gateway_url + "/health"));
    for (std::size_t i = 0; i < targets.node_addresses.size(); ++i) {
        out.push_back(http_monitor(fmt::format("Demo: node {}", i + 1),
                                   "http://" + targets.node_addresses[i] + "/api/v1/health"));
    }
    out.push_back({{"name", "Demo: live page has its title"},
                   {"type", "keyword"},
                   {"url", targets.gateway_url + "/"},
                   {"keyword", "Higuma"},
                   {"interval", 15}});
    out.push_back({{"name", "Demo: database port"},
                   {"type", "port"},
                   {"hostname", "127.0.0.1"},
                   {"port", targets.database_port},
                   {"interval", 10}});
    out.push_back({{"name", "Demo: push, fed by `higuma up`"}, {"type", "push"}, {"interval", 10}});
    auto blinking = http_monitor("Demo: target that is turned off and on",
                                 fmt::format("http://127.0.0.1:{}/", targets.blinking_port));
    blinking["interval"] = 5;
    blinking["maxretries"] = 1;
    blinking["retry_interval"] = 3;
    out.push_back(std::move(blinking));
    return out;
}

// By name, as the answer of the list endpoint tells it.
const json::object* find_monitor(const json::value& list, std::string_view name) {
    const auto* monitors = list.as_object().if_contains("monitors");
    if (monitors == nullptr || !monitors->is_array()) return nullptr;
    for (const auto& monitor : monitors->get_array()) {
        const auto* found = monitor.as_object().if_contains("name");
        if (found != nullptr && found->is_string() && found->get_string() == name) {
            return &monitor.get_object();
        }
    }
    return nullptr;
}

// The port of the blinking target may have changed since the last run.
Task<Result<json::value>> ensure_monitor(DemoClient& client, const json::value& list,
                                         json::object wanted) {
    const auto* there = find_monitor(list, wanted.at("name").as_string());
    if (there == nullptr) {
        co_return co_await client.call("POST", "/api/v1/monitors", json::serialize(wanted));
    }
    const auto path = fmt::format("/api/v1/monitors/{}", there->at("id").to_number<std::int64_t>());
    co_return co_await client.call("PATCH", path, json::serialize(wanted));
}

// Returns the push token. Tries again while the cluster is still settling.
Task<std::string> ensure_monitors(DemoClient& client, std::shared_ptr<StopSignal> stop) {
    std::string token;
    while (!stop->requested()) {
        const auto list =
            co_await client.call("GET", "/api/v1/monitors?limit=200&search=Demo:", "");
        bool done = list.has_value();
        for (auto& wanted : demo_monitors(client.targets())) {
            if (!done) break;
            const auto made = co_await ensure_monitor(client, *list, wanted);
            done = made.has_value();
            if (!done) spdlog::warn("demo: {}", made.error().message);
            if (!done || wanted.at("type").as_string() != "push") continue;
            token = json::value_to<std::string>(made->at("push_token"));
        }
        if (done) break;
        co_await stop->wait_for(2s);
    }
    co_return token;
}

Task<> feed_push(DemoClient& client, std::string token, std::shared_ptr<StopSignal> stop) {
    while (!stop->requested()) {
        co_await client.call("GET", "/api/push/" + token + "?status=up&msg=OK&ping=1", "");
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
    DemoClient client(std::move(targets), executor);
    const auto token = co_await ensure_monitors(client, stop);
    tell(fmt::format("The demo's monitors are there. One target is on for {} s and off for {} s.",
                     kOnFor.count(), kOffFor.count()));
    co_await feed_push(client, token, stop);
}

}  // namespace higuma::app
