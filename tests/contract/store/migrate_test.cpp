#include "store/migrate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "store/migrations.hpp"
#include "store/sql.hpp"
#include "support/mariadb.hpp"
#include "support/project_root.hpp"

namespace higuma::store {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class MigrateTest : public testing::Test {
  protected:
    MigrateTest() : config(test::fresh_database()), db(config) {}

    Result<MigrationReport> go(Connection& on) {
        return migrate(on, [](const std::string&) {});
    }
    void run(const std::string& sql) {
        auto done = db.execute(sql);
        ASSERT_TRUE(done.has_value()) << sql << "\n" << done.error().message;
    }
    std::string word(const std::string& sql) {
        auto rows = db.query(sql);
        EXPECT_TRUE(rows.has_value()) << sql;
        return rows && rows->size() > 0 ? rows->string(0, 0, "NULL") : "no row";
    }
    // What Uptime Kuma 2.5.3 itself leaves behind, without anything of ours.
    void make_stock_database() {
        for (const auto& sql : split_statements(embedded_migrations()[0].sql)) run(sql);
    }

    DatabaseConfig config;
    Connection db;
};

json::value reference() {
    const auto path = test::project_root() / "tests/contract/store/data/uptime_kuma_2_5_3.json";
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str());
}

std::string text_of(const json::value& value) {
    return value.is_null() ? "NULL" : std::string(value.as_string());
}

// Every column as one line, in order: name, type, null, default, extra, collation.
std::string columns_in_reference(const json::object& table) {
    std::string out;
    for (const auto& item : table.at("columns").as_array()) {
        const auto& column = item.as_object();
        out += text_of(column.at("name")) + "|" + text_of(column.at("type")) + "|" +
               (column.at("null").as_bool() ? "YES" : "NO") + "|" + text_of(column.at("default")) +
               "|" + (column.at("auto_increment").as_bool() ? "auto_increment" : "") + "|" +
               text_of(column.at("collation")) + "\n";
    }
    return out;
}

std::string lines(Connection& db, const std::string& sql) {
    auto rows = db.query(sql);
    EXPECT_TRUE(rows.has_value()) << sql << (rows ? std::string() : rows.error().message);
    std::string out;
    for (std::size_t i = 0; rows && i < rows->size(); ++i) out += rows->string(i, 0) + "\n";
    return out;
}

std::string columns_in_database(Connection& db, const std::string& table) {
    return lines(db, sql_format("SELECT CONCAT_WS('|', column_name, column_type, is_nullable, "
                                "COALESCE(column_default, 'NULL'), extra, "
                                "COALESCE(collation_name, 'NULL')) FROM information_schema.columns "
                                "WHERE table_schema = DATABASE() AND table_name = ? "
                                "ORDER BY ordinal_position",
                                table));
}

std::string keys_in_reference(const json::object& table) {
    std::vector<std::string> keys;
    for (const auto& item : table.at("keys").as_array()) {
        const auto& key = item.as_object();
        std::string line =
            text_of(key.at("name")) + "|" + (key.at("unique").as_bool() ? "0" : "1") + "|";
        for (const auto& column : key.at("columns").as_array()) line += text_of(column) + ",";
        line.pop_back();
        keys.push_back(line + "\n");
    }
    std::sort(keys.begin(), keys.end());
    std::string out;
    for (const auto& line : keys) out += line;
    return out;
}

std::string keys_in_database(Connection& db, const std::string& table) {
    auto rows = db.query(
        sql_format("SELECT CONCAT_WS('|', index_name, non_unique, GROUP_CONCAT(column_name "
                   "ORDER BY seq_in_index)) FROM information_schema.statistics WHERE "
                   "table_schema = DATABASE() AND table_name = ? GROUP BY index_name, non_unique",
                   table));
    EXPECT_TRUE(rows.has_value());
    std::vector<std::string> keys;
    for (std::size_t i = 0; rows && i < rows->size(); ++i)
        keys.push_back(rows->string(i, 0) + "\n");
    std::sort(keys.begin(), keys.end());
    std::string out;
    for (const auto& line : keys) out += line;
    return out;
}

