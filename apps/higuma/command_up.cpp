#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.hpp"
#include "commands.hpp"
#include "nginx_conf.hpp"
#include "store/users.hpp"
#include "up/cluster.hpp"
#include "up/data_folder.hpp"
#include "up/demo.hpp"
#include "up/leftovers.hpp"
#include "up/mariadb_server.hpp"

namespace higuma::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// What can be known to fail before anything is started.
void check_before_start(const UpOptions& options) {
    require_mariadb_programs();
    find_module(process_environment());
    find_nginx();
    for (int port = options.port; port < options.port + options.gateways; ++port) {
        if (port <= 65535 && port_is_free(options.bind, port)) continue;
        throw StartupError(
            fmt::format("port {} on {} is in use by another program; choose another "
                        "with --port",
                        port, options.bind));
    }
}

DemoTargets demo_targets(const UpOptions& options, const LocalCluster& cluster,
                         DataFolder& folder) {
    DemoTargets targets;
    targets.gateway_url = cluster.url();
    for (int number = 1; number <= options.nodes; ++number) {
        targets.node_addresses.push_back(cluster.node_address(number));
    }
    targets.database_port = cluster.database().port;
    targets.blinking_port = folder.port("demo");
    targets.database = cluster.database();
    return targets;
}

Task<bool> start_cluster(LocalCluster& cluster) {
    // One by one: GCC 12 evaluates a plain call between awaits of one expression out of order.
    const bool has_database = co_await cluster.start_database();
    if (!has_database) co_return false;
    const bool has_controllers = co_await cluster.start_nodes_and_controllers();
    if (!has_controllers || !cluster.start_nginx()) co_return false;
    co_return co_await cluster.wait_until_ready();
}

void warn_without_user(const store::DatabaseConfig& database, const DataFolder& folder) {
    const auto db = connect_or_throw(database);
    const auto users = store::count_users(*db);
    if (users && *users == 0) {
        tell("There is no user yet: `higuma user create NAME --data " + folder.path() + "`\n");
    }
}

Task<int> up_main(UpOptions options, asio::any_io_executor executor,
                  std::shared_ptr<StopSignal> stop) {
    DataFolder folder(options.data);
    co_await end_leftovers(folder.path(), stop);
    check_before_start(options);

    tell("Higuma starts in " + folder.path());
    LocalCluster cluster(options, folder, executor, stop);
    std::exception_ptr failure;
    try {
        if (co_await start_cluster(cluster)) {
            cluster.print_ready();
            warn_without_user(cluster.database(), folder);
            if (options.demo) {
                asio::co_spawn(executor,
                               run_demo(demo_targets(options, cluster, folder), executor, stop),
                               asio::detached);
            }
            co_await stop->wait();
        }
    } catch (const std::exception&) {
        failure = std::current_exception();
    }
    co_await cluster.stop_all();
    if (failure) std::rethrow_exception(failure);
    co_return 0;
}

}  // namespace

int run_up(const UpOptions& options) {
    init_log("up", "warn");
    return run_on_loop([options](asio::any_io_executor executor, std::shared_ptr<StopSignal> stop) {
        return up_main(options, executor, stop);
    });
}

}  // namespace higuma::app
