// The gateway's nginx: its configuration from the template, and how it is started.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "process/child.hpp"

namespace higuma::app {

// Where the parts of a gateway keep their files, all below its data folder.
struct GatewayPaths {
    explicit GatewayPaths(const std::string& data_folder);
    std::string folder;
    std::string nginx_conf;
    std::string nginx_pid;
    std::string route_folder;
    std::string controller_socket;
    std::string status_socket;  // nginx answers what it counted
    std::string log_folder;
};

// Our module beside this binary (../lib), or HIGUMA_MODULE. Throws StartupError when it is not
// there.
std::string find_module(const config::Environment& environment);

// Makes the folders and writes nginx.conf. Throws StartupError when it cannot.
void write_nginx_conf(const config::GatewayConfig& config, const GatewayPaths& paths,
                      const std::string& module);

// The nginx program. Throws StartupError when it is not installed.
std::string find_nginx();

// nginx in the foreground with that configuration.
ChildSpec nginx_child(const GatewayPaths& paths);

// Throws StartupError with nginx's own words when the configuration does not pass `nginx -t`.
void test_nginx_conf(const GatewayPaths& paths);

}  // namespace higuma::app
