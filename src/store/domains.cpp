#include "store/domains.hpp"

#include "store/cells.hpp"
#include "store/sql.hpp"

namespace higuma::store {

Result<std::vector<WatchedHost>> hosts_with_domain_expiry(Connection& db) {
    std::vector<WatchedHost> hosts;
    const auto streamed = db.stream(
        sql_format("SELECT DISTINCT type, COALESCE(url, ''), COALESCE(hostname, '') FROM monitor "
                   "WHERE domain_expiry_notification = 1 AND active = 1 LIMIT ?",
                   kMostWatchedHosts),
        [&hosts](const RowView& row) {
            const auto text = [&row](std::size_t i) {
                return std::string(row.text(i).value_or(""));
            };
            hosts.push_back({text(0), text(1), text(2)});
        });
    if (!streamed) return streamed.error();
    return hosts;
}

Result<std::vector<DomainRow>> list_domains(Connection& db) {
    auto rows = db.query(sql_format("SELECT domain, last_check, expiry FROM domain_expiry LIMIT ?",
                                    kMostWatchedHosts));
    if (!rows) return rows.error();
    std::vector<DomainRow> domains;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        domains.push_back(
            {rows->string(i, 0), time_of(rows->text(i, 1)), time_of(rows->text(i, 2))});
    }
    return domains;
}

Result<void> save_domain(Connection& db, const std::string& domain,
                         const std::optional<WallTime>& expiry, WallTime last_check) {
    // MariaDB assigns from left to right: what was told is judged before the expiry changes.
    const auto written = db.execute(
        sql_format("INSERT INTO domain_expiry (domain, expiry, last_check) VALUES (?, ?, ?) "
                   "ON DUPLICATE KEY UPDATE last_expiry_notification_sent = "
                   "IF(VALUES(expiry) > expiry, NULL, last_expiry_notification_sent), "
                   "expiry = COALESCE(VALUES(expiry), expiry), last_check = VALUES(last_check)",
                   domain, expiry, last_check));
    if (!written) return written.error();
    return {};
}

}  // namespace higuma::store
