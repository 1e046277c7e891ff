// The columns of `monitor` that only some types use, as one table: name, kind and default of each.
// A monitor keeps only what differs from the defaults, so that a hundred thousand of them stay
// small. One row here is all that a new option needs to be stored, read and answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace higuma {

enum class Option : std::uint8_t {
    // HTTP family
    auth_domain,
    auth_workstation,
    oauth_auth_method,
    oauth_token_url,
    oauth_client_id,
    oauth_client_secret,
    oauth_scopes,
    oauth_audience,
    tls_ca,
    tls_cert,
    tls_key,
    proxy_id,
    expiry_notification,
    domain_expiry_notification,
    save_response,
    save_error_response,
    response_max_length,
    json_path,
    json_path_operator,
    expected_value,
    retry_only_on_status_code_failure,
    // rule builder
    conditions,
    // ping
    packet_size,
    ping_count,
    ping_numeric,
    ping_per_request_timeout,
    // dns
    dns_resolve_type,
    dns_resolve_server,
    // port
    smtp_security,
    expected_tls_alert,
    // manual
    manual_status,
    // websocket-upgrade
    ws_ignore_sec_websocket_accept_header,
    ws_subprotocol,
    // databases
    database_connection_string,
    database_query,
    radius_password,  // of a MySQL connection string that names none
    // mqtt
    mqtt_topic,
    mqtt_success_message,
    mqtt_check_type,
    mqtt_username,
    mqtt_password,
    mqtt_websocket_path,
    // ntp
    ntp_stratum_threshold,
    ntp_time_offset_threshold,
    ntp_root_dispersion_threshold,
};

enum class OptionKind : std::uint8_t { text, number, flag, json };

struct OptionInfo {
    Option option;
    std::string_view column;  // of `monitor`, and in REST answers
    std::string_view alias;   // in Uptime Kuma's Socket.IO events, where it differs
    OptionKind kind;
    std::optional<std::string_view> otherwise;  // the default; none: NULL
    bool nullable;                              // whether the column may be NULL
    std::int64_t least, most;  // of a number: its range; of a text: most characters
};

const std::vector<OptionInfo>& option_table();  // in the order of Option
const OptionInfo& info_of(Option option);

// Values as the database writes them ("1" for a flag that is set). Ordered by option.
class MonitorOptions {
  public:
    // The value or the default; empty where that is NULL. Valid until the option is set.
    std::string_view text(Option option) const;
    std::optional<std::int64_t> number(Option option) const;  // none for NULL and for what is none
    std::int64_t number_or(Option option, std::int64_t otherwise) const {
        return number(option).value_or(otherwise);
    }
    bool flag(Option option) const { return number_or(option, 0) != 0; }

    // None: NULL, or the default where the column cannot be NULL.
    void set(Option option, std::optional<std::string> value);
    std::optional<std::string_view> get(Option option) const;  // none: NULL

    bool operator==(const MonitorOptions&) const = default;

  private:
    std::vector<std::pair<Option, std::optional<std::string>>> changed_;
};

}  // namespace higuma
