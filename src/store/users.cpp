#include "store/users.hpp"

#include <fmt/format.h>

#include "store/secret.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::string_view kUserColumns = "id, username, COALESCE(password, ''), active";

Result<User> one_user(Result<Rows> rows) {
    if (!rows) return rows.error();
    if (rows->size() == 0) return Failure{ErrorKind::not_found, "there is no such user", {}};
    return User{
        {rows->integer(0, 0)}, rows->string(0, 1), rows->string(0, 2), rows->integer(0, 3) != 0};
}

}  // namespace

Result<std::int64_t> count_users(Connection& db) {
    auto rows = db.query("SELECT COUNT(*) FROM user");
    if (!rows) return rows.error();
    return rows->integer(0, 0);
}

Result<User> get_user_by_name(Connection& db, std::string_view name) {
    return one_user(db.query(
        sql_format(fmt::format("SELECT {} FROM user WHERE username = ?", kUserColumns), name)));
}

Result<User> get_user(Connection& db, UserId id) {
    return one_user(
        db.query(sql_format(fmt::format("SELECT {} FROM user WHERE id = ?", kUserColumns), id)));
}

Result<User> first_user(Connection& db) {
    return one_user(db.query(fmt::format("SELECT {} FROM user ORDER BY id LIMIT 1", kUserColumns)));
}

Result<UserId> create_user(Connection& db, std::string_view name, std::string_view hash) {
    auto written =
        db.execute(sql_format("INSERT INTO user (username, password) VALUES (?, ?)", name, hash));
    if (written) return UserId{static_cast<std::int64_t>(written->last_insert_id)};
    if (written.error().kind != ErrorKind::conflict) return written.error();
    return Failure{ErrorKind::conflict, "there is a user of this name already", "username"};
}

Result<ApiKey> get_api_key(Connection& db, ApiKeyId id) {
    auto rows = db.query(
        sql_format("SELECT id, `key`, name, user_id, active, "
                   "expires IS NOT NULL AND expires <= UTC_TIMESTAMP() FROM api_key WHERE id = ?",
                   id));
    if (!rows) return rows.error();
    if (rows->size() == 0) return Failure{ErrorKind::not_found, "there is no such API key", {}};
    ApiKey key;
    key.id = {rows->integer(0, 0)};
    key.key_hash = rows->string(0, 1);
    key.name = rows->string(0, 2);
    key.user = {rows->integer(0, 3)};
    key.active = rows->integer(0, 4) != 0;
    key.expired = rows->integer(0, 5) != 0;
    return key;
}

Result<ApiKeyId> create_api_key(Connection& db, std::string_view name, std::string_view hash,
                                UserId user, std::optional<WallTime> expires) {
    auto written = db.execute(
        sql_format("INSERT INTO api_key (`key`, name, user_id, expires) VALUES (?, ?, ?, ?)", hash,
                   name, user, expires));
    if (written) return ApiKeyId{static_cast<std::int64_t>(written->last_insert_id)};
    if (written.error().kind != ErrorKind::conflict) return written.error();
    return Failure{ErrorKind::not_found, fmt::format("there is no user {}", user.value), "user_id"};
}

Result<std::optional<std::string>> get_setting(Connection& db, std::string_view key) {
    auto rows = db.query(sql_format("SELECT value FROM setting WHERE `key` = ?", key));
    if (!rows) return rows.error();
    if (rows->size() == 0 || rows->is_null(0, 0)) return std::optional<std::string>();
    return std::optional<std::string>(rows->string(0, 0));
}

Result<void> set_setting(Connection& db, std::string_view key, std::string_view json_value,
                         std::string_view type) {
    auto written =
        db.execute(sql_format("INSERT INTO setting (`key`, value, type) VALUES (?, ?, ?) "
                              "ON DUPLICATE KEY UPDATE value = VALUES(value), type = VALUES(type)",
                              key, json_value, type));
    if (!written) return written.error();
    return {};
}

Result<std::string> jwt_secret(Connection& db) { return ensure_jwt_secret(db); }

}  // namespace higuma::store
