// Who may ask: keys, tokens, passwords, and what happens to those who guess.
#include <gmock/gmock.h>

#include "api/auth_tokens.hpp"
#include "contract/api/node_fixture.hpp"

namespace higuma::api {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string basic(const std::string& pair) {
    static constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < pair.size(); i += 3) {
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits = bits << 8 | (i + j < pair.size() ? static_cast<std::uint8_t>(pair[i + j]) : 0);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out += i + j > pair.size() ? '=' : kLetters[bits >> (18 - 6 * j) & 63];
        }
    }
    return "Authorization: Basic " + out;
}

TEST_F(NodeApiTest, AKeyIsTakenInEveryForm) {
    for (const auto& header : {"Authorization: Bearer " + key, "Authorization: " + key,
                               basic(":" + key), basic("anybody:" + key)}) {
        EXPECT_EQ(plain("GET", "/api/v1/monitors", "", {header}).status, 200) << header;
    }
}

TEST_F(NodeApiTest, WithoutCredentialsEveryAddressIsClosed) {
    struct Case {
        const char* method;
        const char* target;
    };
    for (const auto& [method, target] :
         {Case{"GET", "/api/v1/status"}, Case{"GET", "/api/v1/monitors"},
          Case{"POST", "/api/v1/monitors"}, Case{"GET", "/api/v1/monitors/1"},
          Case{"PUT", "/api/v1/monitors/1"}, Case{"PATCH", "/api/v1/monitors/1"},
          Case{"DELETE", "/api/v1/monitors/1"}, Case{"GET", "/api/v1/monitors/1/heartbeats"},
          Case{"GET", "/api/v1/nodes"}, Case{"POST", "/api/v1/nodes"},
          Case{"GET", "/api/v1/nodes/node1"}, Case{"PUT", "/api/v1/nodes/node1"},
          Case{"PATCH", "/api/v1/nodes/node1"}, Case{"DELETE", "/api/v1/nodes/node1"},
          Case{"GET", "/api/v1/nodes/node1/monitors"},
          Case{"POST", "/api/v1/reconcile-monitors"}}) {
        for (const auto& header :
             {std::string("X-None: 1"), std::string("Authorization: "),
              std::string("Authorization: Bearer"), std::string("Authorization: Bearer x.y.z"),
              std::string("Authorization: Digest abc"), std::string("Authorization: Basic ====")}) {
            const auto answer = plain(method, target, "{}", {header});
            EXPECT_EQ(answer.status, 401) << method << target << header << answer.body;
            EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer");
            EXPECT_EQ(object(answer).at("ok"), false);
        }
    }
}

TEST_F(NodeApiTest, KeysThatAreOffExpiredOrWrongAreRefused) {
    const auto with = [&](const std::string& given) {
        return plain("GET", "/api/v1/monitors", "", {"Authorization: Bearer " + given}).status;
    };
    EXPECT_EQ(with(key + "x"), 401);
    EXPECT_EQ(with("uk99_" + key.substr(4)), 401);
    EXPECT_EQ(with("uk1"), 401);
    run("UPDATE api_key SET active = 0");
    EXPECT_EQ(with(key), 401);
    run("UPDATE api_key SET active = 1, expires = '2020-01-01 00:00:00'");
    EXPECT_EQ(with(key), 401);
    run("UPDATE api_key SET expires = NULL");
    EXPECT_EQ(with(key), 200);
}

TEST_F(NodeApiTest, GuessingKeysEndsAndGoodKeysStillWork) {
    EXPECT_EQ(ask("GET", "/api/v1/monitors").status, 200);
    int refused = 0, limited = 0;
    for (int i = 0; i < 65; ++i) {
        const auto status = plain("GET", "/api/v1/monitors", "",
                                  {"Authorization: Bearer uk1_wrong" + std::to_string(i)})
                                .status;
        refused += status == 401;
        limited += status == 429;
    }
    EXPECT_EQ(refused, 60);
    EXPECT_EQ(limited, 5);
    EXPECT_EQ(ask("GET", "/api/v1/monitors").status, 200);
}

