#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checks/certificate_readings.hpp"
#include "checks/oauth_tokens.hpp"
#include "checks/proxy_book.hpp"

namespace higuma::checks {

TEST(ProxyBook, NamesThemAsLibcurlDoes) {
    struct Row {
        std::string protocol, host, url;
    };
    for (const auto& [protocol, host, url] :
         {Row{"http", "p", "http://p:8"}, Row{"https", "p", "https://p:8"},
          Row{"socks", "p", "socks5h://p:8"}, Row{"socks4", "p", "socks4://p:8"},
          Row{"socks5", "p", "socks5://p:8"}, Row{"socks5h", "::1", "socks5h://[::1]:8"}}) {
        const Proxy proxy{1, protocol, host, 8, false, "u", "p", true};
        const auto made = http_proxy_of(proxy);
        ASSERT_TRUE(made);
        EXPECT_EQ(made->url, url);
        EXPECT_EQ(made->user, "");
    }
    EXPECT_FALSE(http_proxy_of({1, "ftp", "p", 8, false, "", "", true}));
    EXPECT_EQ(http_proxy_of({1, "http", "p", 8, true, "u", "w", true})->password, "w");
}

TEST(ProxyBook, KnowsWhatIsSwitchedOff) {
    ProxyBook book;
    EXPECT_FALSE(book.knows(1));
    book.replace(
        {{1, "http", "p", 8, false, "", "", false}, {2, "http", "p", 8, false, "", "", true}});
    EXPECT_TRUE(book.knows(1));
    EXPECT_FALSE(book.find(1));
    EXPECT_TRUE(book.find(2));
    book.replace({});
    EXPECT_FALSE(book.knows(2));
}

TEST(CertificateReadings, AreDueAgainAfterHalfAnHour) {
    CertificateReadings readings;
    Instant now{};
    EXPECT_TRUE(readings.due(MonitorId{1}, now));
    readings.read(MonitorId{1}, now);
    EXPECT_FALSE(readings.due(MonitorId{1}, now + std::chrono::minutes{29}));
    EXPECT_TRUE(readings.due(MonitorId{1}, now + std::chrono::minutes{30}));
    EXPECT_TRUE(readings.due(MonitorId{2}, now));
}

TEST(CertificateReadings, AreBounded) {
    CertificateReadings readings;
    for (std::int64_t id = 0; id < 250'000; ++id) readings.read(MonitorId{id}, {});
    EXPECT_LE(readings.size(), 200'000u);
}

TEST(OAuthClient, CredentialsAreToldApart) {
    const OAuthClient a{"http://x/", "ab", "c", "", ""};
    const OAuthClient b{"http://x/", "a", "bc", "", ""};
    EXPECT_NE(a.key(), b.key());
    OAuthClient c = a;
    c.secret_in_body = true;
    EXPECT_NE(a.key(), c.key());
}

TEST(TokenOf, RefusesWhatCannotBeAHeader) {
    net::HttpResponse response;
    response.status = 200;
    for (const auto* body :
         {R"({"access_token":"a\r\nX: y"})", R"({"access_token":""})", R"({"access_token":5})",
          R"(["access_token"])", "", R"({"access_token":"a","token_type":"B\n"})"}) {
        response.body = body;
        EXPECT_FALSE(token_of(response)) << body;
    }
    response.body = R"({"access_token":"a","expires_in":-5})";
    ASSERT_TRUE(token_of(response));
    EXPECT_EQ(token_of(response)->type, "Bearer");
    EXPECT_EQ(token_of(response)->lifetime, Seconds{0});
    response.body = R"({"access_token":"a","expires_in":1e300})";
    ASSERT_TRUE(token_of(response));
}

}  // namespace higuma::checks
