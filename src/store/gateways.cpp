#include "store/gateways.hpp"

#include "store/cells.hpp"
#include "store/sql.hpp"

namespace higuma::store {

Result<void> touch_gateway(Connection& db, const Gateway& gateway) {
    auto written = db.execute(sql_format(
        "INSERT INTO gateway (id, address, version, started_at, last_seen) "
        "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE address = VALUES(address), "
        "version = VALUES(version), started_at = VALUES(started_at), "
        "last_seen = VALUES(last_seen)",
        gateway.id, clean_text(gateway.address, 255), clean_text(gateway.version, 50),
        gateway.started));
    if (!written) return written.error();
    auto forgotten =
        db.execute("DELETE FROM gateway WHERE last_seen < UTC_TIMESTAMP(3) - INTERVAL 1 DAY");
    if (!forgotten) return forgotten.error();
    return {};
}

Result<void> forget_gateway(Connection& db, const std::string& id) {
    auto removed = db.execute(sql_format("DELETE FROM gateway WHERE id = ?", id));
    if (!removed) return removed.error();
    return {};
}

Result<std::vector<Gateway>> list_gateways(Connection& db) {
    auto rows =
        db.query("SELECT id, address, version, started_at, last_seen FROM gateway ORDER BY id");
    if (!rows) return rows.error();
    std::vector<Gateway> all;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        Gateway gateway;
        gateway.id = rows->string(i, 0);
        gateway.address = rows->string(i, 1);
        gateway.version = rows->string(i, 2);
        gateway.started = time_of(rows->text(i, 3)).value_or(WallTime{});
        gateway.last_seen = time_of(rows->text(i, 4)).value_or(WallTime{});
        all.push_back(std::move(gateway));
    }
    return all;
}

}  // namespace higuma::store
