#include "config/settings.hpp"

#include "config/values.hpp"

namespace higuma::config {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kAll = kDatabaseRole | kNodeRole | kGatewayRole;
constexpr unsigned kBoth = kNodeRole | kGatewayRole;

enum class Trait { none, required, secret };

// `target` finds the field in a Draft; it is called with a const and a mutable one.
template <class T, class Target>
Setting row(std::vector<std::string> names, unsigned roles, Kind<T> kind, Target target,
            Trait trait = Trait::none) {
    Setting setting;
    setting.name = names.front();
    setting.aliases.assign(names.begin() + 1, names.end());
    setting.roles = roles;
    setting.expected = kind.expected;
    setting.set = [read = kind.read, target](Draft& draft, std::string_view value) {
        auto parsed = read(value);
        if (!parsed) return false;
        target(draft) = std::move(*parsed);
        return true;
    };
    setting.get = [write = kind.write, target](const Draft& draft) { return write(target(draft)); };
    setting.required = trait == Trait::required;
    setting.secret = trait == Trait::secret;
    return setting;
}

constexpr int kMostMonitors = 10'000'000;
constexpr int kMostNodes = 256;

#define HIGUMA_FIELD(path) \
    [](auto& draft) -> auto& { return draft.path; }

void add_database(std::vector<Setting>& all) {
    all.push_back(
        row({"DB_HOST", "UPTIME_KUMA_DB_HOSTNAME"}, kAll, word(), HIGUMA_FIELD(database.host)));
    all.push_back(row({"DB_PORT", "UPTIME_KUMA_DB_PORT"}, kAll, whole_number(1, 65535),
                      HIGUMA_FIELD(database.port)));
    all.push_back(row({"HIGUMA_DB_SOCKET"}, kAll, folder(), HIGUMA_FIELD(database.socket)));
    all.push_back(
        row({"DB_USER", "UPTIME_KUMA_DB_USERNAME"}, kAll, text(), HIGUMA_FIELD(database.user)));
    all.push_back(row({"DB_PASSWORD", "UPTIME_KUMA_DB_PASSWORD"}, kAll, secret_text(),
                      HIGUMA_FIELD(database.password), Trait::secret));
    all.push_back(
        row({"DB_NAME", "UPTIME_KUMA_DB_NAME"}, kAll, text(), HIGUMA_FIELD(database.name)));
}

void add_shared(std::vector<Setting>& all) {
    all.push_back(row({"MONITOR_LIMIT_PER_NODE"}, kBoth, whole_number(0, kMostMonitors),
                      HIGUMA_FIELD(monitor_limit_per_node)));
    all.push_back(row({"RESOLVER"}, kBoth, resolver(), HIGUMA_FIELD(resolver)));
    all.push_back(
        row({"DEBUG_ENABLED", "EMMY_DEBUG_ENABLED"}, kBoth, boolean(), HIGUMA_FIELD(debug)));
    all.push_back(
        row({"DEBUG_LOG_LEVEL"}, kBoth, optional_of(log_level()), HIGUMA_FIELD(log_level)));
    all.push_back(row({"DEBUG_HOST"}, kBoth, word(), HIGUMA_FIELD(debugger_host)));
    all.push_back(row({"DEBUG_PORT"}, kBoth, optional_of(whole_number(1, 65535)),
                      HIGUMA_FIELD(debugger_port)));
}

void add_node(std::vector<Setting>& all) {
    all.push_back(
        row({"UPTIME_KUMA_NODE_ID"}, kNodeRole, node_id(), HIGUMA_FIELD(node.id), Trait::required));
    all.push_back(row({"UPTIME_KUMA_NODE_NAME"}, kNodeRole, text(), HIGUMA_FIELD(node.name)));
    all.push_back(row({"UPTIME_KUMA_NODE_HOST"}, kNodeRole, host_and_port(),
                      HIGUMA_FIELD(node.host), Trait::required));
    all.push_back(row({"HIGUMA_LISTEN"}, kNodeRole, host_and_port(), HIGUMA_FIELD(node.listen)));
    all.push_back(row({"UPTIME_KUMA_PRIMARY"}, kNodeRole, boolean(), HIGUMA_FIELD(node.primary)));
    all.push_back(row({"HIGUMA_NODE_MONITOR_LIMIT"}, kNodeRole,
                      optional_of(whole_number(0, kMostMonitors)),
                      HIGUMA_FIELD(node.monitor_limit)));
    all.push_back(row({"HIGUMA_NODE_WEIGHT"}, kNodeRole, optional_of(whole_number(1, 100'000)),
                      HIGUMA_FIELD(node.weight)));
    all.push_back(row({"HIGUMA_DATA"}, kNodeRole, folder(), HIGUMA_FIELD(node.data_folder)));
    all.push_back(row({"HIGUMA_KEEP_DAYS"}, kNodeRole, whole_number(1, 36'500),
                      HIGUMA_FIELD(node.keep_days)));
    all.push_back(
        row({"HIGUMA_RDAP_DIRECTORY"}, kNodeRole, text(), HIGUMA_FIELD(node.rdap_directory)));
    all.push_back(
        row({"HIGUMA_ADMIN_USER"}, kNodeRole, optional_of(text()), HIGUMA_FIELD(node.admin_user)));
    all.push_back(row({"HIGUMA_ADMIN_PASSWORD"}, kNodeRole, optional_of(secret_text()),
                      HIGUMA_FIELD(node.admin_password), Trait::secret));
}

void add_gateway(std::vector<Setting>& all) {
    all.push_back(
        row({"UPTIME_KUMA_NODE_ID"}, kGatewayRole, node_name(), HIGUMA_FIELD(gateway.id)));
    all.push_back(
        row({"HIGUMA_LISTEN"}, kGatewayRole, host_and_port(), HIGUMA_FIELD(gateway.listen)));
    all.push_back(row({"HIGUMA_DATA"}, kGatewayRole, folder(), HIGUMA_FIELD(gateway.data_folder)));
    all.push_back(row({"HIGUMA_NGINX_WORKERS"}, kGatewayRole, whole_number(0, 256),
                      HIGUMA_FIELD(gateway.nginx_workers)));
    all.push_back(
        row({"HIGUMA_ALGORITHM"}, kGatewayRole, algorithm(), HIGUMA_FIELD(gateway.algorithm)));
    all.push_back(row({"HIGUMA_EJECT_AFTER"}, kGatewayRole, whole_number(1, 1000),
                      HIGUMA_FIELD(gateway.eject_after)));
    all.push_back(row({"HIGUMA_TLS_CERTIFICATE"}, kGatewayRole, folder(),
                      HIGUMA_FIELD(gateway.tls_certificate)));
    all.push_back(row({"HIGUMA_TLS_KEY"}, kGatewayRole, folder(), HIGUMA_FIELD(gateway.tls_key)));
    all.push_back(row({"HIGUMA_TLS_LISTEN"}, kGatewayRole, host_and_port(),
                      HIGUMA_FIELD(gateway.tls_listen)));
    all.push_back(row({"HIGUMA_TRUSTED_PROXIES"}, kGatewayRole, address_ranges(),
                      HIGUMA_FIELD(gateway.trusted_proxies)));
    all.push_back(row({"CLUSTER_NODE_COUNT"}, kGatewayRole, whole_number(1, kMostNodes),
                      HIGUMA_FIELD(gateway.cluster_node_count)));
    all.push_back(row({"ADMIN_API_TOKEN"}, kGatewayRole, word(), HIGUMA_FIELD(gateway.admin_token),
                      Trait::secret));
    all.push_back(
        row({"ADMIN_ALLOW"}, kGatewayRole, address_ranges(), HIGUMA_FIELD(gateway.admin_allow)));
    all.push_back(row({"API_RATE_LIMIT"}, kGatewayRole, whole_number(0, 1'000'000),
                      HIGUMA_FIELD(gateway.api_rate_limit)));
    all.push_back(row({"HIGUMA_CHURN_PER_MINUTE"}, kGatewayRole, percent(),
                      HIGUMA_FIELD(gateway.churn_percent_per_minute)));
    const auto cycle = duration(BareUnit::seconds, 1s, 24h);
    all.push_back(row({"LOAD_UPDATE_INTERVAL"}, kGatewayRole, cycle,
                      HIGUMA_FIELD(gateway.load_update_interval)));
    all.push_back(row({"FAULT_SCAN_INTERVAL"}, kGatewayRole, cycle,
                      HIGUMA_FIELD(gateway.fault_scan_interval)));
    all.push_back(
        row({"HEARTBEAT_INTERVAL"}, kGatewayRole, cycle, HIGUMA_FIELD(gateway.heartbeat_interval)));
    all.push_back(row({"FAILOVER_CHECK_INTERVAL"}, kGatewayRole, cycle,
                      HIGUMA_FIELD(gateway.failover_check_interval)));
}

void add_health(std::vector<Setting>& all) {
    const auto fast = duration(BareUnit::seconds, 50ms, 1h);
    const auto timeout = duration(BareUnit::millis, 50ms, 5min);
    all.push_back(row({"HEALTH_CHECK_INTERVAL"}, kGatewayRole, duration(BareUnit::seconds, 1s, 24h),
                      HIGUMA_FIELD(gateway.detector.full_interval)));
    all.push_back(row({"HEALTH_CHECK_TIMEOUT"}, kGatewayRole, timeout,
                      HIGUMA_FIELD(gateway.detector.check_timeout)));
    all.push_back(
        row({"HEALTH_CHECK_PATH"}, kGatewayRole, url_path(), HIGUMA_FIELD(gateway.health_path)));
    all.push_back(row({"HEALTH_CHECK_CODES"}, kGatewayRole, status_codes(),
                      HIGUMA_FIELD(gateway.health_codes)));
    all.push_back(row({"LIVENESS_INTERVAL"}, kGatewayRole, fast,
                      HIGUMA_FIELD(gateway.detector.liveness_interval)));
    all.push_back(row({"LIVENESS_TIMEOUT"}, kGatewayRole, timeout,
                      HIGUMA_FIELD(gateway.detector.liveness_timeout)));
    all.push_back(row({"HEALTH_CHECK_FAST_INTERVAL"}, kGatewayRole, fast,
                      HIGUMA_FIELD(gateway.detector.fast_interval)));
    all.push_back(row({"HEALTH_CHECK_FALL"}, kGatewayRole, whole_number(1, 1000),
                      HIGUMA_FIELD(gateway.detector.fall)));
    all.push_back(row({"HEALTH_CHECK_RISE"}, kGatewayRole, whole_number(1, 1000),
                      HIGUMA_FIELD(gateway.detector.rise)));
    all.push_back(row({"HIGUMA_FLAP_LIMIT"}, kGatewayRole, whole_number(0, 1000),
                      HIGUMA_FIELD(gateway.detector.flap_limit)));
    const auto hold = duration(BareUnit::seconds, 1s, 24h);
    all.push_back(row({"HIGUMA_FLAP_WINDOW"}, kGatewayRole, hold,
                      HIGUMA_FIELD(gateway.detector.flap_window)));
    all.push_back(row({"HIGUMA_FLAP_HOLD"}, kGatewayRole, hold,
                      HIGUMA_FIELD(gateway.detector.flap_hold_base)));
    all.push_back(row({"HIGUMA_FLAP_HOLD_MAX"}, kGatewayRole, hold,
                      HIGUMA_FIELD(gateway.detector.flap_hold_max)));
}

#undef HIGUMA_FIELD

std::vector<std::string> role_names(unsigned roles) {
    std::vector<std::string> names;
    if (roles & kDatabaseRole) names.emplace_back("database");
    if (roles & kNodeRole) names.emplace_back("node");
    if (roles & kGatewayRole) names.emplace_back("gateway");
    return names;
}

}  // namespace

Draft::Draft() {
    gateway.admin_allow = {"127.0.0.0/8",   "::1/128",        "10.0.0.0/8",
                           "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
}

std::vector<std::string> Setting::names() const {
    std::vector<std::string> result{name};
    result.insert(result.end(), aliases.begin(), aliases.end());
    return result;
}

const std::vector<Setting>& settings() {
    static const std::vector<Setting> table = [] {
        std::vector<Setting> all;
        add_database(all);
        add_shared(all);
        add_node(all);
        add_gateway(all);
        add_health(all);
        return all;
    }();
    return table;
}

std::string key_of(std::string_view variable) {
    std::string key(variable);
    for (char& c : key) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return key;
}

std::vector<SettingInfo> known_settings() {
    std::vector<SettingInfo> infos;
    const Draft defaults;
    for (const Setting& setting : settings()) {
        infos.push_back({setting.name, setting.aliases, role_names(setting.roles),
                         setting.get(defaults), setting.expected, setting.required,
                         setting.secret});
    }
    return infos;
}

}  // namespace higuma::config