std::string constraints_in_reference(const json::object& table) {
    std::string out;
    for (const auto& item : table.at("constraints").as_array()) {
        const auto& c = item.as_object();
        out += text_of(c.at("name")) + "|" + text_of(c.at("column")) + "|" +
               text_of(c.at("references_table")) + "|" + text_of(c.at("references_column")) + "|" +
               text_of(c.at("on_delete")) + "|" + text_of(c.at("on_update")) + "\n";
    }
    return out;
}

std::string constraints_in_database(Connection& db, const std::string& table) {
    return lines(db, sql_format("SELECT CONCAT_WS('|', k.constraint_name, k.column_name, "
                                "k.referenced_table_name, k.referenced_column_name, r.delete_rule, "
                                "r.update_rule) FROM information_schema.key_column_usage k "
                                "JOIN information_schema.referential_constraints r "
                                "ON r.constraint_schema = k.constraint_schema "
                                "AND r.constraint_name = k.constraint_name "
                                "WHERE k.table_schema = DATABASE() AND k.table_name = ? "
                                "ORDER BY k.constraint_name",
                                table));
}

TEST_F(MigrateTest, FirstMigrationIsExactlyUptimeKumasSchema) {
    make_stock_database();
    const auto expected = reference();
    for (const auto& item : expected.at("tables").as_array()) {
        const auto& table = item.as_object();
        const auto name = text_of(table.at("table"));
        EXPECT_EQ(columns_in_database(db, name), columns_in_reference(table)) << name;
        EXPECT_EQ(keys_in_database(db, name), keys_in_reference(table)) << name;
        EXPECT_EQ(constraints_in_database(db, name), constraints_in_reference(table)) << name;
    }
    EXPECT_EQ(word("SELECT COUNT(*) FROM information_schema.tables "
                   "WHERE table_schema = DATABASE()"),
              std::to_string(expected.at("tables").as_array().size()));
    EXPECT_EQ(word("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() "
                   "AND (engine <> 'InnoDB' OR table_collation <> 'utf8mb4_unicode_ci')"),
              "0");
    std::string names;
    for (const auto& name : expected.at("knex_migrations").as_array()) {
        names += text_of(name) + "\n";
    }
    EXPECT_EQ(lines(db, "SELECT name FROM knex_migrations WHERE batch = 1 ORDER BY id"), names);
}

TEST_F(MigrateTest, FreshDatabaseHoldsTheRowsThatUptimeKumaExpects) {
    const auto report = go(db);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_FALSE(report->adopted);
    EXPECT_THAT(report->applied, testing::SizeIs(embedded_migrations().size()));
    EXPECT_EQ(word("SELECT CONCAT(`index`, ',', is_locked) FROM knex_migrations_lock"), "1,0");
    EXPECT_EQ(word("SELECT value FROM setting WHERE `key` = 'migrateAggregateTableState'"),
              "\"migrated\"");
    EXPECT_THAT(word("SELECT value FROM setting WHERE `key` = 'jwtSecret'"),
                testing::MatchesRegex("\\$2[aby]\\$10\\$.{53}"));
    EXPECT_EQ(word("SELECT COUNT(*) FROM higuma_migration WHERE LENGTH(checksum) = 64"),
              std::to_string(embedded_migrations().size()));
}

TEST_F(MigrateTest, SecondRunChangesNothing) {
    ASSERT_TRUE(go(db).has_value());
    const auto secret = word("SELECT value FROM setting WHERE `key` = 'jwtSecret'");
    const auto report = go(db);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_FALSE(report->adopted);
    EXPECT_THAT(report->applied, testing::IsEmpty());
    EXPECT_EQ(word("SELECT value FROM setting WHERE `key` = 'jwtSecret'"), secret);
}

void insert_as_stock_does(Connection& db, const std::string& name) {
    for (const auto& sql :
         {sql_format("INSERT INTO monitor (name, type, url, `interval`) VALUES "
                     "(?, 'http', 'http://127.0.0.1/', 60)",
                     name),
          std::string("INSERT INTO heartbeat (monitor_id, status, msg, time, important, end_time) "
                      "SELECT MAX(id), 1, 'ok', UTC_TIMESTAMP(), 1, UTC_TIMESTAMP() FROM monitor"),
          std::string("INSERT INTO heartbeat (monitor_id, status, msg, time, important, end_time) "
                      "SELECT MAX(id), 1, 'ok', UTC_TIMESTAMP(), 0, UTC_TIMESTAMP() FROM monitor"),
          std::string("INSERT INTO stat_daily (monitor_id, timestamp, ping, up, down) "
                      "SELECT MAX(id), 86400, 12.5, 2, 0 FROM monitor")}) {
        auto done = db.execute(sql);
        ASSERT_TRUE(done.has_value()) << sql << "\n" << done.error().message;
    }
}

