// One struct per role, loaded from the environment, a TOML file (`--config`) and defaults; the
// environment wins. An unknown key or a bad value is one line that names it (StartupError).
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "policy/failure_detector.hpp"
#include "policy/routing_choice.hpp"
#include "store/database.hpp"

namespace higuma::config {

// Reads a variable; none when unset. Given by apps/, so that nothing below reads the environment.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct LogConfig {
    std::string level = "info";               // DEBUG_LOG_LEVEL; debug when DEBUG_ENABLED
    bool debug = false;                       // DEBUG_ENABLED
    std::string debugger_host = "127.0.0.1";  // DEBUG_HOST
    std::optional<int> debugger_port;         // DEBUG_PORT: wait there for a debugger at the start
};

struct NodeConfig {
    store::DatabaseConfig database;
    LogConfig log;
    NodeId id;             // UPTIME_KUMA_NODE_ID, required
    std::string name;      // UPTIME_KUMA_NODE_NAME, the id when unset
    std::string host;      // UPTIME_KUMA_NODE_HOST "host:port" that the gateway reaches, required
    std::string listen;    // HIGUMA_LISTEN, "0.0.0.0:<port of host>"
    bool primary = false;  // UPTIME_KUMA_PRIMARY
    std::optional<int> monitor_limit;   // HIGUMA_NODE_MONITOR_LIMIT
    std::optional<int> weight;          // HIGUMA_NODE_WEIGHT: stated capacity in percent
    int monitor_limit_per_node = 1000;  // MONITOR_LIMIT_PER_NODE, the cluster's default
    std::string resolver;               // RESOLVER
    std::string data_folder;            // HIGUMA_DATA, for the spool; empty: no spool
    int keep_days = 180;  // HIGUMA_KEEP_DAYS when the setting keepDataPeriodDays is not there
    // HIGUMA_RDAP_DIRECTORY: where the expiry of domains is looked up; "off": nowhere.
    std::string rdap_directory = "https://data.iana.org/rdap/dns.json";
    std::optional<std::string> admin_user, admin_password;  // HIGUMA_ADMIN_USER / _PASSWORD
};

struct GatewayConfig {
    store::DatabaseConfig database;
    LogConfig log;
    std::string id = "nginx-node";          // UPTIME_KUMA_NODE_ID
    std::string listen = "0.0.0.0:8084";    // HIGUMA_LISTEN: nginx
    std::string data_folder = "./gateway";  // HIGUMA_DATA: route tables, nginx.conf, logs, sockets
    policy::DetectorConfig detector;        // HEALTH_CHECK_*, LIVENESS_*, HIGUMA_FLAP_*
    std::string health_path = "/api/v1/health";
    std::set<int> health_codes{200, 429};
    Millis load_update_interval{30'000}, fault_scan_interval{10'000};
    Millis heartbeat_interval{60'000}, failover_check_interval{60'000};
    int monitor_limit_per_node = 1000;
    int cluster_node_count = 3;
    std::string resolver;
    std::string admin_token;               // ADMIN_API_TOKEN (or _FILE)
    std::vector<std::string> admin_allow;  // ADMIN_ALLOW: CIDRs; loopback and private ranges
    int nginx_workers = 0;                 // HIGUMA_NGINX_WORKERS; 0: one per core
    policy::Algorithm algorithm = policy::Algorithm::least_monitors;  // HIGUMA_ALGORITHM
    int eject_after = 5;  // HIGUMA_EJECT_AFTER: failed requests in a row
    // HIGUMA_TLS_CERTIFICATE and _KEY: files, both or neither. HIGUMA_TLS_LISTEN: an address of its
    // own for TLS; empty: `listen` speaks TLS.
    std::string tls_certificate, tls_key, tls_listen;
    std::vector<std::string> trusted_proxies;  // HIGUMA_TRUSTED_PROXIES: CIDRs
    double churn_percent_per_minute = 1;       // HIGUMA_CHURN_PER_MINUTE; 0: no limit
    int api_rate_limit = 100;                  // API_RATE_LIMIT: actions in 15 min; 0: no limit
};

NodeConfig load_node(const Environment& environment, const std::optional<std::string>& toml_file);
GatewayConfig load_gateway(const Environment& environment,
                           const std::optional<std::string>& toml_file);
// Only the database, for `migrate`, `user create` and the like.
store::DatabaseConfig load_database(const Environment& environment,
                                    const std::optional<std::string>& toml_file);

// What can be set, for documents and their tests.
struct SettingInfo {
    std::string name;
    std::vector<std::string> aliases;
    std::vector<std::string> roles;  // of "database", "node", "gateway": who reads it
    std::string default_value;       // as one would write it; empty: none
    std::string expected;            // of a value, in words
    bool required = false;
    bool secret = false;  // never printed
};
std::vector<SettingInfo> known_settings();

}  // namespace higuma::config
