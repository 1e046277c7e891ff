#include <algorithm>
#include <array>

#include "api/monitor_rules.hpp"
#include "checks/conditions.hpp"
#include "checks/connection_string.hpp"
#include "net/dns_records.hpp"

namespace higuma::api {
namespace {

constexpr std::string_view kNeeded = " must be given for this type.";

bool has_blank(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

struct Database {
    std::string_view type, usual, other;  // the schemes of its connection strings
};
constexpr std::array kDatabases{Database{"redis", "redis", "rediss"},
                                Database{"mysql", "mysql", "mariadb"},
                                Database{"postgres", "postgres", "postgresql"}};

Result<void> check_database(const Monitor& monitor, const Database& database) {
    const std::string field = "database_connection_string";
    const auto text = monitor.options.text(Option::database_connection_string);
    if (text.empty()) return invalid(field, field + std::string(kNeeded));
    // What is wrong is not repeated: it holds a password.
    const auto parsed = checks::parse_connection_string(text);
    if (!parsed || !is_one_of(parsed->scheme, {database.usual, database.other})) {
        return invalid(field, field + " must be an address such as " + std::string(database.usual) +
                                  "://user:password@host:port/name.");
    }
    return {};
}

Result<void> check_host(const Monitor& monitor) {
    if (monitor.hostname.empty()) return invalid("hostname", "hostname" + std::string(kNeeded));
    if (has_blank(monitor.hostname)) {
        return invalid("hostname", "hostname must be a name or an address, without spaces.");
    }
    return {};
}

Result<void> check_mqtt(const Monitor& monitor) {
    if (auto good = check_host(monitor); !good) return good;
    const auto scheme_end = monitor.hostname.find("://");
    if (scheme_end != std::string::npos &&
        !is_one_of(monitor.hostname.substr(0, scheme_end),
                   {"mqtt", "mqtts", "ws", "wss", "http", "https"})) {
        return invalid("hostname", "hostname may begin with mqtt://, mqtts://, ws:// or wss://.");
    }
    const auto text = [&](Option option) { return std::string(monitor.options.text(option)); };
    if (text(Option::mqtt_topic).empty()) {
        return invalid("mqtt_topic", "mqtt_topic" + std::string(kNeeded));
    }
    if (has_blank(text(Option::mqtt_websocket_path))) {
        return invalid("mqtt_websocket_path", "mqtt_websocket_path must have no spaces.");
    }
    const auto way = text(Option::mqtt_check_type);
    if (auto good = check_choice(way, "mqtt_check_type", {"", "keyword", "json-query"}); !good) {
        return good;
    }
    if (way == "json-query" && text(Option::json_path).empty()) {
        return invalid("json_path", "json_path must be given for mqtt_check_type json-query.");
    }
    return {};
}

Result<void> check_dns(const Monitor& monitor) {
    if (monitor.hostname.empty()) return invalid("hostname", "hostname must be given.");
    const std::string type(monitor.options.text(Option::dns_resolve_type));
    if (auto good =
            check_choice(type, "dns_resolve_type",
                         {"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"});
        !good) {
        return good;
    }
    if (type == "PTR" && !net::reverse_name(monitor.hostname)) {
        return invalid("hostname", "hostname must be an address for records of type PTR.");
    }
    if (monitor.options.text(Option::dns_resolve_server).empty()) {
        return invalid("dns_resolve_server",
                       "dns_resolve_server must be given: addresses or names of DNS servers, "
                       "separated by commas.");
    }
    return {};
}

Result<void> check_ping(const Monitor& monitor) {
    if (auto good = check_host(monitor); !good) return good;
    const Seconds each{monitor.options.number_or(Option::ping_per_request_timeout, 2)};
    if (monitor.timeout <= Millis{0} || each <= monitor.timeout) return {};
    return invalid("ping_per_request_timeout",
                   "ping_per_request_timeout must not be longer than timeout.");
}

Result<void> check_smtp(const Monitor& monitor) {
    if (auto good = check_host(monitor); !good) return good;
    return check_choice(std::string(monitor.options.text(Option::smtp_security)), "smtp_security",
                        {"", "secure", "nostarttls", "starttls"});
}

// "1000" or "1000-1999".
bool is_close_codes(std::string_view text) {
    const auto is_code = [](std::string_view code) {
        return code.size() == 4 && code[0] >= '1' && code[0] <= '4' &&
               std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (text.size() == 4) return is_code(text);
    return text.size() == 9 && text[4] == '-' && is_code(text.substr(0, 4)) &&
           is_code(text.substr(5)) && text.substr(0, 4) <= text.substr(5);
}

Result<void> check_websocket(const Monitor& monitor) {
    const auto url = checks::parse_connection_string(monitor.url);
    if (!url || url->host.empty() || !is_one_of(url->scheme, {"ws", "wss", "http", "https"})) {
        return invalid("url", "url must be a ws:// or wss:// address with a host.");
    }
    for (const auto& codes : monitor.accepted_statuscodes) {
        if (!is_close_codes(codes)) {
            return invalid("accepted_statuscodes",
                           "accepted_statuscodes must hold close codes such as \"1000\" for this "
                           "type.");
        }
    }
    return check_choice(monitor.auth_method, "auth_method",
                        {"", "basic", "bearer", "oauth2-cc", "mtls"});
}

// The variables that conditions of a type may name.
struct Variables {
    std::string_view type;
    std::array<std::string_view, 3> names;  // empty where there are fewer
};
constexpr Variables kVariables[] = {
    {"dns", {"record"}},
    {"mqtt", {"topic", "message", "json_value"}},
    {"mysql", {"result"}},
};

Result<void> check_conditions(const Monitor& monitor) {
    for (const auto& known : kVariables) {
        if (known.type != monitor.type) continue;
        const auto conditions = checks::Conditions::parse(monitor.options.text(Option::conditions));
        if (!conditions) return conditions.error();
        for (const auto& name : conditions->variables()) {
            if (std::find(known.names.begin(), known.names.end(), name) != known.names.end()) {
                continue;
            }
            return invalid("conditions",
                           "conditions name \"" + name + "\", which this type does not have.");
        }
    }
    return {};
}

}  // namespace

Result<void> check_service_rules(const Monitor& monitor) {
    if (auto good = check_conditions(monitor); !good) return good;
    for (const Database& database : kDatabases) {
        if (monitor.type == database.type) return check_database(monitor, database);
    }
    if (monitor.type == "dns") return check_dns(monitor);
    if (monitor.type == "ping") return check_ping(monitor);
    if (monitor.type == "mqtt") return check_mqtt(monitor);
    if (monitor.type == "smtp") return check_smtp(monitor);
    if (monitor.type == "websocket-upgrade") return check_websocket(monitor);
    return {};
}

}  // namespace higuma::api
