// The subcommands with which operators steer a running cluster, and their command lines.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway_client.hpp"

namespace higuma::app {

struct OperatorOptions {
    GatewayAccess access;
    std::string node, target, strategy, reason;
    std::vector<std::int64_t> monitors;
    bool wait = false, temporary = false, all = false, json = false, restore = false;
    int limit = 20;
    std::int64_t before = 0;
};

// Adds `drain`, `undrain`, `move`, `pin`, `unpin`, `route`, `rebalance`, `operations`.
void add_operator_commands(CLI::App& app, OperatorOptions& options);
// Runs the one that was given; none: it was another subcommand.
std::optional<int> run_operator_command(const CLI::App& app, const OperatorOptions& options);

// operator_drain.cpp
Task<int> drain_main(OperatorOptions options, boost::asio::any_io_executor executor);
Task<int> undrain_main(OperatorOptions options, boost::asio::any_io_executor executor);
// operator_moves.cpp
Task<int> move_main(OperatorOptions options, boost::asio::any_io_executor executor);
Task<int> pin_main(OperatorOptions options, boost::asio::any_io_executor executor);
Task<int> unpin_main(OperatorOptions options, boost::asio::any_io_executor executor);
// operator_cluster.cpp
Task<int> route_main(OperatorOptions options, boost::asio::any_io_executor executor);
Task<int> rebalance_main(OperatorOptions options, boost::asio::any_io_executor executor);
Task<int> operations_main(OperatorOptions options, boost::asio::any_io_executor executor);

}  // namespace higuma::app
