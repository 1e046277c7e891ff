#include <atomic>
#include <thread>

#include "checks_fixture.hpp"

namespace higuma::checks {

// A token's address that counts, and a target that wants the latest token.
class HttpOAuthTest : public ChecksTest {
  protected:
    Monitor oauth_monitor() {
        Monitor monitor = http_monitor(target_.url());
        monitor.auth_method = "oauth2-cc";
        monitor.options.set(Option::oauth_token_url, tokens_.url("/token"));
        monitor.options.set(Option::oauth_client_id, "an id");
        monitor.options.set(Option::oauth_client_secret, "a:secret");
        monitor.options.set(Option::oauth_scopes, "read write");
        monitor.options.set(Option::oauth_audience, "https://api.example.com");
        return monitor;
    }
    ServedReply give(const ServedRequest& request) {
        asked_ = request;
        if (reply_.status != 200) return reply_;
        ServedReply reply = reply_;
        if (reply.body == "hello") {
            reply.body =
                fmt::format(R"({{"access_token":"token{}","token_type":"Bearer","expires_in":{}}})",
                            ++given_, lifetime_);
        }
        return reply;
    }
    ServedReply serve(const ServedRequest& request) {
        shown_ = request.header("authorization");
        const bool good = shown_ == fmt::format("Bearer token{}", given_.load()) && !refuse_;
        return ServedReply{.status = good ? 200 : 401};
    }

    std::atomic<int> given_{0};
    std::atomic<bool> refuse_{false};
    int lifetime_ = 3600;
    ServedReply reply_;
    ServedRequest asked_;
    std::string shown_;
    LocalHttpServer tokens_{[this](const ServedRequest& request) { return give(request); }};
    LocalHttpServer target_{[this](const ServedRequest& request) { return serve(request); }};
};

TEST_F(HttpOAuthTest, AsksOnceAndKeepsTheToken) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(check(oauth_monitor()).msg, "200 - OK");
    EXPECT_EQ(given_, 1);
    EXPECT_EQ(asked_.method, "POST");
    EXPECT_EQ(asked_.header("authorization"), "Basic YW4raWQ6YSUzQXNlY3JldA==");
    EXPECT_EQ(asked_.header("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(
        asked_.body,
        "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi.example.com");
}

TEST_F(HttpOAuthTest, PutsTheSecretIntoTheBodyWhenToldSo) {
    auto monitor = oauth_monitor();
    monitor.options.set(Option::oauth_auth_method, "client_secret_post");
    EXPECT_EQ(check(monitor).msg, "200 - OK");
    EXPECT_EQ(asked_.header("authorization"), "");
    EXPECT_THAT(asked_.body, testing::EndsWith("&client_id=an+id&client_secret=a%3Asecret"));
}

TEST_F(HttpOAuthTest, ATokenThatExpiredIsRenewed) {
    lifetime_ = 0;
    EXPECT_EQ(check(oauth_monitor()).msg, "200 - OK");
    EXPECT_EQ(check(oauth_monitor()).msg, "200 - OK");
    EXPECT_EQ(given_, 2);
}

TEST_F(HttpOAuthTest, ATokenThatIsRefusedIsRenewedOnce) {
    EXPECT_EQ(check(oauth_monitor()).msg, "200 - OK");
    ++given_;  // the target wants another one now
    EXPECT_EQ(check(oauth_monitor()).msg, "200 - OK");
    EXPECT_EQ(given_, 3);
    refuse_ = true;
    const int before = target_.requests();
    EXPECT_EQ(check(oauth_monitor()).msg, "Request failed with status code 401");
    EXPECT_EQ(target_.requests(), before + 2);
}

TEST_F(HttpOAuthTest, ManyMonitorsWithOneCredentialAskOnce) {
    int left = 20;
    const auto function = find_check("http");
    const Monitor monitor = oauth_monitor();
    for (int i = 0; i < 20; ++i) {
        asio::co_spawn(loop_, function(context_, monitor, Deadline::after(*clock_, Seconds{60})),
                       [&](std::exception_ptr, const CheckOutcome& outcome) {
                           EXPECT_EQ(outcome.msg, "200 - OK");
                           --left;
                       });
    }
    EXPECT_TRUE(test::run_until(loop_, [&] { return left == 0; }));
    EXPECT_EQ(given_, 1);
}

TEST_F(HttpOAuthTest, NamesWhatTheTokensAddressSays) {
    struct Case {
        ServedReply reply;
        std::string message;
    };
    const std::vector<Case> cases{
        {{.status = 401, .body = R"({"error":"invalid_client","error_description":"No."})"},
         "invalid_client (No.)"},
        {{.status = 400, .body = R"({"error":"invalid_scope"})"}, "invalid_scope"},
        {{.status = 503, .body = "busy"}, "expected 200 OK, got: 503 Service Unavailable"},
        {{.body = "<html>"}, "the answer of the token's address is not JSON"},
        {{.body = "{}"}, "the answer of the token's address holds no access_token"},
    };
    for (const auto& [reply, message] : cases) {
        reply_ = reply;
        const auto outcome = check(oauth_monitor());
        EXPECT_FALSE(outcome.ok);
        EXPECT_EQ(outcome.msg, "The oauth config is invalid. " + message);
        EXPECT_THAT(outcome.msg, testing::Not(testing::HasSubstr("secret")));
    }
    EXPECT_EQ(target_.requests(), 0);
}

TEST_F(HttpOAuthTest, ATokensAddressThatHangsEndsInTime) {
    reply_.hang = true;
    reply_.status = 1;
    auto monitor = oauth_monitor();
    monitor.timeout = Millis{100};
    EXPECT_EQ(check(monitor).msg, "The oauth config is invalid. timeout of 100ms exceeded");
}

}  // namespace higuma::checks
