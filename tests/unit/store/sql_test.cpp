#include "store/sql.hpp"

#include <gtest/gtest.h>

#include "store/errors.hpp"
#include "store/migrations.hpp"
#include "store/statistics.hpp"

namespace higuma::store {
namespace {

using namespace std::chrono_literals;

TEST(SqlTest, ValuesBecomeLiterals) {
    EXPECT_EQ(
        sql_format("SELECT ?, ?, ?, ?, ?", 1, true, "a'b", std::optional<int>(), NodeId{"node1"}),
        "SELECT 1, 1, 'a\\'b', NULL, 'node1'");
    EXPECT_EQ(sql_format("?", *parse_time("2026-11-22 10:41:29.862")), "'2026-11-22 10:41:29.862'");
    EXPECT_EQ(sql_format("? ?", 0.5, 1e300 * 1e300), "0.5 NULL");
}

TEST(SqlTest, AQuestionMarkInAValueIsNotAMark) {
    EXPECT_EQ(sql_format("? ?", "what?", "?"), "'what?' '?'");
}

TEST(SqlTest, EveryByteThatCouldEndALiteralIsEscaped) {
    EXPECT_EQ(sql_format("?", std::string("\0\n\r\x1a'\"\\", 7)), "'\\0\\n\\r\\Z\\'\\\"\\\\'");
}

TEST(SqlDeathTest, AMissingOrSpareValueIsABug) {
    EXPECT_DEATH(sql_format("SELECT ?"), "question mark");
    EXPECT_DEATH(sql_format("SELECT 1", 1), "question marks");
}

TEST(SqlTest, LikePatternsTakeWildcardsLiterally) {
    EXPECT_EQ(like_pattern("50%_\\"), "%50\\%\\_\\\\%");
}

TEST(SqlTest, IdLists) {
    const std::vector<MonitorId> ids = {{3}, {5}};
    EXPECT_EQ(id_list(ids.begin(), ids.end()), "3,5");
    EXPECT_EQ(id_list(ids.begin(), ids.begin()), "NULL");
}

TEST(SqlTest, CleanTextIsValidUtf8WithinTheLimit) {
    EXPECT_EQ(clean_text("日本", 100), "日本");
    EXPECT_EQ(clean_text("日本", 5), "日");
    EXPECT_EQ(clean_text("a\xff\xc0\x80z", 100), "a???z");
    EXPECT_EQ(clean_text("\xed\xa0\x80", 100), "???");       // a surrogate
    EXPECT_EQ(clean_text("\xf4\x90\x80\x80", 100), "????");  // beyond Unicode
    EXPECT_EQ(clean_text("\xe6\x97", 100), "??");            // cut
    EXPECT_EQ(clean_text(std::string("\0x", 2), 100), std::string("\0x", 2));
}

TEST(MigrationsTest, StatementsEndAtALinesEnd) {
    const auto statements = split_statements(
        "-- a comment; with a semicolon\nCREATE TABLE a (\n  b int\n);\n\nINSERT INTO a VALUES "
        "(';');\n"
        "SELECT 1");
    ASSERT_EQ(statements.size(), 3U);
    EXPECT_EQ(statements[0], "CREATE TABLE a (\n  b int\n)");
    EXPECT_EQ(statements[1], "INSERT INTO a VALUES (';')");
    EXPECT_EQ(statements[2], "SELECT 1\n");
}

TEST(MigrationsTest, EmbeddedOnesAreNumberedWithoutGaps) {
    int expected = 1;
    for (const auto& migration : embedded_migrations()) {
        EXPECT_EQ(migration.version(), expected++);
        EXPECT_EQ(migration.checksum.size(), 64U);
    }
}

TEST(ErrorsTest, NumbersBecomeKinds) {
    const auto kind = [](unsigned int code) { return database_failure(code, "x", "h:1").kind; };
    for (const unsigned code : {1044U, 1045U, 1049U}) EXPECT_EQ(kind(code), ErrorKind::denied);
    for (const unsigned code : {2002U, 2003U, 2006U, 2013U, 1927U, 1053U, 1040U}) {
        EXPECT_EQ(kind(code), ErrorKind::unavailable) << code;
    }
    EXPECT_EQ(kind(1969), ErrorKind::timeout);
    EXPECT_EQ(kind(1062), ErrorKind::conflict);
    EXPECT_EQ(kind(1064), ErrorKind::internal);
    EXPECT_EQ(database_failure(1406, "Data too long for column 'name' at row 1", "h:1").field,
              "name");
    EXPECT_EQ(database_failure(1366,
                               "Incorrect string value: '\\xF0' for column "
                               "`test`.`user`.`username` at row 1",
                               "h:1")
                  .field,
              "username");
    EXPECT_EQ(database_failure(2003, "no", "db:3306").message, "database db:3306: no (error 2003)");
}

TEST(ErrorsTest, ServerVersions) {
    for (const auto* good :
         {"10.6.0-MariaDB", "10.11.19-MariaDB-0+deb12u1", "11.4.2-MariaDB-log", "12.0.1-MariaDB"}) {
        EXPECT_TRUE(check_server_version(good)) << good;
    }
    for (const auto* bad :
         {"10.5.29-MariaDB", "5.5.68-MariaDB", "8.0.36", "9.1.0", "", "MariaDB"}) {
        const auto refused = check_server_version(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
        EXPECT_NE(refused.error().message.find("MariaDB 10.6"), std::string::npos);
    }
}

Beat beat(std::int64_t monitor, Seconds at, BeatStatus status, std::optional<Millis> ping) {
    Beat b;
    b.monitor = {monitor};
    b.status = status;
    b.time = WallTime{at};
    b.ping = ping;
    return b;
}

TEST(StatisticsTest, BeatsAreSummedPerMonitorAndBucket) {
    const std::vector<Beat> beats = {beat(2, 61s, BeatStatus::up, 10ms),
                                     beat(1, 59s, BeatStatus::down, 5ms),
                                     beat(2, 119s, BeatStatus::up, 30ms),
                                     beat(2, 100s, BeatStatus::pending, std::nullopt),
                                     beat(2, 101s, BeatStatus::maintenance, 99ms),
                                     beat(2, 102s, BeatStatus::up, std::nullopt),
                                     beat(1, 60s, BeatStatus::up, -5ms)};
    std::vector<const Beat*> pointers;
    for (const auto& b : beats) pointers.push_back(&b);
    const auto buckets = sum_beats(pointers, 60s);
    ASSERT_EQ(buckets.size(), 3U);
    EXPECT_EQ(buckets[0].monitor.value, 1);
    EXPECT_EQ(buckets[0].timestamp, 0);
    EXPECT_EQ(buckets[0].down, 1);
    EXPECT_EQ(buckets[0].pings, 0);
    EXPECT_EQ(buckets[1].timestamp, 60);
    EXPECT_EQ(buckets[1].ping_min, 0);
    EXPECT_EQ(buckets[2].up, 3);
    EXPECT_EQ(buckets[2].down, 1);
    EXPECT_EQ(buckets[2].maintenance, 1);
    EXPECT_EQ(buckets[2].pings, 2);
    EXPECT_EQ(buckets[2].ping_sum, 40);
    EXPECT_EQ(buckets[2].ping_min, 10);
    EXPECT_EQ(buckets[2].ping_max, 30);
    EXPECT_EQ(sum_beats(pointers, 3600s).size(), 2U);
    EXPECT_TRUE(sum_beats({}, 60s).empty());
}

}  // namespace
}  // namespace higuma::store
