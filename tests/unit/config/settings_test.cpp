// Every variable: that it arrives where it should, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "unit/config/config_support.hpp"

namespace higuma::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Defaults, OfADatabase) {
    const auto database = load_database(environment_of({}), {});
    EXPECT_EQ(database.host, "mariadb");
    EXPECT_EQ(database.port, 3306);
    EXPECT_EQ(database.user, "kuma");
    EXPECT_EQ(database.password, "");
    EXPECT_EQ(database.name, "kuma");
    EXPECT_EQ(database.socket, "");
}

TEST(Defaults, OfANode) {
    const auto node = node_from();
    EXPECT_EQ(node.name, "node1") << "the id";
    EXPECT_EQ(node.listen, "0.0.0.0:3001") << "the port of its host";
    EXPECT_FALSE(node.primary);
    EXPECT_FALSE(node.monitor_limit);
    EXPECT_EQ(node.monitor_limit_per_node, 1000);
    EXPECT_EQ(node.resolver, "");
    EXPECT_EQ(node.data_folder, "");
    EXPECT_EQ(node.keep_days, 180);
    EXPECT_FALSE(node.admin_user);
    EXPECT_EQ(node.log.level, "info");
}

TEST(Defaults, OfAGateway) {
    const auto gateway = gateway_from();
    EXPECT_EQ(gateway.id, "nginx-node");
    EXPECT_EQ(gateway.listen, "0.0.0.0:8084");
    EXPECT_EQ(gateway.data_folder, "./gateway");
    EXPECT_EQ(gateway.health_path, "/api/v1/health");
    EXPECT_EQ(gateway.health_codes, (std::set<int>{200, 429}));
    EXPECT_EQ(gateway.detector.full_interval, 30s);
    EXPECT_EQ(gateway.detector.check_timeout, 5s);
    EXPECT_EQ(gateway.detector.liveness_interval, 1s);
    EXPECT_EQ(gateway.detector.fast_interval, 500ms);
    EXPECT_EQ(gateway.detector.fall, 3);
    EXPECT_EQ(gateway.detector.rise, 3);
    EXPECT_THAT(gateway.admin_allow, ElementsAre("127.0.0.0/8", "::1/128", "10.0.0.0/8",
                                                 "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"));
    EXPECT_EQ(gateway.admin_token, "");
}

TEST(EveryVariable, OfADatabase) {
    const auto database = load_database(environment_of({{"DB_HOST", "db1"},
                                                        {"DB_PORT", "3307"},
                                                        {"DB_USER", "u"},
                                                        {"DB_PASSWORD", "p w"},
                                                        {"DB_NAME", "n"},
                                                        {"HIGUMA_DB_SOCKET", "/run/m.sock"}}),
                                        {});
    EXPECT_EQ(database.host, "db1");
    EXPECT_EQ(database.port, 3307);
    EXPECT_EQ(database.user, "u");
    EXPECT_EQ(database.password, "p w");
    EXPECT_EQ(database.name, "n");
    EXPECT_EQ(database.socket, "/run/m.sock");
}

TEST(EveryVariable, UptimeKumasNamesOfTheDatabase) {
    const auto node = node_from({{"UPTIME_KUMA_DB_HOSTNAME", "db1"},
                                 {"UPTIME_KUMA_DB_PORT", "3307"},
                                 {"UPTIME_KUMA_DB_USERNAME", "u"},
                                 {"UPTIME_KUMA_DB_PASSWORD", "p"},
                                 {"UPTIME_KUMA_DB_NAME", "n"}});
    EXPECT_EQ(node.database.host, "db1");
    EXPECT_EQ(node.database.port, 3307);
    EXPECT_EQ(node.database.user, "u");
    EXPECT_EQ(node.database.password, "p");
    EXPECT_EQ(node.database.name, "n");
}

TEST(EveryVariable, OfANode) {
    const auto node = node_from({{"UPTIME_KUMA_NODE_ID", "node-2"},
                                 {"UPTIME_KUMA_NODE_NAME", "Second node"},
                                 {"UPTIME_KUMA_NODE_HOST", "[::1]:3002"},
                                 {"HIGUMA_LISTEN", "127.0.0.1:4000"},
                                 {"UPTIME_KUMA_PRIMARY", "Yes"},
                                 {"HIGUMA_NODE_MONITOR_LIMIT", "50"},
                                 {"MONITOR_LIMIT_PER_NODE", "70"},
                                 {"RESOLVER", "127.0.0.11"},
                                 {"HIGUMA_DATA", "/var/lib/higuma"},
                                 {"HIGUMA_KEEP_DAYS", "30"},
                                 {"HIGUMA_ADMIN_USER", "admin"},
                                 {"HIGUMA_ADMIN_PASSWORD", "secret"},
                                 {"DEBUG_ENABLED", "true"},
                                 {"DEBUG_LOG_LEVEL", "WARNING"}});
    EXPECT_EQ(node.id, NodeId{"node-2"});
    EXPECT_EQ(node.name, "Second node");
    EXPECT_EQ(node.host, "[::1]:3002");
    EXPECT_EQ(node.listen, "127.0.0.1:4000");
    EXPECT_TRUE(node.primary);
    EXPECT_EQ(node.monitor_limit, 50);
    EXPECT_EQ(node.monitor_limit_per_node, 70);
    EXPECT_EQ(node.resolver, "127.0.0.11");
    EXPECT_EQ(node.data_folder, "/var/lib/higuma");
    EXPECT_EQ(node.keep_days, 30);
    EXPECT_EQ(node.admin_user, "admin");
    EXPECT_EQ(node.admin_password, "secret");
    EXPECT_TRUE(node.log.debug);
    EXPECT_EQ(node.log.level, "warn") << "the level that was asked for wins over DEBUG_ENABLED";
}

