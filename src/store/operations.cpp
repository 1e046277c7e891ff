#include "store/operations.hpp"

#include "store/cells.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {
constexpr std::int64_t kOperationsKept = 10'000;
constexpr int kTrimmedAtOnce = 1'000;
}  // namespace

Result<void> add_operation(Connection& db, const Operation& operation) {
    auto written = db.execute(sql_format(
        "INSERT INTO cluster_operation (time, actor, address, action, target, reason, "
        "result, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        operation.time, clean_text(operation.actor, 200), clean_text(operation.address, 64),
        operation.action, clean_text(operation.target, 200), clean_text(operation.reason, 2'000),
        operation.result, clean_text(operation.detail, 2'000)));
    if (!written) return written.error();
    const auto keep_after = static_cast<std::int64_t>(written->last_insert_id) - kOperationsKept;
    if (keep_after <= 0) return {};
    auto trimmed = db.execute(sql_format("DELETE FROM cluster_operation WHERE id <= ? LIMIT ?",
                                         keep_after, kTrimmedAtOnce));
    if (!trimmed) return trimmed.error();
    return {};
}

Result<std::vector<Operation>> list_operations(Connection& db, std::int64_t before_id, int limit) {
    const auto before = before_id > 0 ? before_id : INT64_MAX;
    auto rows = db.query(
        sql_format("SELECT id, time, actor, address, action, target, reason, result, detail "
                   "FROM cluster_operation WHERE id < ? ORDER BY id DESC LIMIT ?",
                   before, std::max(limit, 0)));
    if (!rows) return rows.error();
    std::vector<Operation> all;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        Operation operation;
        operation.id = rows->integer(i, 0);
        operation.time = time_of(rows->text(i, 1)).value_or(WallTime{});
        operation.actor = rows->string(i, 2);
        operation.address = rows->string(i, 3);
        operation.action = rows->string(i, 4);
        operation.target = rows->string(i, 5);
        operation.reason = rows->string(i, 6);
        operation.result = rows->string(i, 7);
        operation.detail = rows->string(i, 8);
        all.push_back(std::move(operation));
    }
    return all;
}

}  // namespace higuma::store
