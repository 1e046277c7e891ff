#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "checks/connection_string.hpp"
#include "checks/postgres_protocol.hpp"
#include "checks/service_check.hpp"
#include "net/websocket.hpp"

namespace higuma::checks {
namespace {

TEST(ConnectionString, Parts) {
    const auto url = parse_connection_string(
        "  MySQL://us%40er:p%3A@ss@Db.Example:3307/my%20db?ssl=true&a=1+2&ssl=false#rest ");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, "mysql");
    EXPECT_EQ(url->user, "us@er");
    EXPECT_EQ(url->password, "p:@ss");
    EXPECT_EQ(url->host, "Db.Example");
    EXPECT_EQ(url->port, 3307);
    EXPECT_EQ(url->path, "my db");
    EXPECT_EQ(url->option("ssl"), "false");
    EXPECT_EQ(url->option("a"), "1 2");
    EXPECT_FALSE(url->option("b"));
    const auto v6 = parse_connection_string("redis://[::1]");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->host, "::1");
    EXPECT_FALSE(v6->port);
}

TEST(ConnectionString, Refused) {
    for (const char* text : {"", "host", "://host", "1x://host", "a://host:x", "a://host:65536",
                             "a://[::1", "a://[::1]x", "a://ho st/"}) {
        const auto url = parse_connection_string(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().message, "Invalid URL");
    }
}

TEST(Base64, ThereAndBack) {
    const std::pair<std::string, std::string> cases[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
    for (const auto& [bytes, text] : cases) {
        EXPECT_EQ(base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
    for (const char* text : {"Zg", "Zg=", "Z===", "Zm9v!A==", "=AAA"}) {
        EXPECT_FALSE(from_base64(text)) << text;
    }
}

// The example of RFC 6455, 1.3.
TEST(WebSocketHandshake, Accept) {
    EXPECT_EQ(net::accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

// The example of RFC 7677, 3, but for the user's name, which PostgreSQL does not read here.
TEST(Scram, ProvesAndVerifies) {
    ScramClient client("pencil", "rOprNGfwEbeRWgbNEkqO");
    EXPECT_EQ(client.first_message(), "n,,n=,r=rOprNGfwEbeRWgbNEkqO");
    const auto last = client.final_message(
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    ASSERT_TRUE(last);
    EXPECT_TRUE(
        last->starts_with("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p="));
    EXPECT_FALSE(client.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    for (const char* first :
         {"", "r=other,s=AA==,i=1", "r=rOprNGfwEbeRWgbNEkqO,s=AA==,i=1",
          "r=rOprNGfwEbeRWgbNEkqOx,s=!,i=1", "r=rOprNGfwEbeRWgbNEkqOx,s=AA==,i=0",
          "r=rOprNGfwEbeRWgbNEkqOx,s=AA==,i=100001"}) {
        EXPECT_FALSE(client.final_message(first)) << first;
    }
}

TEST(Secrets, AreTakenOut) {
    EXPECT_EQ(without_secrets("a secret and a secret", {"secret", ""}), "a *** and a ***");
    EXPECT_EQ(without_secrets("ab ab", {"ab"}), "ab ab") << "too short to hide";
}

}  // namespace
}  // namespace higuma::checks
