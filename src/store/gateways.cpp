#include "store/gateways.hpp"

#include "store/cells.hpp"
#include "store/sql.hpp"

namespace higuma::store {

Result<void> note_gateway(Connection& db, const Gateway& gateway, bool restarted) {
    auto written = db.execute(sql_format(
        "INSERT INTO gateway (id, address, version, started_at, last_seen) "
        "VALUES (?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE "
        "address = VALUES(address), version = VALUES(version), last_seen = VALUES(last_seen), "
        "started_at = IF(?, VALUES(started_at), started_at)",
        gateway.id, gateway.address, gateway.version, restarted ? 1 : 0));
    if (!written) return written.error();
    return {};
}

Result<void> forget_gateway(Connection& db, const std::string& id) {
    auto deleted = db.execute(sql_format("DELETE FROM gateway WHERE id = ?", id));
    if (!deleted) return deleted.error();
    return {};
}

Result<std::vector<Gateway>> list_gateways(Connection& db) {
    auto rows = db.query(
        "SELECT id, address, version, started_at, last_seen FROM gateway "
        "WHERE last_seen > UTC_TIMESTAMP(3) - INTERVAL 1 DAY ORDER BY id");
    if (!rows) return rows.error();
    std::vector<Gateway> all;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        all.push_back({rows->string(i, 0), rows->string(i, 1), rows->string(i, 2),
                       time_of(rows->text(i, 3)).value_or(WallTime{}),
                       time_of(rows->text(i, 4)).value_or(WallTime{})});
    }
    return all;
}

}  // namespace higuma::store
