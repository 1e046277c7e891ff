// Where values come from: environment, aliases, files of secrets, and the TOML file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/config_support.hpp"

namespace higuma::config {
namespace {

using testing::HasSubstr;
using Precedence = ConfigFiles;
using SecretFile = ConfigFiles;
using Toml = ConfigFiles;

TEST_F(Precedence, EnvironmentThenFileThenDefault) {
    const auto file = write("c.toml", "db_host = \"of-file\"\ndb_port = 3310\n");
    const auto database = load_database(environment_of({{"DB_HOST", "of-env"}}), file);
    EXPECT_EQ(database.host, "of-env");
    EXPECT_EQ(database.port, 3310);
    EXPECT_EQ(database.name, "kuma");
}

TEST_F(Precedence, AnAliasInTheEnvironmentWinsOverTheFile) {
    const auto file = write("c.toml", "db_host = \"of-file\"\n");
    const auto database =
        load_database(environment_of({{"UPTIME_KUMA_DB_HOSTNAME", "of-env"}}), file);
    EXPECT_EQ(database.host, "of-env");
}

TEST_F(Precedence, TheFirstNameWins) {
    const auto database = load_database(
        environment_of({{"UPTIME_KUMA_DB_NAME", "second"}, {"DB_NAME", "first"}}), {});
    EXPECT_EQ(database.name, "first");
}

TEST_F(Precedence, AnEmptyVariableIsUnset) {
    const auto file = write("c.toml", "db_host = \"of-file\"\n");
    EXPECT_EQ(load_database(environment_of({{"DB_HOST", ""}}), file).host, "of-file");
    EXPECT_EQ(load_database(environment_of({{"DB_PORT", ""}}), {}).port, 3306);
}

TEST_F(SecretFile, HoldsTheValue) {
    const auto secret = write("password", " p@ss word \r\n");
    const auto database = load_database(environment_of({{"DB_PASSWORD_FILE", secret}}), {});
    EXPECT_EQ(database.password, " p@ss word ") << "only line ends are dropped";
    const auto token = write("token", "abc\n");
    EXPECT_EQ(gateway_from({{"ADMIN_API_TOKEN_FILE", token}}).admin_token, "abc");
    EXPECT_EQ(node_from({{"HIGUMA_ADMIN_USER", "a"}, {"HIGUMA_ADMIN_PASSWORD_FILE", token}})
                  .admin_password,
              "abc");
    EXPECT_EQ(gateway_from({{"UPTIME_KUMA_DB_USERNAME_FILE", token}}).database.user, "abc");
}

TEST_F(SecretFile, CanBeNamedInTheTomlFile) {
    const auto secret = write("password", "s3cret\n");
    const auto file = write("c.toml", "db_password_file = \"" + secret + "\"\n");
    EXPECT_EQ(load_database(environment_of({}), file).password, "s3cret");
    EXPECT_EQ(load_database(environment_of({{"DB_PASSWORD", "env"}}), file).password, "env");
}

TEST_F(SecretFile, ThatIsMissingEmptyOrHugeIsRefused) {
    const auto with = [](const std::string& secret) {
        return refusal_of([&] {
            load_database(environment_of({{"DB_PASSWORD_FILE", secret}}), {});
        });
    };
    EXPECT_THAT(with(path("missing")), HasSubstr("DB_PASSWORD_FILE: file " + path("missing")));
    EXPECT_THAT(with(path("missing")), HasSubstr("cannot be read"));
    EXPECT_THAT(with(write("empty", "\n")), HasSubstr("is empty"));
    EXPECT_THAT(with(write("huge", std::string(70'000, 'x'))), HasSubstr("larger than 64 KiB"));
}

TEST_F(SecretFile, AndTheVariableTogetherAreRefused) {
    const auto line = refusal_of([&] {
        load_database(environment_of({{"DB_PASSWORD", "a"}, {"DB_PASSWORD_FILE", "/b"}}), {});
    });
    EXPECT_EQ(line, "DB_PASSWORD and DB_PASSWORD_FILE are both set: give one of them");
}

TEST_F(Toml, TakesTextNumbersFlagsAndLists) {
    const auto file = write("c.toml",
                            "health_check_interval = 15\n"
                            "health_check_fast_interval = 0.2\n"
                            "health_check_timeout = \"3s\"\n"
                            "health_check_codes = [200, 204, \"400-499\"]\n"
                            "admin_allow = [\"10.0.0.0/8\"]\n"
                            "debug_enabled = true\n");
    const auto gateway = load_gateway(environment_of({}), file);
    EXPECT_EQ(gateway.detector.full_interval, Seconds{15});
    EXPECT_EQ(gateway.detector.fast_interval, Millis{200});
    EXPECT_EQ(gateway.detector.check_timeout, Seconds{3});
    EXPECT_EQ(gateway.health_codes.size(), 102U);
    EXPECT_EQ(gateway.admin_allow.size(), 1U);
    EXPECT_TRUE(gateway.log.debug);
}

TEST_F(Toml, OneFileServesEveryRole) {
    const auto file = write("c.toml",
                            "uptime_kuma_node_id = \"node7\"\n"
                            "uptime_kuma_node_host = \"node7:3001\"\n"
                            "health_check_fall = 4\n"
                            "higuma_keep_days = 9\n");
    EXPECT_EQ(load_node(environment_of({}), file).keep_days, 9);
    EXPECT_EQ(load_gateway(environment_of({}), file).detector.fall, 4);
    EXPECT_EQ(load_database(environment_of({}), file).host, "mariadb");
}

TEST_F(Toml, AnUnknownKeyIsRefusedNamingKeyAndFile) {
    const auto file = write("c.toml", "db_host = \"x\"\nhealth_check_intervall = 5\n");
    const auto line = refusal_of([&] { load_database(environment_of({}), file); });
    EXPECT_EQ(line, "configuration file " + file + " line 2: unknown key health_check_intervall");
}

TEST_F(Toml, SectionsAndUpperCaseAreUnknownKeys) {
    for (const char* content : {"[database]\nhost = \"x\"\n", "DB_HOST = \"x\"\n"}) {
        const auto file = write("c.toml", content);
        EXPECT_THAT(refusal_of([&] { load_database(environment_of({}), file); }),
                    HasSubstr("unknown key"));
    }
}

TEST_F(Toml, ABadValueNamesKeyAndFile) {
    const auto file = write("c.toml", "db_port = \"many\"\n");
    EXPECT_EQ(refusal_of([&] { load_database(environment_of({}), file); }),
              "key db_port in " + file +
                  ": \"many\" is not valid, expected a whole number from 1 to 65535");
}

TEST_F(Toml, ATableInPlaceOfAValueIsRefused) {
    const auto file = write("c.toml", "[db_port]\nvalue = 3\n");
    EXPECT_THAT(refusal_of([&] { load_database(environment_of({}), file); }),
                HasSubstr("key db_port must be text"));
}

TEST_F(Toml, BrokenAndMissingFilesAreNamed) {
    const auto broken = write("c.toml", "db_host = \"x\"\ndb_port = = 3\n");
    EXPECT_THAT(refusal_of([&] { load_database(environment_of({}), broken); }),
                HasSubstr("configuration file " + broken + " line 2"));
    EXPECT_THAT(refusal_of([&] { load_database(environment_of({}), path("none.toml")); }),
                HasSubstr("none.toml cannot be read"));
    EXPECT_THAT(refusal_of([&] { load_database(environment_of({}), path(".")); }),
                HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace higuma::config