TEST_F(MigrateTest, AdoptsAnUptimeKumaDatabaseWithoutLosingAnything) {
    make_stock_database();
    run("INSERT INTO user (username, password) VALUES ('admin', '$2a$10$hash')");
    run("INSERT INTO setting (`key`, value, type) VALUES ('jwtSecret', 'kept', NULL), "
        "('primaryBaseURL', '\"http://kuma\"', 'general')");
    insert_as_stock_does(db, "adopted");
    const auto beats = word("SELECT GROUP_CONCAT(id, msg, time) FROM heartbeat");

    const auto report = go(db);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_TRUE(report->adopted);
    EXPECT_EQ(word("SELECT GROUP_CONCAT(id, msg, time) FROM heartbeat"), beats);
    EXPECT_EQ(word("SELECT CONCAT(username, password) FROM user"), "admin$2a$10$hash");
    EXPECT_EQ(word("SELECT value FROM setting WHERE `key` = 'jwtSecret'"), "kept");
    EXPECT_EQ(word("SELECT COUNT(*) FROM setting"), "3");
    EXPECT_EQ(word("SELECT COUNT(*) FROM knex_migrations"), "55");
    EXPECT_EQ(word("SELECT CONCAT(name, change_seq, assignment_epoch, COALESCE(node_id, '-')) "
                   "FROM monitor"),
              "adopted11-");
    EXPECT_EQ(word("SELECT up FROM stat_daily"), "2");
    insert_as_stock_does(db, "added by a stock Uptime Kuma afterwards");
    EXPECT_EQ(word("SELECT COUNT(*) FROM heartbeat"), "4");
    EXPECT_EQ(word("SELECT change_seq FROM monitor ORDER BY id DESC LIMIT 1"), "0");
}

TEST_F(MigrateTest, RefusesAnotherVersionOfUptimeKumaAndChangesNothing) {
    make_stock_database();
    run("DELETE FROM knex_migrations WHERE id > 40");
    const auto report = go(db);
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().kind, ErrorKind::invalid_input);
    EXPECT_THAT(report.error().message, HasSubstr("2.5.3"));
    EXPECT_THAT(report.error().message, HasSubstr("2026-01-02-0551-dns-last-result-to-text.js"));
    EXPECT_EQ(word("SELECT COUNT(*) FROM information_schema.tables WHERE "
                   "table_schema = DATABASE() AND table_name IN ('node', 'higuma_migration')"),
              "0");

    run("INSERT INTO knex_migrations (name, batch) VALUES "
        "('2026-08-18-0000-sqlite-only-drop-analytics-type-check.js', 1), "
        "('2027-01-01-0000-later.js', 2)");
    const auto newer = go(db);
    ASSERT_FALSE(newer.has_value());
    EXPECT_THAT(newer.error().message, HasSubstr("2027-01-01-0000-later.js"));
}

TEST_F(MigrateTest, RefusesAnUptimeKumaWithoutMigrationRecords) {
    run("CREATE TABLE monitor (id int PRIMARY KEY)");
    const auto report = go(db);
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().kind, ErrorKind::invalid_input);
    EXPECT_THAT(report.error().message, HasSubstr("knex_migrations"));
}

TEST_F(MigrateTest, RefusesUnknownAndChangedMigrations) {
    ASSERT_TRUE(go(db).has_value());
    run("INSERT INTO higuma_migration VALUES (900, '900_later', REPEAT('0', 64), NOW(3))");
    auto report = go(db);
    ASSERT_FALSE(report.has_value());
    EXPECT_THAT(report.error().message, HasSubstr("900_later"));
    run("DELETE FROM higuma_migration WHERE version = 900");
    run("UPDATE higuma_migration SET checksum = REPEAT('0', 64) WHERE version = 2");
    report = go(db);
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().kind, ErrorKind::invalid_input);
    EXPECT_THAT(report.error().message, HasSubstr("changed"));
}

