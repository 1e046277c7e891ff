#include "checks/check.hpp"

#include "checks/check_types.hpp"

namespace higuma::checks {

namespace {

struct Row {
    std::string_view type;
    CheckFunction check;  // nullptr: the engine answers it
};

constexpr Row kTypes[] = {
    {"http", check_http},
    {"group", nullptr},
    {"keyword", check_keyword},
    {"manual", nullptr},
    {"port", check_port},
    {"push", nullptr},
};

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
