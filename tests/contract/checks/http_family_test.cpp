#include "checks_fixture.hpp"

namespace higuma::checks {

class HttpFamilyTest : public ChecksTest {};

TEST_F(HttpFamilyTest, KeepsAnswersThatAreNotAccepted) {
    LocalHttpServer server([](const ServedRequest&) {
        return ServedReply{.status = 500, .body = "{ \"reason\": \"out of \\u0061pples\" }"};
    });
    auto monitor = http_monitor(server.url());
    EXPECT_EQ(check(monitor).response, R"({"reason":"out of apples"})");
    monitor.options.set(Option::response_max_length, "5");
    EXPECT_EQ(check(monitor).response, "{\"rea... (truncated)");
    monitor.options.set(Option::save_error_response, "0");
    EXPECT_EQ(check(monitor).response, "");
}

TEST_F(HttpFamilyTest, KeepsGoodAnswersOnlyWhenAsked) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{.body = "fine"}; });
    for (const std::string type : {"http", "keyword"}) {
        auto monitor = http_monitor(server.url(), type);
        monitor.keyword = "fine";
        EXPECT_EQ(check(monitor).response, "");
        monitor.options.set(Option::save_response, "1");
        EXPECT_EQ(check(monitor).response, "fine");
        monitor.options.set(Option::save_error_response, "0");
        EXPECT_EQ(check(monitor).response, "") << "Uptime Kuma needs both switches";
    }
}

TEST_F(HttpFamilyTest, AKeywordIsLookedForInJsonWithoutItsWhiteSpace) {
    LocalHttpServer server([](const ServedRequest&) {
        return ServedReply{.body = "{\n  \"status\": \"ok\", \"n\": 1.0 }\n"};
    });
    auto monitor = http_monitor(server.url(), "keyword");
    monitor.keyword = R"({"status":"ok","n":1})";
    EXPECT_EQ(check(monitor).msg, "200 - OK, keyword is found");
}

TEST_F(HttpFamilyTest, AnEndlessHeadIsRefused) {
    std::string raw = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 4000; ++i) raw += fmt::format("X-Header-{}: some value here\r\n", i);
    LocalHttpServer server([&](const ServedRequest&) { return ServedReply{.raw = raw}; });
    EXPECT_EQ(check(http_monitor(server.url())).msg, "Parse Error: Header overflow");
}

TEST_F(HttpFamilyTest, AHugeBodyIsRefused) {
    LocalHttpServer server(
        [](const ServedRequest&) { return ServedReply{.body = std::string(65 << 20, 'x')}; });
    const auto outcome = check(http_monitor(server.url()));
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "maxContentLength size of 67108864 exceeded");
}

TEST_F(HttpFamilyTest, ABodyThatNeverEndsIsCutInTime) {
    LocalHttpServer server([](const ServedRequest&) {
        return ServedReply{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab", .keep = true};
    });
    auto monitor = http_monitor(server.url());
    monitor.timeout = Millis{100};
    EXPECT_EQ(check(monitor).msg, "timeout of 100ms exceeded");
}

TEST_F(HttpFamilyTest, ARedirectLoopEnds) {
    LocalHttpServer server([](const ServedRequest&) {
        return ServedReply{.status = 302, .headers = {{"Location", "/again"}}};
    });
    auto monitor = http_monitor(server.url());
    monitor.max_redirects = 3;
    EXPECT_EQ(check(monitor).msg, "Maximum number of redirects exceeded");
    EXPECT_EQ(server.requests(), 4);
}

TEST_F(HttpFamilyTest, RedirectsKeepTheMethodOrBecomeAGet) {
    std::vector<std::string> seen;
    int status = 0;
    LocalHttpServer server([&](const ServedRequest& request) {
        seen.push_back(request.method + " " + request.target + " " + request.body);
        if (request.target == "/end") return ServedReply{};
        return ServedReply{.status = status, .headers = {{"Location", "/end"}}};
    });
    struct Case {
        std::string method;
        int status;
        std::string second;
    };
    for (const auto& [method, given, second] :
         std::vector<Case>{{"POST", 301, "GET /end "},
                           {"POST", 302, "GET /end "},
                           {"POST", 303, "GET /end "},
                           {"POST", 307, "POST /end {}"},
                           {"PUT", 302, "PUT /end {}"},
                           {"PUT", 303, "GET /end "},
                           {"PATCH", 308, "PATCH /end {}"},
                           {"DELETE", 302, "DELETE /end {}"}}) {
        seen.clear();
        status = given;
        auto monitor = http_monitor(server.url());
        monitor.method = method;
        monitor.body = "{}";
        EXPECT_EQ(check(monitor).msg, "200 - OK");
        ASSERT_EQ(seen.size(), 2u);
        EXPECT_EQ(seen[1], second) << method << " " << given;
    }
}

TEST_F(HttpFamilyTest, BasicCredentialsStayWithTheirHost) {
    ServedRequest seen;
    LocalHttpServer other([&](const ServedRequest& request) {
        seen = request;
        return ServedReply{};
    });
    LocalHttpServer server([&](const ServedRequest& request) {
        EXPECT_EQ(request.header("authorization"), "Basic dXNlcjpzZWNyZXQ=");
        return ServedReply{
            .status = 302,
            .headers = {{"Location", fmt::format("http://localhost:{}/", other.port())}}};
    });
    auto monitor = http_monitor(server.url());
    monitor.auth_method = "basic";
    monitor.basic_auth_user = "user";
    monitor.basic_auth_pass = "secret";
    EXPECT_EQ(check(monitor).msg, "200 - OK");
    EXPECT_EQ(seen.header("authorization"), "");
}

TEST_F(HttpFamilyTest, CookiesLiveAsLongAsAChainOfRedirects) {
    std::string second;
    LocalHttpServer server([&](const ServedRequest& request) {
        if (request.target == "/end") {
            second = request.header("cookie");
            return ServedReply{};
        }
        EXPECT_EQ(request.header("cookie"), "");
        return ServedReply{.status = 302,
                           .headers = {{"Location", "/end"}, {"Set-Cookie", "a=b; Path=/"}}};
    });
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(check(http_monitor(server.url())).ok);
        EXPECT_EQ(second, "a=b");
    }
}

TEST_F(HttpFamilyTest, ANameThatDoesNotExistIsNamed) {
    EXPECT_EQ(check(http_monitor("http://no-such-host.invalid/")).msg,
              "getaddrinfo ENOTFOUND no-such-host.invalid");
}

TEST_F(HttpFamilyTest, OnlyTheChosenFamilyIsUsed) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; });
    auto monitor = http_monitor(fmt::format("http://127.0.0.1:{}/", server.port()));
    monitor.ip_family = "ipv4";
    EXPECT_TRUE(check(monitor).ok);
    monitor.ip_family = "ipv6";
    EXPECT_FALSE(check(monitor).ok);
}

}  // namespace higuma::checks