TEST_F(MigrateTest, FourAtOnceDoItOnce) {
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    std::atomic<std::size_t> applied = 0;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            Connection own(config);
            auto report = migrate(own, [](const std::string&) {});
            if (!report) return;
            ++good;
            applied += report->applied.size();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 4);
    EXPECT_EQ(applied, embedded_migrations().size());
}

TEST_F(MigrateTest, GoesOnAfterAHalfDoneMigration) {
    ASSERT_TRUE(go(db).has_value());
    run("DELETE FROM higuma_migration WHERE version = 2");
    run("DROP TABLE cluster_event");
    run("ALTER TABLE heartbeat DROP KEY heartbeat_scheduled, DROP COLUMN scheduled_at");
    run("ALTER TABLE monitor DROP KEY monitor_push_token");
    const auto report = go(db);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_THAT(report->applied, testing::ElementsAre("002_cluster"));
    EXPECT_EQ(word("SELECT COUNT(*) FROM cluster_event"), "0");
    EXPECT_EQ(word("SELECT COUNT(*) FROM heartbeat WHERE scheduled_at IS NULL"), "0");
}

TEST_F(MigrateTest, ADatabaseOfTheSecondMigrationKeepsWhatItHas) {
    ASSERT_TRUE(go(db).has_value());
    run("DELETE FROM higuma_migration WHERE version = 3");
    run("DROP TABLE cluster_setting, cluster_operation, gateway");
    run("ALTER TABLE node DROP COLUMN draining, DROP COLUMN drain_strategy, "
        "DROP COLUMN drain_target, DROP COLUMN weight");
    run("ALTER TABLE monitor DROP COLUMN assigned_reason");
    run("INSERT INTO node (node_id, status) VALUES ('node1', 'online'), ('node2', 'draining')");
    run("INSERT INTO monitor (name, node_id, assigned_node) VALUES ('m', 'node1', 'node2')");
    const auto report = go(db);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_THAT(report->applied, testing::ElementsAre("003_operations"));
    EXPECT_EQ(word("SELECT GROUP_CONCAT(node_id ORDER BY node_id) FROM node WHERE draining"),
              "node2");
    EXPECT_EQ(word("SELECT assigned_reason FROM monitor"), "NULL");
    insert_as_stock_does(db, "added by a stock Uptime Kuma afterwards");
}

TEST_F(MigrateTest, GoesOnAfterAHalfDoneFirstMigration) {
    ASSERT_TRUE(go(db).has_value());
    run("DELETE FROM higuma_migration");
    run("DROP TABLE stat_daily");
    run("DELETE FROM knex_migrations");
    const auto report = go(db);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_FALSE(report->adopted);
    EXPECT_EQ(word("SELECT COUNT(*) FROM knex_migrations"), "55");
    EXPECT_EQ(word("SELECT COUNT(*) FROM stat_daily"), "0");
}

TEST_F(MigrateTest, WaitsForAnotherMigrationOnlySoLong) {
    Connection other(config);
    ASSERT_TRUE(
        other.query("SELECT GET_LOCK(CONCAT('higuma_migrate:', MD5(DATABASE())), 10)").has_value());
    int said = 0;
    const auto report = migrate(
        db, [&](const std::string&) { ++said; }, Millis{100});
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().kind, ErrorKind::timeout);
    EXPECT_THAT(report.error().message, HasSubstr("another process"));
    EXPECT_GE(said, 1);
}

TEST_F(MigrateTest, WithoutTheRightToCreateTablesItIsDenied) {
    run("CREATE USER 'reader'@'%' IDENTIFIED BY 'pw'");
    run("GRANT SELECT ON *.* TO 'reader'@'%'");
    auto reader = config;
    reader.user = "reader";
    reader.password = "pw";
    Connection own(reader);
    const auto report = go(own);
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().kind, ErrorKind::denied) << report.error().message;
    run("DROP USER 'reader'@'%'");
}

}  // namespace
}  // namespace higuma::store
