#include "up/cluster.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/result.hpp"
#include "up/mariadb_server.hpp"

namespace higuma::app {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

void tell(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

LocalCluster::LocalCluster(UpOptions options, DataFolder& folder,
                           boost::asio::any_io_executor executor, std::shared_ptr<StopSignal> stop)
    : options_(std::move(options)),
      folder_(folder),
      executor_(executor),
      stop_(std::move(stop)),
      supervisor_(executor, tell),
      database_(mariadb_settings(folder)) {
    for (int number = 1; number <= options_.nodes; ++number) {
        node_ports_.push_back(folder.port(fmt::format("node{}", number)));
    }
}

// Names of a gateway's parts: the first has none in it, as if it were the only one.
static std::string numbered(const std::string& name, int number) {
    return number == 1 ? name : name + std::to_string(number);
}

std::string LocalCluster::url(int gateway) const {
    const bool any = options_.bind == "0.0.0.0" || options_.bind == "::";
    const bool v6 = options_.bind.find(':') != std::string::npos;
    const auto host = any ? "127.0.0.1" : v6 ? "[" + options_.bind + "]" : options_.bind;
    return fmt::format("http://{}:{}", host, options_.port + gateway - 1);
}

std::string LocalCluster::listen_address(int gateway) const {
    const bool v6 = options_.bind.find(':') != std::string::npos;
    return fmt::format("{}:{}", v6 ? "[" + options_.bind + "]" : options_.bind,
                       options_.port + gateway - 1);
}

GatewayPaths LocalCluster::gateway_paths(int gateway) const {
    return GatewayPaths(folder_.file(numbered("gateway", gateway)));
}

std::string LocalCluster::node_address(int number) const {
    return fmt::format("127.0.0.1:{}", node_ports_.at(static_cast<std::size_t>(number - 1)));
}

void LocalCluster::throw_if_dead(const std::string& name) const {
    const auto* child = supervisor_.find(name);
    if (child == nullptr || child->running()) return;
    throw StartupError(fmt::format("{} {}: {}", name, child->ending(), child->tail()));
}

void LocalCluster::throw_if_any_dead() const {
    for (const auto* child : supervisor_.children()) throw_if_dead(child->spec().name);
}

Task<bool> LocalCluster::wait_for_database() {
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < until) {
        throw_if_dead("mariadb");
        store::Connection db(database_);
        // The init file runs before connections are let in, but a crash recovery may take a while.
        if (db.connect()) co_return true;
        if (co_await stop_->wait_for(100ms)) co_return false;
    }
    throw StartupError("mariadb did not answer within 60 s; its log: " + folder_.log("mariadb"));
}

Task<bool> LocalCluster::start_database() {
    tell("  database   starting MariaDB in " + folder_.file("mariadb"));
    initialize_mariadb(folder_);
    supervisor_.keep(mariadb_child(folder_, database_));
    folder_.write_database_settings(database_);
    if (!co_await wait_for_database()) co_return false;
    if (!co_await prepare_database(database_, stop_)) co_return false;
    const auto environment = process_environment();
    create_first_user(database_, environment("HIGUMA_ADMIN_USER"),
                      environment("HIGUMA_ADMIN_PASSWORD"));
    co_return true;
}

static std::map<std::string, std::string> database_environment(const store::DatabaseConfig& db) {
    return {{"DB_HOST", db.host}, {"DB_PORT", std::to_string(db.port)},
            {"DB_USER", db.user}, {"DB_PASSWORD", db.password},
            {"DB_NAME", db.name}, {"HIGUMA_DB_SOCKET", db.socket}};
}

static std::string own_binary() { return fs::read_symlink("/proc/self/exe").string(); }

ChildSpec LocalCluster::node_child(int number) {
    const auto id = fmt::format("node{}", number);
    ChildSpec spec;
    spec.name = id;
    spec.command = {own_binary(), "node"};
    spec.dropped_prefixes = {"DB_", "UPTIME_KUMA_", "HIGUMA_LISTEN=", "HIGUMA_ADMIN_"};
    spec.environment = database_environment(database_);
    spec.environment["UPTIME_KUMA_NODE_ID"] = id;
    spec.environment["UPTIME_KUMA_NODE_NAME"] = fmt::format("Node {}", number);
    spec.environment["UPTIME_KUMA_NODE_HOST"] = node_address(number);
    spec.environment["HIGUMA_LISTEN"] = node_address(number);
    spec.environment["UPTIME_KUMA_PRIMARY"] = number == 1 ? "true" : "false";
    spec.environment["HIGUMA_DATA"] = folder_.path();
    spec.environment["HIGUMA_CLUSTER_FOLDER"] = folder_.path();
    spec.log_path = folder_.log(id);
    return spec;
}

ChildSpec LocalCluster::controller_child(int gateway) {
    ChildSpec spec;
    spec.name = numbered("controller", gateway);
    spec.command = {own_binary(), "gateway", "--controller-only"};
    spec.dropped_prefixes = {"DB_", "UPTIME_KUMA_", "HIGUMA_LISTEN=", "HIGUMA_ADMIN_"};
    spec.environment = database_environment(database_);
    spec.environment["UPTIME_KUMA_NODE_ID"] = numbered("nginx-node", gateway);
    spec.environment["HIGUMA_LISTEN"] = listen_address(gateway);
    spec.environment["HIGUMA_DATA"] = gateway_paths(gateway).folder;
    spec.environment["HIGUMA_CLUSTER_FOLDER"] = folder_.path();
    spec.environment["CLUSTER_NODE_COUNT"] = std::to_string(options_.nodes);
    spec.log_path = folder_.log(spec.name);
    return spec;
}

// Their controllers have written what their nginx needs.
bool LocalCluster::gateways_are_set_up() const {
    for (int gateway = 1; gateway <= options_.gateways; ++gateway) {
        const auto paths = gateway_paths(gateway);
        const bool table = fs::exists(paths.route_folder + "/nodes.route");
        if (!table || !fs::exists(paths.nginx_conf)) return false;
    }
    return true;
}

Task<bool> LocalCluster::start_nodes_and_controllers() {
    tell(fmt::format("  nodes      starting {}", options_.nodes));
    for (int number = 1; number <= options_.nodes; ++number) {
        supervisor_.keep(node_child(number));
    }
    tell(options_.gateways == 1 ? "  controller starting"
                                : fmt::format("  controller starting {}", options_.gateways));
    for (int gateway = 1; gateway <= options_.gateways; ++gateway) {
        // The configuration of an earlier run says nothing about this one.
        fs::remove(gateway_paths(gateway).nginx_conf);
        supervisor_.keep(controller_child(gateway));
    }
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (!gateways_are_set_up()) {
        throw_if_any_dead();
        if (std::chrono::steady_clock::now() > until) {
            throw StartupError("the controller wrote no route table within 60 s; its log: " +
                               folder_.log("controller"));
        }
        if (co_await stop_->wait_for(50ms)) co_return false;
    }
    co_return true;
}

bool LocalCluster::start_nginx() {
    for (int gateway = 1; gateway <= options_.gateways; ++gateway) {
        const auto paths = gateway_paths(gateway);
        tell("  gateway    starting nginx on " + url(gateway));
        test_nginx_conf(paths);
        auto spec = nginx_child(paths);
        spec.name = numbered("nginx", gateway);
        spec.log_path = folder_.log(spec.name);
        supervisor_.keep(std::move(spec));
    }
    return !stop_->requested();
}

static std::int64_t available_nodes(const std::string& body) {
    boost::system::error_code error;
    const auto value = boost::json::parse(body, error);
    if (error || !value.is_object()) return 0;
    const auto* count = value.get_object().if_contains("total_count");
    return count != nullptr && count->is_int64() ? count->get_int64() : 0;
}

Task<bool> LocalCluster::wait_for_nodes(net::HttpClient& http, std::string url, Deadline until) {
    const SystemClock clock;
    while (true) {
        throw_if_dead("nginx");
        net::HttpRequest request;
        request.url = url + "/lb/available-nodes";
        const auto answer = co_await http.send(request, Deadline::after(clock, 5s));
        if (answer && answer->status == 200 && available_nodes(answer->body) >= options_.nodes) {
            co_return true;
        }
        if (until.passed(clock.now())) {
            throw StartupError("not all nodes came online within 60 s; logs: " +
                               folder_.file("log"));
        }
        if (co_await stop_->wait_for(100ms)) co_return false;
    }
}

Task<bool> LocalCluster::wait_until_ready() {
    const auto clock = std::make_shared<SystemClock>();
    net::HttpClient http(executor_, clock);
    const auto until = Deadline::after(*clock, 60s);
    for (int gateway = 1; gateway <= options_.gateways; ++gateway) {
        auto wait = wait_for_nodes(http, url(gateway), until);
        const bool ready = co_await std::move(wait);
        if (!ready) co_return false;
    }
    co_return true;
}

void LocalCluster::print_ready() const {
    tell(
        fmt::format("\nThe cluster is ready.\n\n  Live page   {}/\n  API         {}/api/v1/\n"
                    "  Database    {} (port {} on 127.0.0.1)\n  Logs        {}\n",
                    url(), url(), database_.socket, database_.port, folder_.file("log")));
    for (int gateway = 2; gateway <= options_.gateways; ++gateway) {
        tell(fmt::format("  Gateway {}   {}/", gateway, url(gateway)));
    }
    for (const auto* child : supervisor_.children()) {
        const bool node = child->spec().name.starts_with("node");
        tell(fmt::format("  {:<11} pid {}{}", child->spec().name, child->pid(),
                         node ? "  " + child->spec().environment.at("HIGUMA_LISTEN") : ""));
    }
    tell(
        fmt::format("\nState: `higuma status --url {}`. Try `kill -9` on a node and watch the live "
                    "page.\nCtrl-C stops everything.\n",
                    url()));
}

// All of a kind at once: each drains for itself.
Task<> LocalCluster::stop_group(std::string prefix, Millis patience) {
    std::vector<std::string> names;
    for (const auto* child : supervisor_.children()) {
        if (child->spec().name.starts_with(prefix)) names.push_back(child->spec().name);
    }
    auto left = std::make_shared<std::size_t>(names.size());
    for (const auto& name : names) {
        auto end_one = [this, name, patience, left]() -> Task<> {
            co_await supervisor_.stop(name, patience);
            --*left;
        };
        boost::asio::co_spawn(executor_, std::move(end_one), boost::asio::detached);
    }
    while (*left > 0) co_await pause(executor_, 20ms);
}

Task<> LocalCluster::stop_all() {
    tell("Stopping: gateway, nodes, database ...");
    co_await stop_group("nginx", 1500ms);
    co_await stop_group("controller", 1500ms);
    co_await stop_group("node", 3s);
    co_await supervisor_.stop("mariadb", 3500ms);
    tell("Stopped.");
}

}  // namespace higuma::app