// The original ignored the interval and the time-outs that were configured.
TEST(EveryVariable, OfAGatewaysHealthChecks) {
    const auto gateway = gateway_from({{"HEALTH_CHECK_INTERVAL", "10"},
                                       {"HEALTH_CHECK_TIMEOUT", "2500"},
                                       {"HEALTH_CHECK_PATH", "/api/entry-page"},
                                       {"HEALTH_CHECK_CODES", "200-204, 429"},
                                       {"LIVENESS_INTERVAL", "2"},
                                       {"LIVENESS_TIMEOUT", "700"},
                                       {"HEALTH_CHECK_FAST_INTERVAL", "0.25"},
                                       {"HEALTH_CHECK_FALL", "5"},
                                       {"HEALTH_CHECK_RISE", "1"},
                                       {"HIGUMA_FLAP_LIMIT", "0"},
                                       {"HIGUMA_FLAP_WINDOW", "5m"},
                                       {"HIGUMA_FLAP_HOLD", "10"},
                                       {"HIGUMA_FLAP_HOLD_MAX", "20s"}});
    EXPECT_EQ(gateway.detector.full_interval, 10s);
    EXPECT_EQ(gateway.detector.check_timeout, 2500ms);
    EXPECT_EQ(gateway.health_path, "/api/entry-page");
    EXPECT_EQ(gateway.health_codes, (std::set<int>{200, 201, 202, 203, 204, 429}));
    EXPECT_EQ(gateway.detector.liveness_interval, 2s);
    EXPECT_EQ(gateway.detector.liveness_timeout, 700ms);
    EXPECT_EQ(gateway.detector.fast_interval, 250ms);
    EXPECT_EQ(gateway.detector.fall, 5);
    EXPECT_EQ(gateway.detector.rise, 1);
    EXPECT_EQ(gateway.detector.flap_limit, 0);
    EXPECT_EQ(gateway.detector.flap_window, 5min);
    EXPECT_EQ(gateway.detector.flap_hold_base, 10s);
    EXPECT_EQ(gateway.detector.flap_hold_max, 20s);
}

TEST(EveryVariable, OfAGateway) {
    const auto gateway = gateway_from({{"UPTIME_KUMA_NODE_ID", "gw2"},
                                       {"HIGUMA_LISTEN", "127.0.0.1:80"},
                                       {"HIGUMA_DATA", "/tmp/g"},
                                       {"HIGUMA_NGINX_WORKERS", "2"},
                                       {"HIGUMA_ALGORITHM", "weighted"},
                                       {"HIGUMA_EJECT_AFTER", "7"},
                                       {"HIGUMA_TLS_CERTIFICATE", "/etc/c.pem"},
                                       {"HIGUMA_TLS_KEY", "/etc/k.pem"},
                                       {"HIGUMA_TLS_LISTEN", "0.0.0.0:443"},
                                       {"HIGUMA_TRUSTED_PROXIES", "192.0.2.7"},
                                       {"CLUSTER_NODE_COUNT", "5"},
                                       {"ADMIN_API_TOKEN", "t0ken"},
                                       {"ADMIN_ALLOW", "192.0.2.1, 2001:db8::/32,::1"},
                                       {"LOAD_UPDATE_INTERVAL", "1"},
                                       {"FAULT_SCAN_INTERVAL", "2"},
                                       {"HEARTBEAT_INTERVAL", "3"},
                                       {"FAILOVER_CHECK_INTERVAL", "1h"},
                                       {"MONITOR_LIMIT_PER_NODE", "9"},
                                       {"RESOLVER", "127.0.0.1:5353"},
                                       {"EMMY_DEBUG_ENABLED", "1"}});
    EXPECT_EQ(gateway.id, "gw2");
    EXPECT_EQ(gateway.listen, "127.0.0.1:80");
    EXPECT_EQ(gateway.data_folder, "/tmp/g");
    EXPECT_EQ(gateway.nginx_workers, 2);
    EXPECT_EQ(gateway.algorithm, policy::Algorithm::weighted);
    EXPECT_EQ(gateway.eject_after, 7);
    EXPECT_EQ(gateway.tls_certificate, "/etc/c.pem");
    EXPECT_EQ(gateway.tls_key, "/etc/k.pem");
    EXPECT_EQ(gateway.tls_listen, "0.0.0.0:443");
    EXPECT_THAT(gateway.trusted_proxies, ElementsAre("192.0.2.7/32"));
    EXPECT_EQ(gateway.cluster_node_count, 5);
    EXPECT_EQ(gateway.admin_token, "t0ken");
    EXPECT_THAT(gateway.admin_allow, ElementsAre("192.0.2.1/32", "2001:db8::/32", "::1/128"));
    EXPECT_EQ(gateway.load_update_interval, 1s);
    EXPECT_EQ(gateway.fault_scan_interval, 2s);
    EXPECT_EQ(gateway.heartbeat_interval, 3s);
    EXPECT_EQ(gateway.failover_check_interval, 1h);
    EXPECT_EQ(gateway.monitor_limit_per_node, 9);
    EXPECT_EQ(gateway.resolver, "127.0.0.1:5353");
    EXPECT_TRUE(gateway.log.debug);
    EXPECT_EQ(gateway.log.level, "debug");
}

