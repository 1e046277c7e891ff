// The table of settings: one row says a setting's names, who reads it, its kind and where it goes.
// A new setting is one row here, one in docs/configuration.md, and the field that it fills.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace higuma::config {

enum Role : unsigned { kDatabaseRole = 1, kNodeRole = 2, kGatewayRole = 4 };

// Everything that can be set, while it is being read.
struct Draft {
    Draft();

    store::DatabaseConfig database;
    std::optional<std::string> log_level;
    bool debug = false;
    std::string debugger_host = "127.0.0.1";
    std::optional<int> debugger_port;
    int monitor_limit_per_node = 1000;
    std::string resolver;
    NodeConfig node;
    GatewayConfig gateway;
};

struct Setting {
    std::string name;
    std::vector<std::string> aliases;
    unsigned roles = 0;
    std::string expected;
    std::function<bool(Draft&, std::string_view)> set;  // false: not what is expected
    std::function<std::string(const Draft&)> get;
    bool required = false;
    bool secret = false;

    std::vector<std::string> names() const;  // the name, then the aliases
};

const std::vector<Setting>& settings();

// The name of a variable as a key of the file: in lower case.
std::string key_of(std::string_view variable);

}  // namespace higuma::config
