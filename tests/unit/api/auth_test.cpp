#include "api/auth.hpp"

#include <gtest/gtest.h>

#include <set>

#include "api/auth_tokens.hpp"

namespace higuma::api {
namespace {

const WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};
// Of Uptime Kuma's library for the secret "secret", the user "admin" and the hash below.
constexpr const char* kKumaToken =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJ1c2VybmFtZSI6ImFkbWluIiwiaCI6IjJlMWZlMWQ1YmY3OWVjYWJiZjEzZDVlODg5NTMyN2ZhIiwiaWF0IjoxNzkwMD"
    "Aw"
    "MDAwfQ.im25pZK6FlwWotVCsy2GIKeBWhbjpIoe_WLfGSgf4Yg";
constexpr const char* kAdminsHash = "$2b$10$abcdefghijklmnopqrstuu37RkUr9H1EPO4Rc63Ngz60LSVREthYa";

TEST(Bcrypt, VerifiesHashesOfOtherPrograms) {
    EXPECT_TRUE(
        bcrypt_verify("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    EXPECT_TRUE(
        bcrypt_verify("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    EXPECT_TRUE(bcrypt_verify("nobody", kAdminsHash));
    EXPECT_FALSE(
        bcrypt_verify("U*V", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

TEST(Bcrypt, MakesHashesThatVerify) {
    const auto hash = bcrypt_hash("pässword", 4);
    EXPECT_EQ(hash.size(), 60u);
    EXPECT_TRUE(hash.starts_with("$2b$04$"));
    EXPECT_TRUE(bcrypt_verify("pässword", hash));
    EXPECT_FALSE(bcrypt_verify("passwOrd", hash));
    EXPECT_NE(hash, bcrypt_hash("pässword", 4));
}

TEST(Bcrypt, ANulDoesNotEndThePassword) {
    const auto hash = bcrypt_hash("abc", 4);
    EXPECT_FALSE(bcrypt_verify(std::string_view("abc\0def", 7), hash));
}

TEST(Bcrypt, RefusesOtherMethodsAndNonsense) {
    for (const auto* hash : {"", "abc", "$1$abcdefgh$irWbblnpmw.5z7wgBnprh0", "$2b$10$short", "*0",
                             "sha1$a$1$b", "$y$j9T$x$y"}) {
        EXPECT_FALSE(bcrypt_verify("", hash)) << hash;
        EXPECT_FALSE(bcrypt_verify("abc", hash)) << hash;
    }
}

TEST(RandomToken, HasTheLengthAndOnlyLettersAndDigits) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto token = random_token(32);
        EXPECT_EQ(token.size(), 32u);
        EXPECT_TRUE(
            std::all_of(token.begin(), token.end(), [](unsigned char c) { return isalnum(c); }));
        EXPECT_TRUE(seen.insert(token).second);
    }
    EXPECT_EQ(random_token(0), "");
    EXPECT_EQ(random_token(1000).size(), 1000u);
}

TEST(Digest, KnownValues) {
    EXPECT_EQ(shake256_hex("", 16), "46b9dd2b0ba88d13233b3feb743eeb24");
    EXPECT_EQ(sha256("").size(), 32u);
}

TEST(Token, OfUptimeKumaIsRead) {
    const auto claims = verify_token("secret", kKumaToken, kNow);
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->username, "admin");
    EXPECT_EQ(claims->password_mark, shake256_hex(kAdminsHash, 16));
    EXPECT_FALSE(claims->expires);
}

TEST(Token, OursIsRead) {
    const auto user = make_user_token("secret", "a\"b", "hash", kNow);
    EXPECT_EQ(verify_token("secret", user, kNow)->username, "a\"b");
    EXPECT_FALSE(verify_token("other", user, kNow));
    const auto service = make_service_token("secret", kNow, Seconds{30});
    const auto claims = verify_token("secret", service, kNow + Seconds{29});
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->issuer, "higuma");
    EXPECT_EQ(claims->subject, "controller");
    EXPECT_TRUE(claims->expires);
    EXPECT_FALSE(verify_token("secret", service, kNow + Seconds{30}));
}

TEST(Token, AnythingElseIsRefused) {
    const std::string good = kKumaToken;
    const std::string none =
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJ1c2VybmFtZSI6ImFkbWluIiwiaCI6IngifQ.";
    const std::string hs512 =
        "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFkbWluIiwiaCI6IngifQ."
        "wQJErO52MaRx7HXtGn2c6fxGspQky_IkPnivvA5UARYe8KzZNo7dKE1HTJEX4NMcAL-zlnJpNz5-qXqGw_jXNQ";
    const std::string text_expiry =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFkbWluIiwiZXhwIjoibmV2ZXIifQ."
        "ZfFDnXz7uKXBTE4mnBBBrUbe2sYuNo943RWVQ6j5b1I";
    const auto body = good.substr(0, good.rfind('.'));
    for (const auto& token :
         {none, hs512, text_expiry, body, body + ".", body + ".AAAA", std::string(),
          std::string("."), std::string(".."), std::string("a.b.c"), good + "A",
          std::string(5000, 'a') + ".b.c", std::string("\xff\xfe.\x01.\x02")}) {
        EXPECT_FALSE(verify_token("secret", token, kNow)) << token;
    }
    EXPECT_FALSE(verify_token("", none, kNow));
    EXPECT_FALSE(verify_token("", good, kNow));
}

TEST(ApiKey, IsTakenApartAtTheFirstUnderscore) {
    const auto key = parse_api_key("uk12_ab_c-d");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->id, ApiKeyId{12});
    EXPECT_EQ(key->secret, "ab_c-d");
    for (const auto* text : {"", "uk", "uk_", "uk_x", "ukx_y", "uk-1_x", "uk1", "uk99999999999_x",
                             "1_x", "uk1 _x", "uk1.5_x", "UK1_x"}) {
        EXPECT_FALSE(parse_api_key(text)) << text;
    }
    EXPECT_FALSE(parse_api_key("uk1_" + std::string(300, 'a')));
}

TEST(Credential, IsFoundInEveryForm) {
    EXPECT_EQ(credential_of("Bearer abc"), "abc");
    EXPECT_EQ(credential_of("bearer abc"), "abc");
    EXPECT_EQ(credential_of("abc"), "abc");
    EXPECT_EQ(credential_of("Basic OnVrMV9hYmM="), "uk1_abc");
    EXPECT_EQ(credential_of("Basic YTp1azFfYWI="), "uk1_ab");
    for (const auto* text :
         {"Basic", "Basic !!!!", "Basic YWJj", "Digest abc", "Basic OnVrMV9hYmM"}) {
        const auto found = credential_of(text);
        EXPECT_TRUE(!found || found == "Basic") << text;
    }
}

TEST(TryLimiter, AllowsSoManyAMinute) {
    ManualClock clock;
    clock.advance(Millis{1});
    TryLimiter limiter(3, 100);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.take("a", clock.now()));
    EXPECT_FALSE(limiter.take("a", clock.now()));
    EXPECT_TRUE(limiter.take("b", clock.now()));
    limiter.give_back("a");
    EXPECT_TRUE(limiter.take("a", clock.now()));
    EXPECT_FALSE(limiter.take("a", clock.now()));
    clock.advance(Millis{60'000});
    EXPECT_TRUE(limiter.take("a", clock.now()));
}

TEST(TryLimiter, StaysBounded) {
    ManualClock clock;
    TryLimiter limiter(1, 10);
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limiter.take(std::to_string(i), clock.now()));
}

}  // namespace
}  // namespace higuma::api
