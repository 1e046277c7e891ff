#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checks_fixture.hpp"
#include "support/mariadb.hpp"
#include "support/temp_folder.hpp"

namespace higuma::checks {

TEST_F(ChecksTest, HttpSuccess) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; });
    const auto outcome = check(http_monitor(server.url()));
    EXPECT_TRUE(outcome.ok);
    EXPECT_EQ(outcome.msg, "200 - OK");
    EXPECT_TRUE(outcome.ping.has_value());
}

TEST_F(ChecksTest, HttpUsesAFreshConnectionEachTime) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; });
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(check(http_monitor(server.url())).ok);
    EXPECT_EQ(server.connections(), 3);
}

TEST_F(ChecksTest, HttpJudgesTheStatus) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{.status = 503}; });
    auto monitor = http_monitor(server.url());
    auto outcome = check(monitor);
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "Request failed with status code 503");
    EXPECT_FALSE(outcome.ping.has_value());
    monitor.accepted_statuscodes = {"200", "500-599"};
    outcome = check(monitor);
    EXPECT_TRUE(outcome.ok);
    EXPECT_EQ(outcome.msg, "503 - Service Unavailable");
}

TEST_F(ChecksTest, HttpRefused) {
    const int port = test::free_port();
    const auto outcome = check(http_monitor(fmt::format("http://127.0.0.1:{}/", port)));
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, fmt::format("connect ECONNREFUSED 127.0.0.1:{}", port));
}

TEST_F(ChecksTest, HttpTimeout) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{.hang = true}; });
    auto monitor = http_monitor(server.url());
    monitor.timeout = Millis{50};
    EXPECT_EQ(check(monitor).msg, "timeout of 50ms exceeded");
}

TEST_F(ChecksTest, HttpCancelled) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{.hang = true}; });
    const auto outcome = cancel(http_monitor(server.url()), [&] { return server.requests() == 1; });
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(services_.http().stats().in_flight, 0u);
}

TEST_F(ChecksTest, HttpOversized) {
    LocalHttpServer server(
        [](const ServedRequest&) { return ServedReply{.body = std::string(8 << 20, 'x')}; });
    EXPECT_TRUE(check(http_monitor(server.url())).ok);
}

TEST_F(ChecksTest, HttpBadInput) {
    EXPECT_EQ(check(http_monitor("")).msg, "Invalid URL");
    EXPECT_EQ(check(http_monitor("gopher://127.0.0.1/")).msg, "Invalid URL");
    auto monitor = http_monitor("http://127.0.0.1/");
    monitor.headers = "{";
    EXPECT_EQ(check(monitor).msg, "Your headers are not a JSON object");
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{.raw = "garbage\n\n"}; });
    EXPECT_FALSE(check(http_monitor(server.url())).ok);
}

TEST_F(ChecksTest, HttpDoesNotFollowRedirectsWhenToldSo) {
    LocalHttpServer server([](const ServedRequest& request) {
        if (request.target == "/end") return ServedReply{};
        return ServedReply{.status = 301, .headers = {{"Location", "/end"}}};
    });
    auto monitor = http_monitor(server.url());
    EXPECT_EQ(check(monitor).msg, "200 - OK");
    monitor.max_redirects = 0;
    EXPECT_EQ(check(monitor).msg, "Request failed with status code 301");
}

TEST_F(ChecksTest, HttpSendsWhatTheMonitorSays) {
    ServedRequest seen;
    LocalHttpServer server([&](const ServedRequest& request) {
        seen = request;
        return ServedReply{};
    });
    auto monitor = http_monitor(server.url("/p?a=b"));
    monitor.method = "PUT";
    monitor.body = "{\"k\":[1,2]}";
    monitor.headers = "{\"X-Key\":\"v\"}";
    monitor.auth_method = "bearer";
    monitor.bearer_token = "secret";
    monitor.cache_bust = true;
    EXPECT_TRUE(check(monitor).ok);
    EXPECT_EQ(seen.method, "PUT");
    EXPECT_EQ(seen.body, "{\"k\":[1,2]}");
    EXPECT_EQ(seen.header("x-key"), "v");
    EXPECT_EQ(seen.header("authorization"), "Bearer secret");
    EXPECT_EQ(seen.header("content-type"), "application/json");
    EXPECT_THAT(seen.target, testing::StartsWith("/p?a=b&uptime_kuma_cachebuster="));
    monitor.method = "HEAD";
    EXPECT_EQ(check(monitor).msg, "200 - OK");
    EXPECT_EQ(seen.method, "HEAD");
}

