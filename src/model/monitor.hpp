// One thing that is watched: the columns of `monitor` that checks, scheduling and placement use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "model/monitor_options.hpp"

namespace higuma {

// Why a monitor runs elsewhere than at home. Those of `switched` stay until an operator switches
// them back; the others go home when the home node is online again.
enum class AssignReason : std::uint8_t { none, failover, drain, switched };

// "failover", "drain", "switch"; empty for none.
std::string_view to_string(AssignReason reason);
AssignReason assign_reason_from(std::string_view text);  // none for an unknown one

// Where a monitor belongs and who runs it.
struct Assignment {
    std::optional<NodeId> home;      // monitor.node_id
    std::optional<NodeId> assigned;  // monitor.assigned_node: the temporary override
    Epoch epoch{1};
    bool pinned = false;

    const std::optional<NodeId>& effective() const { return assigned ? assigned : home; }
};

struct Monitor {
    MonitorId id;
    std::string name;
    std::string type;  // "http", "keyword", "port", "push", ...
    std::string description;
    bool active = true;
    std::optional<UserId> user;
    std::optional<MonitorId> parent;
    int weight = 2000;

    Seconds interval{20};
    Seconds retry_interval{20};  // 0: as `interval`
    int max_retries = 0;
    int resend_interval = 0;  // DOWN beats between repeated notifications; 0: never repeat
    Millis timeout{0};        // 0: 80 % of the interval, as Uptime Kuma has it
    bool upside_down = false;

    std::string url;
    std::string method = "GET";
    std::string body;
    std::string headers;             // a JSON object, or empty
    std::string http_body_encoding;  // "json", "form", "xml" or empty
    std::vector<std::string> accepted_statuscodes{"200-299"};
    int max_redirects = 10;
    bool ignore_tls = false;
    bool cache_bust = false;
    std::string auth_method;  // "", "basic", "bearer", "ntlm", "mtls", "oauth2-cc"
    std::string basic_auth_user;
    std::string basic_auth_pass;
    std::string bearer_token;
    std::string ip_family;  // "", "ipv4", "ipv6"
    std::string keyword;
    bool invert_keyword = false;

    std::string hostname;
    std::optional<int> port;
    std::string push_token;

    MonitorOptions options;  // what only some types use

    Assignment assignment;
    ChangeSeq change_seq;
};

}  // namespace higuma
