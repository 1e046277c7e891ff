#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/result.hpp"
#include "commands.hpp"
#include "operator_commands.hpp"

namespace higuma::app {
namespace {

// Options that several subcommands share.
void add_settings(CLI::App& command, SettingsSource& source, bool with_data) {
    command.add_option("--config", source.toml_file, "TOML file with the settings")
        ->check(CLI::ExistingFile);
    if (!with_data) return;
    command.add_option("--data", source.data_folder,
                       "Data folder of a cluster that `higuma up` made: use its database");
}

struct Options {
    UpOptions up;
    SettingsSource node;
    GatewayOptions gateway;
    SettingsSource migrate;
    StatusOptions status{"http://127.0.0.1:8084", false};
    CreateUserOptions user;
    CreateApiKeyOptions api_key;
};

void add_up(CLI::App& app, UpOptions& up) {
    auto* command = app.add_subcommand(
        "up", "Run a whole cluster on this machine: database, nodes, controller, nginx");
    command->add_option("--nodes", up.nodes, "How many nodes")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command
        ->add_option("--gateways", up.gateways,
                     "How many gateways, at --port and the ports after it; one of them leads")
        ->check(CLI::Range(1, 8))
        ->capture_default_str();
    command->add_option("--port", up.port, "Port of the gateway: the UI and the API")
        ->check(CLI::Range(1, 65535))
        ->capture_default_str();
    command->add_option("--bind", up.bind, "Address of the gateway")->capture_default_str();
    command->add_option("--data", up.data, "Folder for everything that must survive")
        ->capture_default_str();
    command->add_flag("--demo", up.demo, "Add monitors of things that are really there");
    command->footer(
        "Ctrl-C stops everything in order. A second `up` on the same data goes on where it "
        "stopped.\n"
        "HIGUMA_ADMIN_USER and HIGUMA_ADMIN_PASSWORD create the first user.");
}

void add_parts(CLI::App& app, Options& options) {
    auto* node =
        app.add_subcommand("node", "Run one node against a MariaDB (settings: environment)");
    add_settings(*node, options.node, false);
    node->footer(
        "Needs UPTIME_KUMA_NODE_ID, UPTIME_KUMA_NODE_HOST and DB_HOST, DB_PORT, DB_USER, "
        "DB_PASSWORD,\n"
        "DB_NAME. All settings: docs/configuration.md.");

    auto* gateway =
        app.add_subcommand("gateway", "Run a gateway: nginx with our module, and the controller");
    add_settings(*gateway, options.gateway.source, false);
    gateway->add_flag("--controller-only", options.gateway.controller_only,
                      "Write nginx.conf and the route tables, but leave starting nginx to others");

    auto* migrate = app.add_subcommand(
        "migrate", "Create or update the schema; adopt an Uptime Kuma 2.5.3 database");
    add_settings(*migrate, options.migrate, true);
}

void add_tools(CLI::App& app, Options& options) {
    auto* status = app.add_subcommand("status", "Show the state of a running cluster");
    status->add_option("--url", options.status.url, "The gateway")
        ->envname("HIGUMA_URL")
        ->capture_default_str();
    status->add_flag("--json", options.status.json, "Print JSON for programs");

    auto* user = app.add_subcommand("user", "Manage users")->require_subcommand(1);
    auto* create_user = user->add_subcommand("create", "Create a user; asks for the password");
    create_user->add_option("name", options.user.name, "User name")->required();
    create_user->add_flag("--password-stdin", options.user.password_from_stdin,
                          "Read the password from standard input");
    add_settings(*create_user, options.user.source, true);

    auto* key = app.add_subcommand("api-key", "Manage API keys")->require_subcommand(1);
    auto* create_key = key->add_subcommand("create", "Create an API key and print it once");
    create_key->add_option("name", options.api_key.name, "What the key is for")->required();
    create_key->add_option("--user", options.api_key.user, "Its owner (default: the first user)");
    create_key->add_option("--expires", options.api_key.expires, "UTC, as \"2027-01-31 00:00:00\"");
    add_settings(*create_key, options.api_key.source, true);
}

int dispatch(const CLI::App& app, const Options& options) {
    if (app.got_subcommand("up")) return run_up(options.up);
    if (app.got_subcommand("node")) return run_node(options.node);
    if (app.got_subcommand("gateway")) return run_gateway(options.gateway);
    if (app.got_subcommand("migrate")) return run_migrate(options.migrate);
    if (app.got_subcommand("status")) return run_status(options.status);
    if (app.got_subcommand("user")) return run_create_user(options.user);
    return run_create_api_key(options.api_key);
}

}  // namespace
}  // namespace higuma::app

int main(int argc, char** argv) {
    CLI::App app{
        "Higuma runs a group of uptime-monitoring nodes as one highly available service.\n"
        "First look: higuma up --demo"};
    app.set_version_flag("--version", "higuma " HIGUMA_VERSION);
    app.require_subcommand(1);
    higuma::app::Options options;
    higuma::app::add_up(app, options.up);
    higuma::app::add_parts(app, options);
    higuma::app::add_tools(app, options);
    higuma::app::OperatorOptions operator_options;
    higuma::app::add_operator_commands(app, operator_options);
    CLI11_PARSE(app, argc, argv);
    try {
        const auto operated = higuma::app::run_operator_command(app, operator_options);
        return operated ? *operated : higuma::app::dispatch(app, options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "higuma: %s\n", error.what());
        return 1;
    }
}
