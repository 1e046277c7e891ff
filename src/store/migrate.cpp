#include "store/migrate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/migrations.hpp"
#include "store/secret.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr std::string_view kLastKumaMigration =
    "2026-08-18-0000-sqlite-only-drop-analytics-type-check.js";
constexpr Seconds kLockStep{2};                  // one line of progress each
constexpr Millis kStatementLimit{6 * 3600'000};  // an index on a year of beats takes its time

using Progress = std::function<void(const std::string&)>;

struct Recorded {
    int version = 0;
    std::string name;
    std::string checksum;
};

// What is there before anything is changed.
struct Found {
    bool ours = false;
    bool uptime_kuma = false;
    std::vector<Recorded> recorded;
};

// The longer limits of a migration, given back on every way out.
class LongStatements {
  public:
    explicit LongStatements(Connection& db) : db_(db), before_(db.query_timeout()) {
        db_.set_query_timeout(kStatementLimit);
    }
    ~LongStatements() { db_.set_query_timeout(before_); }
    LongStatements(const LongStatements&) = delete;
    LongStatements& operator=(const LongStatements&) = delete;

  private:
    Connection& db_;
    Millis before_;
};

Result<void> take_lock(Connection& db, const Progress& progress, Millis wait) {
    for (Millis waited{0};; waited += kLockStep) {
        const auto step = std::min<Millis>(kLockStep, std::max(Millis{0}, wait - waited));
        auto got =
            db.query(sql_format("SELECT GET_LOCK(CONCAT('higuma_migrate:', MD5(DATABASE())), ?)",
                                static_cast<double>(step.count()) / 1000.0));
        if (!got) return got.error();
        if (got->integer(0, 0) == 1) return {};
        if (waited >= wait) {
            return Failure{ErrorKind::timeout,
                           fmt::format("another process has been migrating the database for more "
                                       "than {} s; try again when it is done",
                                       wait.count() / 1000),
                           {}};
        }
        progress("waiting for another process that is migrating the database");
    }
}

Result<bool> has_table(Connection& db, std::string_view name) {
    auto rows =
        db.query(sql_format("SELECT COUNT(*) FROM information_schema.tables "
                            "WHERE table_schema = DATABASE() AND table_name = ?",
                            name));
    if (!rows) return rows.error();
    return rows->integer(0, 0) > 0;
}

Result<Found> look(Connection& db) {
    Found found;
    auto ours = has_table(db, "higuma_migration");
    if (!ours) return ours.error();
    found.ours = *ours;
    for (const char* table : {"knex_migrations", "monitor", "heartbeat", "setting"}) {
        auto there = has_table(db, table);
        if (!there) return there.error();
        found.uptime_kuma = found.uptime_kuma || *there;
    }
    if (!found.ours) return found;
    auto rows = db.query("SELECT version, name, checksum FROM higuma_migration ORDER BY version");
    if (!rows) return rows.error();
    for (std::size_t i = 0; i < rows->size(); ++i) {
        found.recorded.push_back(
            {static_cast<int>(rows->integer(i, 0)), rows->string(i, 1), rows->string(i, 2)});
    }
    return found;
}

// An Uptime Kuma database must be at exactly 2.5.3: what we add is written for those tables.
Result<void> check_adoptable(Connection& db) {
    const auto refuse = [](const std::string& why) {
        return Failure{ErrorKind::invalid_input,
                       fmt::format("the database belongs to another version of Uptime Kuma than "
                                   "2.5.3 ({}); start Uptime Kuma 2.5.3 on it once, then try again",
                                   why),
                       {}};
    };
    auto knex = has_table(db, "knex_migrations");
    if (!knex) return knex.error();
    if (!*knex) return refuse("it has no knex_migrations table");
    auto rows =
        db.query(sql_format("SELECT COALESCE(MAX(name = ?), 0), COUNT(*), COALESCE(MAX(name), '') "
                            "FROM knex_migrations",
                            kLastKumaMigration));
    if (!rows) return rows.error();
    const auto last = rows->string(0, 2);
    if (rows->integer(0, 0) == 0) {
        return refuse(rows->integer(0, 1) == 0 ? "no migration is recorded"
                                               : "its last migration is " + last);
    }
    if (last > kLastKumaMigration) return refuse("it has the newer migration " + last);
    auto lock = db.query("SELECT COALESCE(MAX(is_locked), 0) FROM knex_migrations_lock");
    if (lock && lock->integer(0, 0) != 0) return refuse("one of its migrations did not end");
    return {};
}

Result<void> check_recorded(const std::vector<Recorded>& recorded) {
    const auto known = embedded_migrations();
    for (const auto& row : recorded) {
        const auto* same = std::find_if(known.data(), known.data() + known.size(),
                                        [&](const auto& m) { return m.version() == row.version; });
        if (same == known.data() + known.size()) {
            return Failure{ErrorKind::invalid_input,
                           fmt::format("the database is from a newer Higuma: it has the unknown "
                                       "migration {}; use that version or a later one",
                                       row.name),
                           {}};
        }
        if (same->checksum != row.checksum || same->name != row.name) {
            return Failure{ErrorKind::invalid_input,
                           fmt::format("migration {} in the database is not the one of this "
                                       "Higuma ({}): one of them was changed",
                                       row.name, same->name),
                           {}};
        }
    }
    return {};
}

Result<void> apply(Connection& db, const Migration& migration, const Progress& progress) {
    progress(fmt::format("migration {}", migration.name));
    for (const auto& statement : split_statements(migration.sql)) {
        auto done = db.execute(statement);
        if (!done) {
            auto failure = done.error();
            failure.message = fmt::format("migration {}: {}", migration.name, failure.message);
            return failure;
        }
    }
    auto recorded =
        db.execute(sql_format("INSERT INTO higuma_migration (version, name, checksum, applied_at) "
                              "VALUES (?, ?, ?, UTC_TIMESTAMP(3))",
                              migration.version(), migration.name, migration.checksum));
    if (!recorded) return recorded.error();
    return {};
}

// A fresh database also needs the secret that signs tokens, which no SQL file can make.
Result<MigrationReport> migrate_locked(Connection& db, const Progress& progress) {
    // A program that keeps a table busy makes a migration fail, not wait for a day.
    auto bounded = db.execute("SET SESSION lock_wait_timeout = 30, innodb_lock_wait_timeout = 30");
    if (!bounded) return bounded.error();
    auto found = look(db);
    if (!found) return found.error();
    MigrationReport report;
    report.adopted = !found->ours && found->uptime_kuma;
    if (report.adopted) {
        if (auto good = check_adoptable(db); !good) return good.error();
        progress("adopting the Uptime Kuma 2.5.3 database");
    }
    if (auto good = check_recorded(found->recorded); !good) return good.error();
    auto made = db.execute(
        "CREATE TABLE IF NOT EXISTS higuma_migration ("
        "version int NOT NULL PRIMARY KEY, name varchar(100) NOT NULL, "
        "checksum char(64) NOT NULL, applied_at datetime(3) NOT NULL) "
        "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci");
    if (!made) return made.error();
    for (const auto& migration : embedded_migrations()) {
        const bool done =
            std::any_of(found->recorded.begin(), found->recorded.end(),
                        [&](const auto& row) { return row.version == migration.version(); });
        if (done) continue;
        if (auto applied = apply(db, migration, progress); !applied) return applied.error();
        report.applied.emplace_back(migration.name);
    }
    if (auto secret = ensure_jwt_secret(db); !secret) return secret.error();
    return report;
}

}  // namespace

Result<MigrationReport> migrate(Connection& db, const Progress& progress, Millis lock_wait) {
    const LongStatements limits(db);
    if (auto locked = take_lock(db, progress, lock_wait); !locked) return locked.error();
    auto report = migrate_locked(db, progress);
    // Closing the connection, as `limits` does, gives the lock back even if this fails.
    (void)db.execute("DO RELEASE_LOCK(CONCAT('higuma_migrate:', MD5(DATABASE())))");
    return report;
}

Result<MigrationReport> migrate(Connection& db, const Progress& progress) {
    return migrate(db, progress, Millis{120'000});
}

}  // namespace higuma::store
