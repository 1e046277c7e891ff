#include "model/monitor_options.hpp"

#include <algorithm>
#include <charconv>

#include "base/result.hpp"

namespace higuma {

namespace {

constexpr std::int64_t kTextColumn = 16'000;  // characters; a `text` column holds 65,535 bytes
constexpr std::int64_t kLargestId = 4'294'967'295;
constexpr std::int64_t kLargestNumber = 2'147'483'647;

OptionInfo nullable_text(Option option, std::string_view column, std::string_view alias,
                         std::int64_t most) {
    return {option, column, alias, OptionKind::text, std::nullopt, true, 0, most};
}
OptionInfo text(Option option, std::string_view column, std::string_view alias,
                std::string_view otherwise, std::int64_t most) {
    return {option, column, alias, OptionKind::text, otherwise, false, 0, most};
}
OptionInfo flag(Option option, std::string_view column, std::string_view alias, bool otherwise) {
    return {option, column, alias, OptionKind::flag, otherwise ? "1" : "0", false, 0, 1};
}
OptionInfo number(Option option, std::string_view column, std::string_view alias,
                  std::string_view otherwise, std::int64_t least, std::int64_t most) {
    return {option, column, alias, OptionKind::number, otherwise, false, least, most};
}
OptionInfo nullable_number(Option option, std::string_view column, std::string_view alias,
                           std::optional<std::string_view> otherwise, std::int64_t least,
                           std::int64_t most) {
    return {option, column, alias, OptionKind::number, otherwise, true, least, most};
}

}  // namespace

const std::vector<OptionInfo>& option_table() {
    using enum Option;
    static const std::vector<OptionInfo> table{
        nullable_text(auth_domain, "auth_domain", "authDomain", kTextColumn),
        nullable_text(auth_workstation, "auth_workstation", "authWorkstation", kTextColumn),
        nullable_text(oauth_auth_method, "oauth_auth_method", "", kTextColumn),
        nullable_text(oauth_token_url, "oauth_token_url", "", kTextColumn),
        nullable_text(oauth_client_id, "oauth_client_id", "", kTextColumn),
        nullable_text(oauth_client_secret, "oauth_client_secret", "", kTextColumn),
        nullable_text(oauth_scopes, "oauth_scopes", "", kTextColumn),
        nullable_text(oauth_audience, "oauth_audience", "", 255),
        nullable_text(tls_ca, "tls_ca", "tlsCa", kTextColumn),
        nullable_text(tls_cert, "tls_cert", "tlsCert", kTextColumn),
        nullable_text(tls_key, "tls_key", "tlsKey", kTextColumn),
        nullable_number(proxy_id, "proxy_id", "proxyId", std::nullopt, 1, kLargestId),
        {expiry_notification, "expiry_notification", "expiryNotification", OptionKind::flag, "1",
         true, 0, 1},
        {domain_expiry_notification, "domain_expiry_notification", "domainExpiryNotification",
         OptionKind::flag, "0", true, 0, 1},
        flag(save_response, "save_response", "saveResponse", false),
        flag(save_error_response, "save_error_response", "saveErrorResponse", true),
        number(response_max_length, "response_max_length", "responseMaxLength", "1024", 0,
               1'048'576),
        nullable_text(json_path, "json_path", "jsonPath", kTextColumn),
        nullable_text(json_path_operator, "json_path_operator", "jsonPathOperator", 255),
        nullable_text(expected_value, "expected_value", "expectedValue", 255),
        flag(retry_only_on_status_code_failure, "retry_only_on_status_code_failure",
             "retryOnlyOnStatusCodeFailure", false),
        {conditions, "conditions", "", OptionKind::json, "[]", false, 0, kTextColumn},
        number(packet_size, "packet_size", "packetSize", "56", 1, 65'500),
        number(ping_count, "ping_count", "", "1", 1, 100),
        flag(ping_numeric, "ping_numeric", "", true),
        number(ping_per_request_timeout, "ping_per_request_timeout", "", "2", 1, 60),
        nullable_text(dns_resolve_type, "dns_resolve_type", "", 5),
        nullable_text(dns_resolve_server, "dns_resolve_server", "", 255),
        nullable_text(smtp_security, "smtp_security", "smtpSecurity", 255),
        nullable_text(expected_tls_alert, "expected_tls_alert", "expectedTlsAlert", 50),
        nullable_number(manual_status, "manual_status", "", std::nullopt, 0, 3),
        flag(ws_ignore_sec_websocket_accept_header, "ws_ignore_sec_websocket_accept_header",
             "wsIgnoreSecWebsocketAcceptHeader", false),
        text(ws_subprotocol, "ws_subprotocol", "wsSubprotocol", "", 255),
        nullable_text(database_connection_string, "database_connection_string",
                      "databaseConnectionString", 2'000),
        nullable_text(database_query, "database_query", "databaseQuery", kTextColumn),
        nullable_text(radius_password, "radius_password", "radiusPassword", 255),
        nullable_text(mqtt_topic, "mqtt_topic", "mqttTopic", kTextColumn),
        nullable_text(mqtt_success_message, "mqtt_success_message", "mqttSuccessMessage", 255),
        text(mqtt_check_type, "mqtt_check_type", "mqttCheckType", "keyword", 255),
        nullable_text(mqtt_username, "mqtt_username", "mqttUsername", 255),
        nullable_text(mqtt_password, "mqtt_password", "mqttPassword", 255),
        nullable_text(mqtt_websocket_path, "mqtt_websocket_path", "mqttWebsocketPath", 255),
        nullable_number(ntp_stratum_threshold, "ntp_stratum_threshold", "ntpStratumThreshold", "5",
                        0, 16),
        nullable_number(ntp_time_offset_threshold, "ntp_time_offset_threshold",
                        "ntpTimeOffsetThreshold", "1000", 0, kLargestNumber),
        nullable_number(ntp_root_dispersion_threshold, "ntp_root_dispersion_threshold",
                        "ntpRootDispersionThreshold", "500", 0, kLargestNumber),
    };
    return table;
}

const OptionInfo& info_of(Option option) {
    const OptionInfo& info = option_table().at(static_cast<std::size_t>(option));
    invariant(info.option == option, "the table of options follows the enumeration");
    return info;
}

std::optional<std::string_view> MonitorOptions::get(Option option) const {
    const auto found =
        std::lower_bound(changed_.begin(), changed_.end(), option,
                         [](const auto& entry, Option wanted) { return entry.first < wanted; });
    if (found == changed_.end() || found->first != option) return info_of(option).otherwise;
    if (!found->second) return std::nullopt;
    return std::string_view(*found->second);
}

std::string_view MonitorOptions::text(Option option) const {
    return get(option).value_or(std::string_view());
}

std::optional<std::int64_t> MonitorOptions::number(Option option) const {
    const auto value = get(option);
    if (!value) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size()) return std::nullopt;
    return number;
}

void MonitorOptions::set(Option option, std::optional<std::string> value) {
    const OptionInfo& info = info_of(option);
    const bool is_default =
        value ? info.otherwise && *value == *info.otherwise : !info.otherwise || !info.nullable;
    const auto found =
        std::lower_bound(changed_.begin(), changed_.end(), option,
                         [](const auto& entry, Option wanted) { return entry.first < wanted; });
    const bool there = found != changed_.end() && found->first == option;
    if (is_default) {
        if (there) changed_.erase(found);
    } else if (there) {
        found->second = std::move(value);
    } else {
        changed_.emplace(found, option, std::move(value));
    }
}

}  // namespace higuma
