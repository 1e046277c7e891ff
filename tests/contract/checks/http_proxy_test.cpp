#include "checks_fixture.hpp"
#include "support/authority.hpp"
#include "support/local_proxy.hpp"
#include "support/mariadb.hpp"
#include "support/temp_folder.hpp"

namespace higuma::checks {

class HttpProxyTest : public ChecksTest {
  protected:
    Monitor through(const std::string& protocol, int port, const std::string& url,
                    const std::string& user = {}) {
        Proxy proxy;
        proxy.id = 3;
        proxy.protocol = protocol;
        proxy.host = "127.0.0.1";
        proxy.port = port;
        proxy.auth = !user.empty();
        proxy.username = user;
        proxy.password = "s3cret";
        services_.web().proxies.replace({proxy});
        Monitor monitor = http_monitor(url);
        monitor.options.set(Option::proxy_id, "3");
        return monitor;
    }
    LocalHttpServer server_{[](const ServedRequest&) { return ServedReply{}; }};
};

TEST_F(HttpProxyTest, GoesThroughEachKind) {
    struct Case {
        std::string protocol, kind, user;
    };
    for (const auto& [protocol, kind, user] : std::vector<Case>{{"http", "http", ""},
                                                                {"http", "http", "user"},
                                                                {"socks", "socks5", ""},
                                                                {"socks5", "socks5", "user"},
                                                                {"socks5h", "socks5", ""},
                                                                {"socks4", "socks4", ""}}) {
        test::LocalProxy proxy(user, user.empty() ? "" : "s3cret");
        const auto outcome = check(through(protocol, proxy.port(), server_.url(), user));
        EXPECT_TRUE(outcome.ok) << protocol << ": " << outcome.msg;
        EXPECT_THAT(proxy.asked(),
                    testing::ElementsAre(fmt::format("{} 127.0.0.1:{}", kind, server_.port())));
    }
}

TEST_F(HttpProxyTest, TheProxyFindsTheNameWhereTheProtocolSaysSo) {
    for (const auto* protocol : {"socks", "socks5h", "http"}) {
        test::LocalProxy proxy;
        const auto outcome = check(
            through(protocol, proxy.port(), fmt::format("http://localhost:{}/", server_.port())));
        EXPECT_TRUE(outcome.ok) << outcome.msg;
        ASSERT_EQ(proxy.asked().size(), 1u);
        EXPECT_THAT(proxy.asked()[0], testing::HasSubstr(" localhost:"));
    }
}

TEST_F(HttpProxyTest, TlsGoesThroughATunnel) {
    test::TempFolder folder;
    const test::Authority authority(folder.path());
    const auto certificate = authority.issue("good", "localhost", "DNS:localhost");
    LocalHttpServer tls([](const ServedRequest&) { return ServedReply{}; }, &certificate);
    test::LocalProxy proxy;
    auto monitor = through("http", proxy.port(), fmt::format("https://localhost:{}/", tls.port()));
    monitor.auth_method = "mtls";
    monitor.options.set(Option::tls_ca, authority.root_pem());
    const auto outcome = check(monitor);
    EXPECT_EQ(outcome.msg, "200 - OK");
    EXPECT_TRUE(outcome.findings) << "the certificate is the target's";
    EXPECT_THAT(proxy.asked(),
                testing::ElementsAre(fmt::format("connect localhost:{}", tls.port())));
}

TEST_F(HttpProxyTest, AWrongPasswordIsNamedAndNotShown) {
    for (const auto& [protocol, message] : std::vector<std::pair<std::string, std::string>>{
             {"http", "Request failed with status code 407"},
             {"socks5", "Socks5 Authentication failed"}}) {
        test::LocalProxy proxy("user", "another");
        const auto outcome = check(through(protocol, proxy.port(), server_.url(), "user"));
        EXPECT_FALSE(outcome.ok);
        EXPECT_EQ(outcome.msg, message);
    }
    EXPECT_EQ(server_.requests(), 0);
}

TEST_F(HttpProxyTest, WhatTheProxyCannotReachIsAFailure) {
    const auto nowhere = fmt::format("http://127.0.0.1:{}/", test::free_port());
    test::LocalProxy proxy;
    EXPECT_EQ(check(through("socks5", proxy.port(), nowhere)).msg,
              "Socks5 proxy rejected connection - ConnectionRefused");
    EXPECT_EQ(check(through("http", proxy.port(), nowhere)).msg,
              "Request failed with status code 502");
    const int port = test::free_port();
    EXPECT_EQ(check(through("http", port, server_.url())).msg,
              fmt::format("connect ECONNREFUSED 127.0.0.1:{}", port));
}

TEST_F(HttpProxyTest, AProxyThatHangsEndsInTime) {
    test::LocalTcpServer silent;
    for (const auto* protocol : {"http", "socks5"}) {
        auto monitor = through(protocol, silent.port(), server_.url());
        monitor.timeout = Millis{100};
        EXPECT_EQ(check(monitor).msg, "timeout of 100ms exceeded");
    }
}

TEST_F(HttpProxyTest, AProxyThatIsSwitchedOffIsLeftOut) {
    auto monitor = through("http", test::free_port(), server_.url());
    Proxy off;
    off.id = 3;
    off.protocol = "http";
    off.active = false;
    services_.web().proxies.replace({off});
    EXPECT_EQ(check(monitor).msg, "200 - OK");
}

TEST_F(HttpProxyTest, AProxyThatIsNotYetKnownIsWaitedFor) {
    test::LocalProxy proxy;
    auto monitor = through("http", proxy.port(), server_.url());
    Proxy late{3, "http", "127.0.0.1", proxy.port(), false, "", "", true};
    services_.web().proxies.replace({});
    asio::steady_timer timer(loop_, Millis{150});
    timer.async_wait([&](boost::system::error_code) { services_.web().proxies.replace({late}); });
    EXPECT_EQ(check(monitor).msg, "200 - OK");
    EXPECT_EQ(proxy.asked().size(), 1u);
}

}  // namespace higuma::checks
