#include "checks/check.hpp"

#include "checks/check_types.hpp"

namespace higuma::checks {

namespace {

struct Row {
    std::string_view type;
    CheckFunction check;  // nullptr: the engine answers it
};

// clang-format off: one row a type
constexpr Row kTypes[] = {
    {"dns", check_dns},
    {"group", nullptr},
    {"http", check_http},
    {"json-query", check_json_query},
    {"keyword", check_keyword},
    {"manual", nullptr},
    {"mqtt", check_mqtt},
    {"mysql", check_mysql},
    {"ping", check_ping},
    {"port", check_port},
    {"postgres", check_postgres},
    {"push", nullptr},
    {"redis", check_redis},
    {"smtp", check_smtp},
    {"websocket-upgrade", check_websocket_upgrade},
};
// clang-format on

}  // namespace

CheckFunction find_check(std::string_view type) {
    for (const Row& row : kTypes) {
        if (row.type == type) return row.check;
    }
    return nullptr;
}

std::vector<std::string_view> known_types() {
    std::vector<std::string_view> types;
    for (const Row& row : kTypes) types.push_back(row.type);
    return types;
}

}  // namespace higuma::checks
