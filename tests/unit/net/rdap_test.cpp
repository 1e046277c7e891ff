#include "net/rdap.hpp"

#include <gtest/gtest.h>

#include "net/public_suffix.hpp"

namespace higuma::net {

TEST(RegisteredDomain, IsWhatSomebodyRegistered) {
    struct Row {
        std::string host;
        std::optional<std::string> domain;
    };
    for (const auto& [host, domain] :
         {Row{"www.example.com", "example.com"}, Row{"example.com", "example.com"},
          Row{"a.b.Example.co.uk", "example.co.uk"}, Row{"example.com.", "example.com"},
          Row{"com", {}}, Row{"co.uk", {}}, Row{"localhost", {}}, Row{"127.0.0.1", {}},
          Row{"::1", {}}, Row{"", {}}, Row{"server.internal", {}}, Row{"name.github.io", {}},
          Row{std::string(300, 'a') + ".com", {}}}) {
        EXPECT_EQ(registered_domain(host), domain) << host;
    }
}

TEST(RdapDirectory, TellsTheServerOfATopLevelDomain) {
    const auto directory = RdapDirectory::parse(R"({"version":"1.0","services":[
        [["com","net"],["https://rdap.example/com/v1/"]],
        [["org"],["https://rdap.example/org","http://rdap.example/org"]],
        [["bad"],["ftp://x/"]], [["worse"],[]], "worst", [["a"]], [[5],["https://x/"]]]})");
    ASSERT_TRUE(directory);
    EXPECT_EQ(directory->size(), 3u);
    EXPECT_EQ(directory->server_of("example.com"), "https://rdap.example/com/v1/");
    EXPECT_EQ(directory->server_of("example.org"), "https://rdap.example/org/");
    EXPECT_FALSE(directory->server_of("example.bad"));
    EXPECT_FALSE(directory->server_of(""));
    for (const auto* text : {"", "[]", "{}", R"({"services":{}})", "<html>"}) {
        EXPECT_FALSE(RdapDirectory::parse(text)) << text;
    }
}

TEST(RdapExpiry, IsTheEventOfThatName) {
    const auto at = parse_time("2028-09-14T04:00:00.000Z");
    EXPECT_EQ(rdap_expiry(R"({"events":[{"eventAction":"registration","eventDate":"1997-09-15"},
        {"eventAction":"expiration","eventDate":"2028-09-14T04:00:00Z"}]})"),
              at);
    for (const auto* text : {"", "{}", "[]", R"({"events":[]})", R"({"events":[5]})",
                             R"({"events":[{"eventAction":"expiration"}]})",
                             R"({"events":[{"eventAction":"expiration","eventDate":"soon"}]})"}) {
        EXPECT_FALSE(rdap_expiry(text)) << text;
    }
}

TEST(RdapTime, ReadsWhatRegistriesWrite) {
    struct Row {
        std::string text, time;
    };
    for (const auto& [text, time] : {Row{"2028-09-14T04:00:00Z", "2028-09-14 04:00:00.000"},
                                     Row{"2028-09-14T04:00:00.123456Z", "2028-09-14 04:00:00.000"},
                                     Row{"2028-09-14T04:00:00+02:00", "2028-09-14 02:00:00.000"},
                                     Row{"2028-09-14T23:30:00-0130", "2028-09-15 01:00:00.000"},
                                     Row{"2028-09-14 04:00:00", "2028-09-14 04:00:00.000"},
                                     Row{"2028-09-14", "2028-09-14 00:00:00.000"}}) {
        const auto read = rdap_time(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(format_sql_time(*read), time);
    }
    for (const auto* text : {"", "2028", "2028-13-01", "2028-02-30", "2028-09-14T", "2028-09-14Tx",
                             "2028-09-14T04:00:00+2", "2028-09-14T04:00:00Zx", "-028-09-14"}) {
        EXPECT_FALSE(rdap_time(text)) << text;
    }
}

}  // namespace higuma::net