TEST_F(NodeApiTest, APasswordGivesATokenThatItsChangeEnds) {
    const auto answer =
        plain("POST", "/api/v1/login", R"({"username":"admin","password":"secret"})");
    ASSERT_EQ(answer.status, 200) << answer.body;
    const std::string token(object(answer).at("token").as_string());
    const std::vector<std::string> header{"Authorization: Bearer " + token};
    EXPECT_EQ(plain("GET", "/api/v1/monitors", "", header).status, 200);
    EXPECT_EQ(plain("GET", "/api/v1/monitors", "", header, 1).status, 200) << "on every node";
    run("UPDATE `user` SET password = '" + bcrypt_hash("changed", 4) + "'");
    EXPECT_EQ(plain("GET", "/api/v1/monitors", "", header).status, 401);
}

TEST_F(NodeApiTest, ATokenOfAnotherSecretOrAnInactiveUserIsRefused) {
    const auto now = SystemClock{}.wall_now();
    const auto user = store::get_user_by_name(*sql, "admin");
    ASSERT_TRUE(user);
    const auto with = [&](const std::string& token) {
        return plain("GET", "/api/v1/monitors", "", {"Authorization: Bearer " + token}).status;
    };
    EXPECT_EQ(with(make_user_token(jwt_secret, "admin", user->password_hash, now)), 200);
    EXPECT_EQ(with(make_user_token("guess", "admin", user->password_hash, now)), 401);
    EXPECT_EQ(with(make_user_token(jwt_secret, "admin", "other hash", now)), 401);
    EXPECT_EQ(with(make_user_token(jwt_secret, "nobody", user->password_hash, now)), 401);
    EXPECT_EQ(with(make_service_token(jwt_secret, now, Seconds{-1})), 401);
    run("UPDATE `user` SET active = 0");
    EXPECT_EQ(with(make_user_token(jwt_secret, "admin", user->password_hash, now)), 401);
}

TEST_F(NodeApiTest, LoginTellsNothingAndIsLimited) {
    const auto log_in = [&](const std::string& body) {
        return plain("POST", "/api/v1/login", body);
    };
    const auto wrong = log_in(R"({"username":"admin","password":"x"})");
    const auto unknown = log_in(R"({"username":"' OR 1=1 -- ","password":"x"})");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.body, unknown.body);
    for (const auto* field : {"username", "password"}) {
        for (const auto* value : {"1", "null", "{}", "[]", "\"a\\u0000b\""}) {
            const std::string other = std::string(field) == "username" ? "password" : "username";
            const auto answer =
                log_in(std::string("{\"") + field + "\":" + value + ",\"" + other + "\":\"a\"}");
            EXPECT_EQ(answer.status, 400) << answer.body;
            EXPECT_EQ(object(answer).at("field").as_string(), field);
        }
    }
    EXPECT_EQ(object(log_in(R"({"username":"a","password":"b","token":"c"})")).at("field"),
              "token");
    for (int i = 0; i < 18; ++i)
        EXPECT_EQ(log_in(R"({"username":"admin","password":"x"})").status, 401);
    const auto limited = log_in(R"({"username":"admin","password":"secret"})");
    EXPECT_EQ(limited.status, 429);
    EXPECT_FALSE(limited.header("Retry-After").empty());
}

TEST_F(NodeApiTest, ASecondFactorIsNotPassedBy) {
    run("UPDATE `user` SET twofa_status = 1");
    const auto answer =
        plain("POST", "/api/v1/login", R"({"username":"admin","password":"secret"})");
    EXPECT_EQ(answer.status, 401);
    EXPECT_THAT(answer.body, Not(HasSubstr("token\"")));
}

}  // namespace
}  // namespace higuma::api
