#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>

#include "api/auth.hpp"
#include "api/controller_api.hpp"
#include "base/log.hpp"
#include "base/log_ring.hpp"
#include "commands.hpp"
#include "nginx_conf.hpp"
#include "process/debugger.hpp"
#include "process/log_rotation.hpp"
#include "process/nginx_keeper.hpp"
#include "store/users.hpp"

namespace higuma::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto kDrainTime = 4s;
constexpr std::size_t kDatabaseThreads = 4;
constexpr std::size_t kDatabaseQueue = 128;

cluster::ControllerConfig controller_config(const config::GatewayConfig& config,
                                            const GatewayPaths& paths) {
    cluster::ControllerConfig controller;
    // Two gateways may carry the same name by mistake; they must not share a lease.
    controller.self = config.id + "-" + api::random_token(8);
    controller.gateway = config.id;
    controller.gateway_address = config.listen;
    controller.version = HIGUMA_VERSION;
    controller.heartbeat_interval = config.heartbeat_interval;
    controller.detector = config.detector;
    controller.health_path = config.health_path;
    controller.health_codes = config.health_codes;
    controller.monitor_limit_per_node = config.monitor_limit_per_node;
    controller.expected_nodes = config.cluster_node_count;
    controller.load_update_interval = config.load_update_interval;
    controller.fault_scan_interval = config.fault_scan_interval;
    controller.failover_check_interval = config.failover_check_interval;
    controller.route_directory = paths.route_folder;
    controller.algorithm = config.algorithm;
    controller.churn_percent_per_minute = config.churn_percent_per_minute;
    return controller;
}

std::function<std::string()> service_tokens(const store::DatabaseConfig& database,
                                            std::shared_ptr<const Clock> clock) {
    const auto db = connect_or_throw(database);
    auto secret = store::jwt_secret(*db);
    if (!secret) fail_start("database", secret.error());
    return [clock, secret = *secret] {
        return api::make_service_token(secret, clock->wall_now(), 60s);
    };
}

Task<int> control(config::GatewayConfig config, GatewayPaths paths, std::shared_ptr<LogRing> log,
                  asio::any_io_executor executor, std::shared_ptr<StopSignal> stop) {
    const auto clock = std::make_shared<SystemClock>();
    if (!co_await prepare_database(config.database, stop)) co_return 0;
    store::Database db(config.database, kDatabaseThreads, kDatabaseQueue, clock);
    net::HttpClient http(executor, clock);
    net::Resolver resolver(executor, clock, config.resolver);
    cluster::Controller controller(controller_config(config, paths), executor, clock, db, resolver,
                                   http, service_tokens(config.database, clock));
    api::LiveView live(executor, clock, db, controller);
    auto context = std::make_shared<api::ControllerApiContext>(api::ControllerApiContext{
        config.id, HIGUMA_VERSION, clock, config.monitor_limit_per_node,
        config.log.level == "debug", config.admin_token, config.admin_allow, db, controller, live});
    context->api_rate_limit = config.api_rate_limit;
    context->http = &http;
    context->nginx_status_socket = paths.status_socket;
    context->log = std::move(log);
    api::HttpServer server(executor, clock, api::ServerLimits{},
                           api::controller_endpoints(context));
    context->server = &server;
    server.listen("unix:" + paths.controller_socket);
    spdlog::info("controller {} runs; gateway on {}", config.id, config.listen);

    asio::co_spawn(executor, rotate_nginx_logs(executor, paths, stop), asio::detached);
    asio::co_spawn(executor, controller.run(), asio::detached);
    co_await stop->wait();

    spdlog::info("controller {} stops", config.id);
    const auto deadline = Deadline::after(*clock, kDrainTime);
    co_await server.drain(deadline);
    co_await controller.drain(deadline);
    co_return 0;
}

Task<int> gateway_main(config::GatewayConfig config, GatewayPaths paths,
                       std::shared_ptr<LogRing> log, bool controller_only,
                       asio::any_io_executor executor, std::shared_ptr<StopSignal> stop) {
    // nginx first: it routes on its last table even while the database is away.
    std::optional<NginxKeeper> nginx;
    if (!controller_only) {
        test_nginx_conf(paths);
        nginx.emplace(executor, paths, [](const std::string& line) { spdlog::warn("{}", line); });
        nginx->start();
    }
    const int exit_code = co_await control(config, paths, std::move(log), executor, stop);
    if (nginx) co_await nginx->stop(3s);
    co_return exit_code;
}

}  // namespace

int run_gateway(const GatewayOptions& options) {
    const auto environment = process_environment();
    const auto config = config::load_gateway(environment, options.source.toml_file);
    const std::vector<std::string> secrets{config.admin_token, config.database.password};
    const auto log = std::make_shared<LogRing>(secrets);
    init_log(config.id, config.log.level, log);
    start_debugger(config.log);
    const GatewayPaths paths(config.data_folder);
    write_nginx_conf(config, paths, find_module(environment));
    const bool controller_only = options.controller_only;
    return run_on_loop([=](asio::any_io_executor executor, std::shared_ptr<StopSignal> stop) {
        return gateway_main(config, paths, log, controller_only, executor, stop);
    });
}

}  // namespace higuma::app
