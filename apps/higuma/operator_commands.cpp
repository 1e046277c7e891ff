#include "operator_commands.hpp"

namespace higuma::app {

namespace {

struct Command {
    const char* name;
    const char* about;
    const char* footer;
    Task<int> (*run)(OperatorOptions, boost::asio::any_io_executor);
    void (*add)(CLI::App&, OperatorOptions&);
};

void add_reason(CLI::App& command, OperatorOptions& options) {
    command.add_option("--reason", options.reason, "Why, for the audit log");
}

void add_node(CLI::App& command, OperatorOptions& options) {
    command.add_option("NODE", options.node, "Node id, as `higuma status` shows it")->required();
}

void add_monitors(CLI::App& command, OperatorOptions& options) {
    command.add_option("MONITOR", options.monitors, "Ids of monitors")
        ->required()
        ->check(CLI::PositiveNumber)
        ->expected(1, 1000);
}

void add_drain(CLI::App& command, OperatorOptions& options) {
    add_node(command, options);
    command
        .add_option("--strategy", options.strategy,
                    "distribute: over all others; single: all to --target; auto: as fits best")
        ->check(CLI::IsMember({"distribute", "single", "auto"}));
    command.add_option("--target", options.target, "The node that takes everything");
    command.add_flag("--wait", options.wait, "Show progress until the node is empty");
    add_reason(command, options);
}

void add_undrain(CLI::App& command, OperatorOptions& options) {
    add_node(command, options);
    command.add_flag("--wait", options.wait, "Show progress until its monitors are home");
    add_reason(command, options);
}

void add_move(CLI::App& command, OperatorOptions& options) {
    add_monitors(command, options);
    command.add_option("--to", options.target, "The node to run them")->required();
    command.add_flag("--temporary", options.temporary,
                     "Keep their home; they stay on the node until they are moved back");
    add_reason(command, options);
}

void add_pin(CLI::App& command, OperatorOptions& options) {
    add_monitors(command, options);
    command.add_option("--to", options.target, "Pin there instead of where they run now");
    add_reason(command, options);
}

void add_unpin(CLI::App& command, OperatorOptions& options) {
    add_monitors(command, options);
    add_reason(command, options);
}

void add_route(CLI::App& command, OperatorOptions& options) {
    command.add_option("NODE", options.node, "All requests go there; none: show how it is");
    command.add_flag("--restore", options.restore, "Let the balancer choose again");
    add_reason(command, options);
}

void add_rebalance(CLI::App& command, OperatorOptions& options) {
    command.add_flag("--all", options.all, "Redistribute everything, not only what is too much");
    command.add_flag("--wait", options.wait, "Show progress until it is done");
    command.add_flag("--json", options.json, "Print the gateway's answer for programs");
    add_reason(command, options);
}

void add_operations(CLI::App& command, OperatorOptions& options) {
    command.add_option("--limit", options.limit, "How many")
        ->check(CLI::Range(1, 200))
        ->capture_default_str();
    command.add_option("--before", options.before, "Older than the operation of this id")
        ->check(CLI::PositiveNumber);
    command.add_flag("--json", options.json, "Print the gateway's answer for programs");
}

constexpr Command kCommands[] = {
    {"drain", "Empty a node: its monitors move away and it gets no new sessions",
     "The wish stands until `higuma undrain`, also over restarts.\n"
     "Example: higuma drain node2 --wait --reason \"new disk\"",
     drain_main, add_drain},
    {"undrain", "Let a drained node take part again; its monitors come home",
     "Example: higuma undrain node2 --wait", undrain_main, add_undrain},
    {"move", "Move monitors to another node",
     "Without --temporary the node becomes their home.\n"
     "Example: higuma move 7 8 9 --to node3",
     move_main, add_move},
    {"pin", "Keep monitors where they are, whatever happens to their node",
     "A pinned monitor is not watched while its node is down.\nExample: higuma pin 7 --to node3",
     pin_main, add_pin},
    {"unpin", "Let monitors move again", "Example: higuma unpin 7", unpin_main, add_unpin},
    {"route", "Send all requests to one node, or let the balancer choose",
     "Examples: higuma route node2; higuma route --restore; higuma route", route_main, add_route},
    {"rebalance", "Even out the load of the nodes, a little at a time",
     "Moves at most HIGUMA_CHURN_PER_MINUTE percent of the load in a minute (--all: ten times "
     "that).\nExample: higuma rebalance --wait",
     rebalance_main, add_rebalance},
    {"operations", "Show who did what: the audit log, newest first",
     "Example: higuma operations --limit 50", operations_main, add_operations},
};

}  // namespace

void add_operator_commands(CLI::App& app, OperatorOptions& options) {
    for (const auto& each : kCommands) {
        auto* command = app.add_subcommand(each.name, each.about);
        each.add(*command, options);
        command->add_option("--url", options.access.url, "The gateway")
            ->envname("HIGUMA_URL")
            ->capture_default_str();
        command
            ->add_option("--token", options.access.token,
                         "The admin token; rather set ADMIN_API_TOKEN, which no process list shows")
            ->envname("ADMIN_API_TOKEN");
        command->footer(each.footer);
    }
}

std::optional<int> run_operator_command(const CLI::App& app, const OperatorOptions& options) {
    for (const auto& each : kCommands) {
        if (!app.got_subcommand(each.name)) continue;
        return run_on_loop([run = each.run, options](boost::asio::any_io_executor executor,
                                                     std::shared_ptr<StopSignal>) {
            return run(options, executor);
        });
    }
    return std::nullopt;
}

}  // namespace higuma::app