TEST_F(ChecksTest, HttpsChecksTheCertificate) {
    test::TempFolder folder;
    const auto certificate = test::make_certificate(folder.path(), "localhost", 30);
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; }, &certificate);
    auto monitor = http_monitor(server.url());
    auto outcome = check(monitor);
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "self-signed certificate");
    monitor.ignore_tls = true;
    outcome = check(monitor);
    EXPECT_TRUE(outcome.ok) << outcome.msg;
    EXPECT_EQ(outcome.msg, "200 - OK");
}

TEST_F(ChecksTest, KeywordIsFoundOrNot) {
    LocalHttpServer server(
        [](const ServedRequest&) { return ServedReply{.body = "<p>all\n is well</p>"}; });
    auto monitor = http_monitor(server.url(), "keyword");
    monitor.keyword = "well";
    EXPECT_EQ(check(monitor).msg, "200 - OK, keyword is found");
    monitor.keyword = "broken";
    auto outcome = check(monitor);
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "200 - OK, but keyword is not in [all is well]");
    monitor.invert_keyword = true;
    outcome = check(monitor);
    EXPECT_TRUE(outcome.ok);
    EXPECT_EQ(outcome.msg, "200 - OK, keyword not found");
    monitor.keyword = "well";
    outcome = check(monitor);
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "200 - OK, but keyword is present in [all is well]");
}

TEST_F(ChecksTest, KeywordFailsAsHttpDoes) {
    LocalHttpServer hanging([](const ServedRequest&) { return ServedReply{.hang = true}; });
    auto monitor = http_monitor(hanging.url(), "keyword");
    EXPECT_FALSE(cancel(monitor, [&] { return hanging.requests() == 1; }).ok);
    monitor.timeout = Millis{50};
    EXPECT_EQ(check(monitor).msg, "timeout of 50ms exceeded");
    const int port = test::free_port();
    monitor = http_monitor(fmt::format("http://127.0.0.1:{}/", port), "keyword");
    EXPECT_EQ(check(monitor).msg, fmt::format("connect ECONNREFUSED 127.0.0.1:{}", port));
    EXPECT_EQ(check(http_monitor("::", "keyword")).msg, "Invalid URL");
}

TEST_F(ChecksTest, KeywordOversized) {
    LocalHttpServer server([](const ServedRequest&) {
        return ServedReply{.body = std::string(5 << 20, 'x') + "needle"};
    });
    auto monitor = http_monitor(server.url(), "keyword");
    monitor.keyword = "needle";
    const auto outcome = check(monitor);
    EXPECT_FALSE(outcome.ok);
    EXPECT_THAT(outcome.msg, testing::HasSubstr("only 4 MiB were searched"));
}

TEST_F(ChecksTest, PortSuccess) {
    test::LocalTcpServer server;
    const auto outcome = check(port_monitor(server.port()));
    EXPECT_TRUE(outcome.ok);
    ASSERT_TRUE(outcome.ping.has_value());
    EXPECT_EQ(outcome.msg, fmt::format("{} ms", outcome.ping->count()));
}

TEST_F(ChecksTest, PortTriesEveryAddressOfAName) {
    test::LocalTcpServer server;  // on 127.0.0.1 alone; the name may have ::1 as well
    EXPECT_TRUE(check(port_monitor(server.port(), "localhost")).ok);
}

TEST_F(ChecksTest, PortRefused) {
    const int port = test::free_port();
    const auto outcome = check(port_monitor(port));
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg,
              fmt::format("Connection failed: connect ECONNREFUSED 127.0.0.1:{}", port));
}

TEST_F(ChecksTest, PortTimeout) {
    test::FullTcpPort full;
    auto monitor = port_monitor(full.port());
    monitor.timeout = Millis{50};
    const auto outcome = check(monitor);
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "Connection failed: timeout of 50ms exceeded");
}

TEST_F(ChecksTest, PortCancelled) {
    test::FullTcpPort full;
    const auto outcome = cancel(port_monitor(full.port()), [turns = 0]() mutable {
        return ++turns > 5;  // the connection is under way
    });
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "Connection failed: cancelled");
}

TEST_F(ChecksTest, PortBadInput) {
    for (const int port : {0, -1, 65'536}) {
        EXPECT_EQ(check(port_monitor(port)).msg, "The port must be 1 to 65535");
    }
    auto monitor = port_monitor(80);
    monitor.port.reset();
    EXPECT_FALSE(check(monitor).ok);
    EXPECT_THAT(check(port_monitor(80, "")).msg, testing::HasSubstr("host name is empty"));
}

}  // namespace higuma::checks
