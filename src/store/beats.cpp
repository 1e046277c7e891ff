#include "store/beats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <unordered_map>

#include "store/cells.hpp"
#include "store/saved_response.hpp"
#include "store/sql.hpp"
#include "store/statistics.hpp"

namespace higuma::store {

namespace {

constexpr std::size_t kLongestMessage = 65'535;           // bytes that a text column holds
constexpr std::size_t kStatementBytes = 4 * 1024 * 1024;  // well below max_allowed_packet
constexpr std::size_t kStatementRows = 1'000;

using Indexes = std::vector<std::size_t>;

// In the order of monitor ids, in which movers lock too; a monitor's own beats in their order.
Indexes sorted_by_monitor(const std::vector<Beat>& batch) {
    Indexes order(batch.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return batch[a].monitor < batch[b].monitor;
    });
    return order;
}

void append_beat(std::string& out, const Beat& beat) {
    const auto ping = stored_ping(beat);
    const auto ended = beat.time + ping.value_or(Millis{0});
    const auto ping_ms = ping ? std::optional(ping->count()) : std::nullopt;
    std::optional<std::string> response;
    if (!beat.response.empty()) response = encode_saved_response(beat.response);
    append_row(out, beat.monitor, beat.epoch, static_cast<int>(beat.status),
               clean_text(beat.msg, kLongestMessage), beat.time, ping_ms, beat.important,
               beat.duration.count(), beat.down_count, ended, beat.retries, beat.scheduled_at,
               response);
}

// The fence is inside the INSERT: what is joined is share-locked until the commit, so neither the
// epoch nor the incarnation can change between the check and the write.
std::string insert_sql(const NodeId& node, Incarnation incarnation, const std::string& rows) {
    return fmt::format(
        "INSERT IGNORE INTO heartbeat (monitor_id, status, msg, time, ping, important, duration, "
        "down_count, end_time, retries, node_id, epoch, scheduled_at, response) "
        "WITH b (monitor, epoch, status, msg, time, ping, important, duration, down_count, "
        "end_time, retries, scheduled_at, response) AS (VALUES {}) "
        "SELECT b.monitor, b.status, b.msg, b.time, b.ping, b.important, b.duration, b.down_count, "
        "b.end_time, b.retries, n.node_id, b.epoch, b.scheduled_at, b.response "
        "FROM b STRAIGHT_JOIN monitor m ON m.id = b.monitor AND m.assignment_epoch = b.epoch "
        "STRAIGHT_JOIN node n "
        "WHERE COALESCE(m.assigned_node, m.node_id) = {} AND n.node_id = {} AND n.incarnation = {} "
        "RETURNING monitor_id, scheduled_at",
        rows, sql_format("?", node), sql_format("?", node), incarnation.value);
}

std::string key_of(std::int64_t monitor, std::string_view scheduled_at) {
    return fmt::format("{} {}", monitor, scheduled_at);
}

// Inserts beats from `order` up to the limits of a statement; adds those stored to `stored`.
Result<std::size_t> insert_some(Connection& db, const NodeId& node, Incarnation incarnation,
                                const std::vector<Beat>& batch, std::span<const std::size_t> order,
                                Indexes& stored) {
    std::string rows;
    std::unordered_map<std::string, std::size_t> by_key;
    std::size_t taken = 0;
    for (; taken < order.size() && taken < kStatementRows && rows.size() < kStatementBytes;
         ++taken) {
        const auto& beat = batch[order[taken]];
        if (!rows.empty()) rows += ',';
        append_beat(rows, beat);
        by_key.emplace(key_of(beat.monitor.value, format_sql_time(beat.scheduled_at)),
                       order[taken]);
    }
    auto returned = db.query(insert_sql(node, incarnation, rows));
    if (!returned) return returned.error();
    for (std::size_t i = 0; i < returned->size(); ++i) {
        const auto found = by_key.find(key_of(returned->integer(i, 0), returned->string(i, 1)));
        if (found != by_key.end()) stored.push_back(found->second);
    }
    return taken;
}

// Whether a newer process has the node.
Result<bool> is_superseded(Connection& db, const NodeId& node, Incarnation incarnation) {
    auto rows =
        db.query(sql_format("SELECT incarnation > ? FROM node WHERE node_id = ? LOCK IN SHARE MODE",
                            incarnation, node));
    if (!rows) return rows.error();
    return rows->size() > 0 && rows->integer(0, 0) != 0;
}

Result<void> write_in_transaction(Connection& db, const NodeId& node, Incarnation incarnation,
                                  const std::vector<Beat>& batch, BeatWriteReport& report) {
    report = {};
    const auto order = sorted_by_monitor(batch);
    std::span<const std::size_t> rest = order;
    while (!rest.empty()) {
        auto taken = insert_some(db, node, incarnation, batch, rest, report.stored);
        if (!taken) return taken.error();
        rest = rest.subspan(*taken);
    }
    if (report.stored.size() < batch.size()) {  // what fenced them off is asked only then
        auto superseded = is_superseded(db, node, incarnation);
        if (!superseded) return superseded.error();
        report.incarnation_stale = *superseded;
    }
    std::sort(report.stored.begin(), report.stored.end());
    std::vector<const Beat*> stored;
    for (const auto index : report.stored) stored.push_back(&batch[index]);
    return add_statistics(db, stored);
}

}  // namespace

Result<BeatWriteReport> write_beats(Connection& db, const NodeId& node, Incarnation incarnation,
                                    const std::vector<Beat>& batch) {
    BeatWriteReport report;
    const auto before = db.statements();
    auto done = db.transaction(
        [&](Connection& c) { return write_in_transaction(c, node, incarnation, batch, report); });
    if (!done) return done.error();
    report.statements = db.statements() - before;
    return report;
}

}  // namespace higuma::store
