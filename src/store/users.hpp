// Users, API keys and settings, stored as Uptime Kuma stores them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "store/database.hpp"

namespace higuma::store {

struct User {
    UserId id;
    std::string username;
    std::string password_hash;  // bcrypt
    bool active = true;
};
Result<std::int64_t> count_users(Connection& db);
Result<User> get_user_by_name(Connection& db, std::string_view name);  // not_found
Result<User> get_user(Connection& db, UserId id);                      // not_found
Result<User> first_user(Connection& db);                               // lowest id; not_found
Result<UserId> create_user(Connection& db, std::string_view name,
                           std::string_view hash);  // conflict

struct ApiKey {
    ApiKeyId id;
    std::string key_hash;  // bcrypt of the part behind "uk<id>_"
    std::string name;
    UserId user;
    bool active = true;
    bool expired = false;
};
Result<ApiKey> get_api_key(Connection& db, ApiKeyId id);  // not_found
Result<ApiKeyId> create_api_key(Connection& db, std::string_view name, std::string_view hash,
                                UserId user, std::optional<WallTime> expires);

// Values are JSON texts, as Uptime Kuma writes them. none: no such setting.
Result<std::optional<std::string>> get_setting(Connection& db, std::string_view key);
Result<void> set_setting(Connection& db, std::string_view key, std::string_view json_value,
                         std::string_view type);
// The JWT secret, created on first use. Safe when several processes ask at once.
Result<std::string> jwt_secret(Connection& db);

}  // namespace higuma::store
