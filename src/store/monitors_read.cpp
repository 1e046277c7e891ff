#include <fmt/format.h>

#include <unordered_map>

#include "store/cells.hpp"
#include "store/changes.hpp"
#include "store/monitor_rows.hpp"
#include "store/monitors.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr int kLargestPage = 1'000;

// The condition "effective on this node" as the index of effective nodes has it.
std::string effective_on(const NodeId& node) {
    return sql_format("(assigned_node = ? OR (assigned_node IS NULL AND node_id = ?))", node, node);
}

Result<void> read_monitors(Connection& db, const std::string& where, std::vector<Monitor>& out) {
    return db.stream(fmt::format("SELECT {} FROM monitor WHERE {}", monitor_columns(), where),
                     [&](const RowView& row) { out.push_back(read_monitor(row)); });
}

Result<void> read_full(Connection& db, const NodeId& node, MonitorDelta& delta) {
    auto moved = read_monitors(db, sql_format("assigned_node = ?", node), delta.mine);
    if (!moved) return moved;
    return read_monitors(db, sql_format("node_id = ? AND assigned_node IS NULL", node), delta.mine);
}

// A failover changes many monitors; of those that are not ours only the ids are read.
Result<void> read_delta(Connection& db, const NodeId& node, ChangeSeq since, MonitorDelta& delta) {
    const auto mine = effective_on(node);
    const auto changed = sql_format("change_seq > ?", since);
    auto read = read_monitors(db, fmt::format("{} AND {}", changed, mine), delta.mine);
    if (!read) return read;
    return db.stream(
        fmt::format("SELECT id FROM monitor WHERE {} AND NOT COALESCE({}, 0) UNION ALL "
                    "SELECT monitor_id FROM monitor_tombstone WHERE {}",
                    changed, mine, changed),
        [&](const RowView& row) { delta.not_mine.push_back({row.integer(0)}); });
}

Result<Monitor> one_monitor(Connection& db, const std::string& where) {
    std::vector<Monitor> found;
    if (auto read = read_monitors(db, where, found); !read) return read.error();
    if (found.empty()) return Failure{ErrorKind::not_found, "there is no such monitor", {}};
    return std::move(found.front());
}

}  // namespace

Result<ChangeSeq> current_change_seq(Connection& db) {
    auto rows = db.query("SELECT value FROM cluster_counter WHERE name = 'monitor'");
    if (!rows) return rows.error();
    if (rows->size() == 0) {
        return Failure{
            ErrorKind::internal, "cluster_counter has no row 'monitor': run the migrations", {}};
    }
    return ChangeSeq{static_cast<std::uint64_t>(rows->integer(0, 0))};
}

Result<MonitorDelta> monitors_changed_since(Connection& db, const NodeId& node, ChangeSeq since) {
    MonitorDelta delta;
    auto done = db.transaction([&](Connection& c) -> Result<void> {
        delta = {};
        auto known = change_window(c);
        if (!known) return known.error();
        delta.upto = known->current;
        delta.full = known->needs_full(since);
        if (delta.full) return read_full(c, node, delta);
        if (since == known->current) return {};
        return read_delta(c, node, since, delta);
    });
    if (!done) return done.error();
    return delta;
}

Result<MonitorPage> list_monitors(Connection& db, const MonitorFilter& filter) {
    std::string where = "1 = 1";
    if (filter.effective_node) where += " AND " + effective_on(*filter.effective_node);
    if (!filter.search.empty()) {
        const auto pattern = like_pattern(clean_text(filter.search, 1'000));
        where += sql_format(" AND (name LIKE ? OR url LIKE ? OR hostname LIKE ?)", pattern, pattern,
                            pattern);
    }
    MonitorPage page;
    auto total = db.query(fmt::format("SELECT COUNT(*) FROM monitor WHERE {}", where));
    if (!total) return total.error();
    page.total = total->integer(0, 0);
    auto read = read_monitors(db,
                              where + sql_format(" AND id > ? ORDER BY id LIMIT ?", filter.after_id,
                                                 std::clamp(filter.limit, 0, kLargestPage)),
                              page.monitors);
    if (!read) return read.error();
    return page;
}

Result<Monitor> get_monitor(Connection& db, MonitorId id) {
    return one_monitor(db, sql_format("id = ?", id));
}

// The column compares without regard to case; a token is a secret and must match exactly.
Result<Monitor> get_monitor_by_push_token(Connection& db, std::string_view token) {
    if (token.empty()) return Failure{ErrorKind::not_found, "there is no such monitor", {}};
    return one_monitor(db, sql_format("push_token = ? AND BINARY push_token = BINARY ? "
                                      "ORDER BY id LIMIT 1",
                                      token, token));
}

Result<std::vector<std::optional<PushTarget>>> find_push_targets(
    Connection& db, const std::vector<std::string>& tokens) {
    std::string list;
    for (const auto& token : tokens) {
        if (token.empty()) continue;
        // A text that is not UTF-8 would fail the statement for all; it is no token.
        if (!list.empty()) list += ',';
        append_literal(list, clean_text(token, token.size()));
    }
    std::vector<std::optional<PushTarget>> out(tokens.size());
    if (list.empty()) return out;
    // Fresh statistics of the table may be missing, and one scan of it costs more than all
    // look-ups.
    std::unordered_map<std::string, PushTarget> found;
    auto read = db.stream(
        fmt::format("SELECT m.push_token, m.id, m.active, COALESCE(m.assigned_node, m.node_id), "
                    "n.host FROM monitor m FORCE INDEX (monitor_push_token) LEFT JOIN node n "
                    "ON n.node_id = COALESCE(m.assigned_node, m.node_id) "
                    "WHERE m.push_token IN ({})",
                    list),
        [&](const RowView& row) {
            PushTarget target{MonitorId{row.integer(1)}, row.integer(2) != 0, node_of(row.text(3)),
                              row.string(4)};
            const auto [known, added] = found.try_emplace(row.string(0), target);
            if (!added && target.monitor < known->second.monitor) known->second = target;
        });
    if (!read) return read.error();
    // Compared here byte for byte, for the column's order knows neither case nor spaces at the end.
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto known = found.find(tokens[i]);
        if (known != found.end()) out[i] = known->second;
    }
    return out;
}

}  // namespace higuma::store
