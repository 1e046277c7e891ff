// The subcommands: each parses nothing itself, wires its parts, runs and drains. They return the
// exit code and throw StartupError when they cannot start.
#pragma once

#include <optional>
#include <string>

#include "runtime.hpp"

namespace higuma::app {

struct UpOptions {
    int nodes = 3;
    int gateways = 1;  // the first at `port`, the others at the ports after it
    int port = 8084;
    std::string bind = "127.0.0.1";
    std::string data = "./data";
    bool demo = false;
};
int run_up(const UpOptions& options);

int run_node(const SettingsSource& source);

struct GatewayOptions {
    SettingsSource source;
    bool controller_only = false;  // nginx is started by someone else
};
int run_gateway(const GatewayOptions& options);

int run_migrate(const SettingsSource& source);

struct StatusOptions {
    std::string url;
    bool json = false;
};
int run_status(const StatusOptions& options);

struct CreateUserOptions {
    SettingsSource source;
    std::string name;
    bool password_from_stdin = false;
};
int run_create_user(const CreateUserOptions& options);

struct CreateApiKeyOptions {
    SettingsSource source;
    std::string name;
    std::string user;     // owner; empty: the first user
    std::string expires;  // UTC; empty: never
};
int run_create_api_key(const CreateApiKeyOptions& options);

}  // namespace higuma::app
