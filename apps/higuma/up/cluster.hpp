// The processes of a cluster on one machine: how each is started, in which order, and how all stop.
#pragma once

#include <memory>
#include <string>

#include "commands.hpp"
#include "net/http_client.hpp"
#include "nginx_conf.hpp"
#include "process/supervisor.hpp"
#include "up/data_folder.hpp"

namespace higuma::app {

class LocalCluster {
  public:
    LocalCluster(UpOptions options, DataFolder& folder, boost::asio::any_io_executor executor,
                 std::shared_ptr<StopSignal> stop);

    // Each step returns false when a stop was asked for, and throws StartupError when it cannot go
    // on.
    Task<bool> start_database();
    Task<bool> start_nodes_and_controllers();
    bool start_nginx();
    Task<bool> wait_until_ready();
    // In order: nginx, controller, nodes, database. Within ten seconds; nothing is left.
    Task<> stop_all();

    std::string url(int gateway = 1) const;
    const store::DatabaseConfig& database() const { return database_; }
    std::string node_address(int number) const;
    void print_ready() const;

  private:
    ChildSpec node_child(int number);
    ChildSpec controller_child(int gateway);
    GatewayPaths gateway_paths(int gateway) const;
    std::string listen_address(int gateway) const;
    bool gateways_are_set_up() const;
    Task<bool> wait_for_database();
    Task<bool> wait_for_nodes(net::HttpClient& http, std::string url, Deadline until);
    Task<> stop_group(std::string prefix, Millis patience);
    void throw_if_any_dead() const;
    void throw_if_dead(const std::string& name) const;

    UpOptions options_;
    DataFolder& folder_;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<StopSignal> stop_;
    Supervisor supervisor_;
    store::DatabaseConfig database_;
    std::vector<int> node_ports_;  // chosen before any of them is taken
};

// One line on standard output, for the person at the terminal.
void tell(const std::string& line);

}  // namespace higuma::app
