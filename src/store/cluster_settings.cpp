#include "store/cluster_settings.hpp"

#include "store/changes.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

Result<void> remove(Connection& db, const std::string& name) {
    auto written = db.execute(sql_format("DELETE FROM cluster_setting WHERE name = ?", name));
    if (!written) return written.error();
    return {};
}

}  // namespace

Result<void> put_cluster_setting(Connection& db, const std::string& name,
                                 const std::string& value) {
    auto written =
        db.execute(sql_format("INSERT INTO cluster_setting (name, value) VALUES (?, ?) "
                              "ON DUPLICATE KEY UPDATE value = VALUES(value)",
                              name, value));
    if (!written) return written.error();
    return {};
}

Result<ClusterSettings> list_cluster_settings(Connection& db) {
    auto rows = db.query("SELECT name, value FROM cluster_setting");
    if (!rows) return rows.error();
    ClusterSettings all;
    for (std::size_t i = 0; i < rows->size(); ++i) all[rows->string(i, 0)] = rows->string(i, 1);
    return all;
}

Result<void> replace_cluster_setting(Connection& db, const std::string& name,
                                     const std::optional<std::string>& value,
                                     const SettingGuard& allowed) {
    return db.transaction([&](Connection& c) -> Result<void> {
        auto rows = c.query(
            sql_format("SELECT value FROM cluster_setting WHERE name = ? FOR UPDATE", name));
        if (!rows) return rows.error();
        std::optional<std::string> present;
        if (rows->size() > 0) present = rows->string(0, 0);
        if (auto may = allowed(present); !may) return may;
        return value ? put_cluster_setting(c, name, *value) : remove(c, name);
    });
}

Result<void> write_cluster_setting(Connection& db, const LeaderTerm& leader,
                                   const std::string& name, const std::string& value) {
    return db.transaction([&](Connection& c) -> Result<void> {
        if (auto held = require_lease(c, leader); !held) return held;
        return put_cluster_setting(c, name, value);
    });
}

}  // namespace higuma::store
