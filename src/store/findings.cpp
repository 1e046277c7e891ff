#include "store/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::size_t kLongestDnsResult = 65'535;  // bytes of a text column
constexpr std::size_t kLongestTlsInfo = 1 << 20;

using Members = std::vector<const MonitorFindings*>;

// Those that are still ours, in the order of ids; their rows stay locked until the commit. The
// strong lock is for those whose own row is written.
Result<Members> current_of(Connection& db, const NodeId& node, Incarnation incarnation,
                           const Members& members, bool strong) {
    std::unordered_map<std::int64_t, const MonitorFindings*> by_id;
    std::string wanted;
    for (const auto* one : members) {
        by_id.emplace(one->monitor.value, one);
        if (!wanted.empty()) wanted += ',';
        append_row(wanted, one->monitor, one->epoch);
    }
    auto rows = db.query(fmt::format(
        "SELECT m.id FROM monitor m JOIN node n ON n.node_id = {0} AND n.incarnation = {1} "
        "WHERE (m.id, m.assignment_epoch) IN ({2}) AND COALESCE(m.assigned_node, m.node_id) = {0} "
        "ORDER BY m.id {3}",
        sql_format("?", node), incarnation.value, wanted,
        strong ? "FOR UPDATE" : "LOCK IN SHARE MODE"));
    if (!rows) return rows.error();
    Members current;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const auto found = by_id.find(rows->integer(i, 0));
        if (found != by_id.end()) current.push_back(found->second);
    }
    return current;
}

std::string values_of(const Members& members, std::string Findings::*text, std::size_t limit) {
    std::string values;
    for (const auto* one : members) {
        const std::string& value = (*one->findings).*text;
        if (value.empty()) continue;
        if (!values.empty()) values += ',';
        append_row(values, one->monitor, clean_text(value, limit));
    }
    return values;
}

// monitor_tls_info has no unique key, so rows are updated and missing ones inserted.
Result<void> write_tls_info(Connection& db, const std::string& values) {
    constexpr std::string_view kStatements[] = {
        "DELETE h FROM notification_sent_history h JOIN monitor_tls_info t "
        "ON t.monitor_id = h.monitor_id "
        "JOIN (WITH v (monitor, info) AS (VALUES {0}) SELECT * FROM v) v "
        "ON v.monitor = t.monitor_id WHERE h.type = 'certificate' "
        "AND JSON_VALUE(t.info_json, '$.certInfo.fingerprint256') <> "
        "JSON_VALUE(v.info, '$.certInfo.fingerprint256')",
        "UPDATE (WITH v (monitor, info) AS (VALUES {0}) SELECT * FROM v) v "
        "STRAIGHT_JOIN monitor_tls_info t ON t.monitor_id = v.monitor SET t.info_json = v.info",
        "INSERT INTO monitor_tls_info (monitor_id, info_json) "
        "WITH v (monitor, info) AS (VALUES {0}) SELECT v.monitor, v.info FROM v "
        "WHERE NOT EXISTS (SELECT 1 FROM monitor_tls_info t WHERE t.monitor_id = v.monitor)"};
    for (const auto statement : kStatements) {
        if (auto done = db.execute(fmt::format(fmt::runtime(statement), values)); !done) {
            return done.error();
        }
    }
    return {};
}

// No number of a change is taken: it is no setting, and nobody follows it.
Result<void> write_dns_results(Connection& db, const std::string& values) {
    auto done = db.execute(
        fmt::format("UPDATE (WITH v (monitor, result) AS (VALUES {}) SELECT * FROM v) v "
                    "STRAIGHT_JOIN monitor m ON m.id = v.monitor SET m.dns_last_result = v.result",
                    values));
    if (!done) return done.error();
    return {};
}

}  // namespace

Result<void> write_findings(Connection& db, const NodeId& node, Incarnation incarnation,
                            const std::vector<MonitorFindings>& batch) {
    Members members;
    bool strong = false;
    for (const auto& one : batch) {
        if (!one.findings) continue;
        members.push_back(&one);
        strong = strong || !one.findings->dns_last_result.empty();
    }
    if (members.empty()) return {};
    return db.transaction([&](Connection& c) -> Result<void> {
        auto current = current_of(c, node, incarnation, members, strong);
        if (!current) return current.error();
        const auto tls = values_of(*current, &Findings::tls_info, kLongestTlsInfo);
        const auto dns = values_of(*current, &Findings::dns_last_result, kLongestDnsResult);
        if (!tls.empty()) {
            if (auto done = write_tls_info(c, tls); !done) return done;
        }
        return dns.empty() ? Result<void>{} : write_dns_results(c, dns);
    });
}

}  // namespace higuma::store
