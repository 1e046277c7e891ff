#include <gtest/gtest.h>

#include "api/monitor_rules.hpp"

namespace higuma::api {
namespace {

Monitor of_type(const std::string& type) {
    Monitor monitor;
    monitor.type = type;
    monitor.hostname = "broker.example";
    monitor.url = "wss://example.org/socket";
    monitor.accepted_statuscodes = {"1000"};
    monitor.options.set(Option::mqtt_topic, "a/b");
    return monitor;
}

TEST(ServiceRules, ConnectionStrings) {
    struct Case {
        std::string type, text;
        bool good;
    };
    const Case cases[] = {
        {"redis", "redis://127.0.0.1", true},
        {"redis", "rediss://user:pass@[::1]:6380/2", true},
        {"redis", "http://127.0.0.1", false},
        {"redis", "", false},
        {"mysql", "mysql://user:pass@host:3306/database", true},
        {"mysql", "mysql://user:pass@host:port/database", false},
        {"postgres", "postgresql://user:pass@host/database?sslmode=require", true},
        {"postgres", "host=localhost user=x", false},
    };
    for (const Case& c : cases) {
        auto monitor = of_type(c.type);
        monitor.options.set(Option::database_connection_string, c.text);
        const auto result = check_service_rules(monitor);
        EXPECT_EQ(result.has_value(), c.good) << c.type << " " << c.text;
        if (!result) {
            EXPECT_EQ(result.error().field, "database_connection_string");
            EXPECT_EQ(result.error().message.find("user:pass@host:port/d"), std::string::npos);
        }
    }
}

TEST(ServiceRules, EachWrongFieldIsNamed) {
    struct Case {
        std::string type, field;
        void (*spoil)(Monitor&);
    };
    const Case cases[] = {
        {"mqtt", "hostname", [](Monitor& m) { m.hostname.clear(); }},
        {"mqtt", "hostname", [](Monitor& m) { m.hostname = "ftp://x"; }},
        {"mqtt", "mqtt_topic", [](Monitor& m) { m.options.set(Option::mqtt_topic, ""); }},
        {"mqtt", "mqtt_websocket_path",
         [](Monitor& m) { m.options.set(Option::mqtt_websocket_path, "a b"); }},
        {"mqtt", "mqtt_check_type",
         [](Monitor& m) { m.options.set(Option::mqtt_check_type, "x"); }},
        {"mqtt", "json_path",
         [](Monitor& m) { m.options.set(Option::mqtt_check_type, "json-query"); }},
        {"mqtt", "conditions", [](Monitor& m) { m.options.set(Option::conditions, "[1]"); }},
        {"smtp", "hostname", [](Monitor& m) { m.hostname = "a b"; }},
        {"smtp", "smtp_security", [](Monitor& m) { m.options.set(Option::smtp_security, "tls"); }},
        {"websocket-upgrade", "url", [](Monitor& m) { m.url = "ftp://x"; }},
        {"websocket-upgrade", "url", [](Monitor& m) { m.url = "wss://"; }},
        {"websocket-upgrade", "accepted_statuscodes",
         [](Monitor& m) { m.accepted_statuscodes = {"200-299"}; }},
        {"websocket-upgrade", "auth_method", [](Monitor& m) { m.auth_method = "ntlm"; }},
    };
    for (const Case& c : cases) {
        auto monitor = of_type(c.type);
        EXPECT_TRUE(check_service_rules(monitor)) << c.type;
        c.spoil(monitor);
        const auto result = check_service_rules(monitor);
        ASSERT_FALSE(result) << c.type << " " << c.field;
        EXPECT_EQ(result.error().field, c.field);
    }
}

}  // namespace
}  // namespace higuma::api
