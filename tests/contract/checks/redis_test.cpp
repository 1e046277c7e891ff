#include "contract/checks/service_fixture.hpp"
#include "support/redis_server.hpp"

namespace higuma::checks {
namespace {

using test::RedisServer;
using test::ScriptedServer;
using testing::HasSubstr;
using testing::Not;

class RedisTest : public ServiceCheckTest {
  protected:
    Monitor monitor(const std::string& connection_string) const {
        Monitor made;
        made.type = "redis";
        made.timeout = Millis{30'000};
        made.options.set(Option::database_connection_string, connection_string);
        return made;
    }
    Monitor monitor_of(int port) const {
        return monitor(fmt::format("redis://127.0.0.1:{}", port));
    }
};

TEST_F(RedisTest, AnswersPing) {
    RedisServer server("");
    const auto outcome = check(monitor_of(server.port()));
    EXPECT_TRUE(outcome.ok) << outcome.msg;
    EXPECT_EQ(outcome.msg, "PONG");
    EXPECT_TRUE(outcome.ping.has_value());
}

TEST_F(RedisTest, SignsInAndSelectsTheDatabase) {
    RedisServer server("pass/word");
    const auto at = [&](const std::string& login, const std::string& path = "") {
        return check(monitor(fmt::format("redis://{}@127.0.0.1:{}{}", login, server.port(), path)));
    };
    EXPECT_EQ(at(":pass%2Fword").msg, "PONG");
    EXPECT_EQ(at("default:pass%2Fword", "/3").msg, "PONG");
    EXPECT_EQ(at("watcher:watch-password", "/15").msg, "PONG");
    EXPECT_EQ(at(":pass%2Fword", "/16").msg, "ERR DB index is out of range");
    const auto wrong = at("watcher:not-this-one");
    EXPECT_FALSE(wrong.ok);
    EXPECT_EQ(wrong.msg, "WRONGPASS invalid username-password pair or user is disabled.");
    EXPECT_EQ(check(monitor_of(server.port())).msg, "NOAUTH Authentication required.");
}

TEST_F(RedisTest, Tls) {
    const auto certificate = trusted_certificate();
    RedisServer server("secret", &certificate);
    const auto at = [&](const std::string& host) {
        return monitor(fmt::format("rediss://:secret@{}:{}/1", host, server.port()));
    };
    EXPECT_EQ(check(at("localhost")).msg, "PONG");
    EXPECT_EQ(check(at("127.0.0.1")).msg, "Hostname/IP does not match certificate's altnames");
    auto any = at("127.0.0.1");
    any.ignore_tls = true;
    EXPECT_EQ(check(any).msg, "PONG");
    const auto plain = check(monitor_of(server.port()));
    EXPECT_FALSE(plain.ok);
}

TEST_F(RedisTest, RefusesAnUntrustedCertificate) {
    const auto certificate = test::make_certificate(folder_.path(), "localhost", 30);
    RedisServer server("", &certificate);
    const auto text = fmt::format("rediss://localhost:{}", server.port());
    EXPECT_EQ(check(monitor(text)).msg, "self-signed certificate");
}

TEST_F(RedisTest, RefusesAnExpiredCertificate) {
    const auto certificate = test::make_certificate(folder_.path(), "localhost", -1);
    ::setenv("SSL_CERT_FILE", certificate.certificate_file.c_str(), 1);
    RedisServer server("", &certificate);
    const auto text = fmt::format("rediss://localhost:{}", server.port());
    EXPECT_EQ(check(monitor(text)).msg, "certificate has expired");
}

TEST_F(RedisTest, BadConnectionStrings) {
    EXPECT_EQ(check(monitor("")).msg, "Invalid URL");
    EXPECT_EQ(check(monitor("secret-host:6379")).msg, "Invalid URL");
    EXPECT_EQ(check(monitor("http://127.0.0.1/")).msg, "Invalid protocol");
    EXPECT_EQ(check(monitor("redis://127.0.0.1/zero")).msg, "Invalid pathname");
}

TEST_F(RedisTest, Refused) {
    const int port = test::free_port();
    EXPECT_EQ(check(monitor_of(port)).msg, fmt::format("connect ECONNREFUSED 127.0.0.1:{}", port));
}

TEST_F(RedisTest, TimesOutAtEachStage) {
    const test::FullTcpPort full;
    auto slow = monitor_of(full.port());
    slow.timeout = Millis{60};
    EXPECT_EQ(timed_out(slow), "Connection timeout");

    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    slow = monitor_of(silent.port());
    slow.timeout = Millis{60};
    EXPECT_EQ(timed_out(slow), "Connection timeout");
    slow = monitor(fmt::format("rediss://127.0.0.1:{}", silent.port()));
    slow.timeout = Millis{60};
    EXPECT_EQ(timed_out(slow), "Connection timeout");

    RedisServer frozen("");
    frozen.process().freeze();
    slow = monitor_of(frozen.port());
    slow.timeout = Millis{60};
    EXPECT_EQ(timed_out(slow), "Connection timeout");
}

TEST_F(RedisTest, Cancelled) {
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    const auto outcome =
        cancel(monitor_of(silent.port()), [&] { return silent.connections() == 1; });
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "cancelled");
}

TEST_F(RedisTest, ClosedAndReset) {
    const ScriptedServer closing([](Peer& peer) { peer.read_line(); });
    EXPECT_THAT(check(monitor_of(closing.port())).msg,
                testing::AnyOf("Socket closed unexpectedly", "read ECONNRESET"));
    const ScriptedServer resetting([](Peer& peer) {
        peer.read_until("PING\r\n");
        peer.reset();
    });
    EXPECT_EQ(check(monitor_of(resetting.port())).msg, "read ECONNRESET");
}

TEST_F(RedisTest, HostileAnswers) {
    const ScriptedServer endless([](Peer& peer) {
        while (peer.write(std::string(64 * 1024, '+'))) {
        }
    });
    EXPECT_EQ(check(monitor_of(endless.port())).msg, "the answer is larger than this check reads");
    const ScriptedServer large([](Peer& peer) { peer.write("$536870912\r\n"); });
    EXPECT_EQ(check(monitor_of(large.port())).msg, "The reply has 536870912 bytes");
    const ScriptedServer other([](Peer& peer) { peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    EXPECT_EQ(check(monitor_of(other.port())).msg,
              "Protocol error: a reply that starts with byte 0x48");
}

TEST_F(RedisTest, SecretsStayHidden) {
    const ScriptedServer echo([](Peer& peer) {
        peer.read_until("top-secret\r\n");
        peer.write("-ERR unknown command 'AUTH', with args beginning with: 'top-secret'\r\n");
    });
    const auto outcome =
        check(monitor(fmt::format("redis://:top-secret@127.0.0.1:{}", echo.port())));
    EXPECT_THAT(outcome.msg, HasSubstr("unknown command 'AUTH'"));
    EXPECT_THAT(outcome.msg, Not(HasSubstr("top-secret")));
}

}  // namespace
}  // namespace higuma::checks
