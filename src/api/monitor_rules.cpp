#include "api/monitor_rules.hpp"

#include <algorithm>

#include "api/monitor_json.hpp"

namespace higuma::api {
namespace {

Result<void> check_port(const Monitor& monitor) {
    const auto bad_character = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '\x7f';
    };
    if (monitor.hostname.empty())
        return invalid("hostname", "hostname must be given for this type.");
    if (std::any_of(monitor.hostname.begin(), monitor.hostname.end(), bad_character)) {
        return invalid("hostname",
                       "hostname must be a name or an address, without spaces or slashes.");
    }
    if (!monitor.port) return invalid("port", "port must be given for this type, 1 to 65535.");
    return {};
}

Result<void> check_push(const Monitor& monitor) {
    const auto& token = monitor.push_token;
    const bool good = token.size() >= 10 && token.size() <= 32 &&
                      std::all_of(token.begin(), token.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '_' || c == '-';
                      });
    // None yet is fine: it gets one when it is stored.
    if (token.empty() || good) return {};
    return invalid("push_token",
                   "push_token must have 10 to 32 letters, digits, dashes or underscores.");
}

}  // namespace

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> allowed) {
    return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

Result<void> check_choice(const std::string& value, const std::string& field,
                          std::initializer_list<std::string_view> allowed) {
    if (is_one_of(value, allowed)) return {};
    std::string names;
    for (const auto name : allowed) {
        if (!name.empty()) names += (names.empty() ? "" : ", ") + std::string(name);
    }
    return invalid(field, field + " must be one of: " + names + ".");
}

Result<void> check_monitor(const Monitor& monitor, const std::vector<std::string_view>& types) {
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    if (std::all_of(monitor.name.begin(), monitor.name.end(), blank)) {
        return invalid("name", "name must be given, 1 to 150 characters.");
    }
    if (std::find(types.begin(), types.end(), monitor.type) == types.end()) {
        std::string names;
        for (const auto type : types) names += (names.empty() ? "" : ", ") + std::string(type);
        return invalid("type", "type must be one of: " + names + ".");
    }
    if (monitor.parent && monitor.parent == monitor.id) {
        return invalid("parent", "parent must be another monitor.");
    }
    if (auto good = check_choice(monitor.ip_family, "ip_family", {"", "ipv4", "ipv6"}); !good) {
        return good;
    }
    if (auto good = check_push(monitor); !good) return good;
    if (is_one_of(monitor.type, {"http", "keyword", "json-query"})) {
        return check_http_rules(monitor);
    }
    if (monitor.type == "port") return check_port(monitor);
    return {};
}

}  // namespace higuma::api
