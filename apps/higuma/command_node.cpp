#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "api/auth.hpp"
#include "api/node_api.hpp"
#include "base/log.hpp"
#include "checks/services.hpp"
#include "cluster/domain_watch.hpp"
#include "cluster/janitor.hpp"
#include "cluster/proxy_reader.hpp"
#include "commands.hpp"
#include "process/debugger.hpp"
#include "process/open_files.hpp"
#include "store/users.hpp"

namespace higuma::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// The process has this long to write its last beats and end its last answers.
constexpr auto kDrainTime = 5s;
constexpr auto kAnswerTime = 1s;  // of it, for answers under way
constexpr std::size_t kDatabaseThreads = 6;
constexpr std::size_t kBeatThreads = 3;  // for beats, for groups' children and for findings
constexpr std::size_t kDatabaseQueue = 512;

engine::EngineConfig engine_config(const config::NodeConfig& config) {
    engine::EngineConfig engine;
    engine.node = config.id;
    if (!config.data_folder.empty()) {
        engine.spool_path = config.data_folder + "/" + config.id.value + ".spool";
    }
    return engine;
}

cluster::NodeAgentConfig agent_config(const config::NodeConfig& config) {
    cluster::NodeAgentConfig agent;
    agent.self.id = config.id;
    agent.self.name = config.name;
    agent.self.host = config.host;
    agent.self.is_primary = config.primary;
    agent.self.monitor_limit = config.monitor_limit;
    agent.self.weight = config.weight;
    agent.self.version = HIGUMA_VERSION;
    return agent;
}

cluster::DomainWatchConfig domain_watch_config(const config::NodeConfig& config) {
    cluster::DomainWatchConfig watch;
    watch.self = config.id;
    if (config.rdap_directory != "off") watch.directory_url = config.rdap_directory;
    return watch;
}

std::string read_jwt_secret(const store::DatabaseConfig& config) {
    const auto db = connect_or_throw(config);
    auto secret = store::jwt_secret(*db);
    if (!secret) fail_start("database", secret.error());
    return *secret;
}

Task<int> node_main(config::NodeConfig config, asio::any_io_executor executor,
                    std::shared_ptr<StopSignal> stop) {
    const auto clock = std::make_shared<SystemClock>();
    if (!co_await prepare_database(config.database, stop)) co_return 0;
    create_first_user(config.database, config.admin_user, config.admin_password);
    const auto secret = read_jwt_secret(config.database);
    const auto service_token = [clock, secret] {
        return api::make_service_token(secret, clock->wall_now(), 60s);
    };

    store::Database db(config.database, kDatabaseThreads, kDatabaseQueue, clock);
    // Beats have threads of their own: a burst of API reads cannot hold them up.
    store::Database beat_db(config.database, kBeatThreads, 64, clock);
    store::Database janitor_db(config.database, 1, 4, clock);
    const auto checking = engine_config(config);
    checks::Services services({config.resolver, checking.limits.all}, executor, clock);
    engine::Engine engine(checking, executor, clock, services.context(), beat_db);
    cluster::NodeAgent agent(agent_config(config), executor, clock, db, engine);
    api::Authenticator auth(executor, clock, db);

    auto context = std::make_shared<api::NodeApiContext>(api::NodeApiContext{
        config.id, HIGUMA_VERSION, config.monitor_limit_per_node, clock, clock->wall_now(), db,
        engine, agent, auth, services.http(), service_token});
    api::HttpServer server(executor, clock, api::ServerLimits{}, api::node_endpoints(context));
    context->http_stats = [&server] { return server.stats(); };
    const auto address = server.listen(config.listen);
    spdlog::info("node {} listens on {}", config.id.value, address);

    bool superseded = false;
    engine.on_superseded = [&superseded, stop] {
        superseded = true;
        stop->request();
    };
    asio::co_spawn(executor, agent.run(), asio::detached);
    std::stop_source background;
    asio::co_spawn(
        executor,
        cluster::keep_proxies(executor, clock, db, services.web().proxies, background.get_token()),
        asio::detached);
    asio::co_spawn(executor,
                   cluster::watch_domains(domain_watch_config(config), executor, clock, janitor_db,
                                          services.http(), background.get_token()),
                   asio::detached);
    cluster::JanitorConfig janitor{config.id, config.keep_days};
    asio::co_spawn(
        executor,
        cluster::run_janitor(janitor, executor, clock, janitor_db, background.get_token()),
        asio::detached);
    co_await stop->wait();
    background.request_stop();

    spdlog::info("node {} stops", config.id.value);
    const auto deadline = Deadline::after(*clock, kDrainTime);
    // First the server, for the gateway then sends requests elsewhere; checks go on meanwhile.
    co_await server.drain(Deadline::after(*clock, kAnswerTime));
    co_await agent.drain(deadline);
    co_await engine.drain(deadline);
    if (superseded) {
        throw StartupError("another process runs as node \"" + config.id.value +
                           "\" on this database; each node needs an id of its own");
    }
    co_return 0;
}

}  // namespace

int run_node(const SettingsSource& source) {
    const auto config = config::load_node(process_environment(), source.toml_file);
    init_log(config.id.value, config.log.level);
    raise_open_files();
    start_debugger(config.log);
    return run_on_loop([config](asio::any_io_executor executor, std::shared_ptr<StopSignal> stop) {
        return node_main(config, executor, stop);
    });
}

}  // namespace higuma::app