TEST(Durations, Forms) {
    const struct {
        const char* value;
        Millis interval;  // bare: seconds
        Millis timeout;   // bare: milliseconds
    } rows[] = {
        {"60", 60s, 60ms},           {"60s", 60s, 60s},  {"2500ms", 2500ms, 2500ms},
        {"1.5s", 1500ms, 1500ms},    {"2m", 2min, 2min}, {"90 s", 90s, 90s},
        {"100.4", 100'400ms, 100ms},
    };
    for (const auto& row : rows) {
        const auto gateway = gateway_from(
            {{"HEALTH_CHECK_INTERVAL", row.value}, {"HEALTH_CHECK_TIMEOUT", row.value}});
        EXPECT_EQ(gateway.detector.full_interval, row.interval) << row.value;
        EXPECT_EQ(gateway.detector.check_timeout, row.timeout) << row.value;
    }
}

struct Refused {
    const char* name;
    const char* value;
    const char* expected;
};

TEST(BadValues, NameTheVariableTheValueAndWhatIsExpected) {
    const Refused rows[] = {
        {"DB_HOST", "a host", "without blanks"},
        {"DB_PORT", "0", "from 1 to 65535"},
        {"DB_PORT", "65536", "from 1 to 65535"},
        {"DB_PORT", "33o6", "whole number"},
        {"DB_PORT", "3306 ", "whole number"},
        {"UPTIME_KUMA_DB_PORT", "-1", "whole number"},
        {"DB_NAME", "a\nb", "one line"},
        {"HEALTH_CHECK_INTERVAL", "soon", "a duration"},
        {"HEALTH_CHECK_INTERVAL", "-5", "a duration"},
        {"HEALTH_CHECK_INTERVAL", "0", "from 1s"},
        {"HEALTH_CHECK_INTERVAL", "5 days", "a duration"},
        {"HEALTH_CHECK_INTERVAL", "1e3", "a duration"},
        {"HEALTH_CHECK_INTERVAL", "1.2.3", "a duration"},
        {"HEALTH_CHECK_INTERVAL", ".", "a duration"},
        {"HEALTH_CHECK_INTERVAL", "nan", "a duration"},
        {"HEALTH_CHECK_INTERVAL", "99999999999999999999", "a duration"},
        {"HEALTH_CHECK_TIMEOUT", "10", "milliseconds"},
        {"HEALTH_CHECK_PATH", "api/v1/health", "begins with /"},
        {"HEALTH_CHECK_PATH", "/a b", "begins with /"},
        {"HEALTH_CHECK_CODES", "200,,429", "status codes"},
        {"HEALTH_CHECK_CODES", "299-200", "status codes"},
        {"HEALTH_CHECK_CODES", "20", "status codes"},
        {"HEALTH_CHECK_CODES", "all", "status codes"},
        {"HEALTH_CHECK_FALL", "0", "whole number"},
        {"HEALTH_CHECK_RISE", "3.5", "whole number"},
        {"MONITOR_LIMIT_PER_NODE", "-1", "whole number"},
        {"CLUSTER_NODE_COUNT", "257", "whole number"},
        {"RESOLVER", "dns.example", "127.0.0.11"},
        {"RESOLVER", "127.0.0.11:x", "127.0.0.11"},
        {"ADMIN_ALLOW", "10.0.0.0/33", "ranges"},
        {"ADMIN_ALLOW", "10.0.0/8", "ranges"},
        {"ADMIN_ALLOW", "::1/129", "ranges"},
        {"ADMIN_ALLOW", "everyone", "ranges"},
        {"DEBUG_ENABLED", "maybe", "true or false"},
        {"DEBUG_LOG_LEVEL", "loud", "trace, debug"},
        {"UPTIME_KUMA_NODE_ID", "node/1", "letters"},
        {"HIGUMA_LISTEN", "8084", "host:port"},
        {"HIGUMA_LISTEN", "0.0.0.0:0", "host:port"},
        {"HIGUMA_LISTEN", "::1:80", "host:port"},
        {"HIGUMA_LISTEN", "http://x:80", "host:port"},
    };
    for (const Refused& row : rows) {
        const auto line = refusal_of([&] { gateway_from({{row.name, row.value}}); });
        EXPECT_THAT(line, testing::StartsWith(row.name)) << row.value;
        EXPECT_THAT(line, HasSubstr(row.expected)) << row.value;
        EXPECT_EQ(line.find('\n'), std::string::npos) << "one line";
        if (std::string_view(row.value).find('\n') == std::string_view::npos) {
            EXPECT_THAT(line, HasSubstr('"' + std::string(row.value) + '"'));
        }
    }
}

TEST(BadValues, OfANode) {
    const Refused rows[] = {
        {"UPTIME_KUMA_NODE_ID", "no de", "letters"},
        {"UPTIME_KUMA_NODE_HOST", "node1", "host:port"},
        {"UPTIME_KUMA_NODE_HOST", ":3001", "host:port"},
        {"UPTIME_KUMA_PRIMARY", "2", "true or false"},
        {"HIGUMA_NODE_MONITOR_LIMIT", "many", "whole number"},
        {"HIGUMA_KEEP_DAYS", "0", "whole number"},
    };
    for (const Refused& row : rows) {
        const auto line = refusal_of([&] { node_from({{row.name, row.value}}); });
        EXPECT_THAT(line, testing::StartsWith(row.name)) << row.value;
        EXPECT_THAT(line, HasSubstr(row.expected)) << row.value;
    }
}

TEST(BadValues, SecretsAreNotPrinted) {
    const auto line = refusal_of([] { gateway_from({{"ADMIN_API_TOKEN", "top secret"}}); });
    EXPECT_THAT(line, HasSubstr("ADMIN_API_TOKEN"));
    EXPECT_EQ(line.find("top"), std::string::npos);
}

TEST(BadValues, LongOnesAreCut) {
    const auto line = refusal_of([] { gateway_from({{"DB_PORT", std::string(100'000, '9')}}); });
    EXPECT_LT(line.size(), 300U);
}

TEST(Required, AreNamed) {
    const auto no_id = refusal_of([] {
        load_node(environment_of({{"UPTIME_KUMA_NODE_HOST", "node1:3001"}}), {});
    });
    EXPECT_THAT(no_id, HasSubstr("UPTIME_KUMA_NODE_ID is required"));
    const auto no_host = refusal_of([] {
        load_node(environment_of({{"UPTIME_KUMA_NODE_ID", "node1"}}), {});
    });
    EXPECT_THAT(no_host, HasSubstr("UPTIME_KUMA_NODE_HOST is required"));
}

TEST(Required, UserAndPasswordComeTogether) {
    for (const char* one : {"HIGUMA_ADMIN_USER", "HIGUMA_ADMIN_PASSWORD"}) {
        EXPECT_THAT(refusal_of([&] { node_from({{one, "x"}}); }), HasSubstr("set together"));
    }
}

TEST(Required, CertificateAndKeyComeTogether) {
    for (const char* one : {"HIGUMA_TLS_CERTIFICATE", "HIGUMA_TLS_KEY"}) {
        EXPECT_THAT(refusal_of([&] {
                        gateway_from({{one, "x"}});
                    }),
                    HasSubstr("HIGUMA_TLS_CERTIFICATE and HIGUMA_TLS_KEY must be set together"));
    }
    EXPECT_THAT(refusal_of([] {
                    gateway_from({{"HIGUMA_TLS_LISTEN", "0.0.0.0:443"}});
                }),
                HasSubstr("HIGUMA_TLS_LISTEN needs HIGUMA_TLS_CERTIFICATE"));
}

TEST(Roles, IgnoreEachOthersSettings) {
    EXPECT_EQ(refusal_of([] { node_from({{"HEALTH_CHECK_FALL", "x"}}); }), "(accepted)");
    EXPECT_EQ(refusal_of([] { gateway_from({{"HIGUMA_KEEP_DAYS", "x"}}); }), "(accepted)");
    EXPECT_EQ(refusal_of([] {
                  load_database(environment_of({{"RESOLVER", "x"}}), {});
              }),
              "(accepted)");
}

}  // namespace
}  // namespace higuma::config
