#include "contract/checks/service_fixture.hpp"
#include "support/postgres_server.hpp"

namespace higuma::checks {
namespace {

using test::PostgresServer;
using test::ScriptedServer;
using testing::HasSubstr;
using testing::Not;

const std::string kAuthOk("R\0\0\0\x08\0\0\0\0", 9);
const std::string kReady("Z\0\0\0\x05I", 6);

class PostgresTest : public ServiceCheckTest {
  protected:
    Monitor monitor(const std::string& connection_string, const std::string& query = "") const {
        Monitor made;
        made.type = "postgres";
        made.timeout = Millis{30'000};
        made.options.set(Option::database_connection_string, connection_string);
        made.options.set(Option::database_query, query);
        return made;
    }
    static std::string url(int port, const std::string& rest = "/watcher",
                           const std::string& password = "watch-password") {
        return fmt::format("postgres://watcher:{}@127.0.0.1:{}{}", password, port, rest);
    }
};

TEST_F(PostgresTest, RunsTheQuery) {
    PostgresServer server("scram-sha-256");
    const auto outcome = check(monitor(url(server.port())));
    EXPECT_TRUE(outcome.ok) << outcome.msg;
    EXPECT_EQ(outcome.msg, "");
    EXPECT_TRUE(outcome.ping.has_value());
    struct Case {
        std::string query, says;
    };
    const Case cases[] = {
        {"SELECT generate_series(1, 100000)", ""},
        {"CREATE TABLE t (a int); INSERT INTO t VALUES (1)", ""},
        {"SELECT repeat('x', 30000000)", ""},
        {"COPY (SELECT 1) TO STDOUT", ""},
        {"COPY t FROM STDIN", "COPY from stdin failed: no data"},
        {"SELEC 1", "syntax error at or near \"SELEC\""},
        {"SELECT * FROM nowhere", "relation \"nowhere\" does not exist"},
        {"SELECT 1/0", "division by zero"},
    };
    for (const Case& c : cases) {
        const auto said = check(monitor(url(server.port()), c.query));
        EXPECT_EQ(said.msg, c.says) << c.query;
        EXPECT_EQ(said.ok, c.says.empty()) << c.query;
    }
}

TEST_F(PostgresTest, SignsIn) {
    for (const std::string method : {"scram-sha-256", "md5", "password"}) {
        PostgresServer server(method);
        EXPECT_TRUE(check(monitor(url(server.port()))).ok) << method;
        const auto wrong = check(monitor(url(server.port(), "/watcher", "not-this-one")));
        EXPECT_FALSE(wrong.ok);
        EXPECT_EQ(wrong.msg, "password authentication failed for user \"watcher\"") << method;
        EXPECT_EQ(check(monitor(url(server.port(), "/elsewhere"))).msg,
                  "database \"elsewhere\" does not exist");
        EXPECT_TRUE(check(monitor(url(server.port(), ""))).ok) << "its user's own database";
    }
}

TEST_F(PostgresTest, Tls) {
    const auto certificate = trusted_certificate();
    PostgresServer server("scram-sha-256", &certificate);
    const auto at = [&](const std::string& host, const std::string& options) {
        return check(monitor(fmt::format("postgresql://watcher:watch-password@{}:{}/watcher{}",
                                         host, server.port(), options)))
            .msg;
    };
    const std::string mismatch = "Hostname/IP does not match certificate's altnames";
    EXPECT_EQ(at("localhost", "?sslmode=require"), "");
    EXPECT_EQ(at("localhost", "?ssl=true"), "");
    EXPECT_EQ(at("127.0.0.1", "?sslmode=verify-full"), mismatch);
    EXPECT_EQ(at("127.0.0.1", "?sslmode=no-verify"), "");
    EXPECT_EQ(at("127.0.0.1", "?sslmode=disable"), "");
    EXPECT_EQ(at("127.0.0.1", "?sslmode=other"), "Unknown sslmode: other");
    PostgresServer plain("md5");
    EXPECT_EQ(check(monitor(url(plain.port(), "/watcher?ssl=true"))).msg,
              "The server does not support SSL connections");
}

TEST_F(PostgresTest, BadConnectionStrings) {
    EXPECT_EQ(check(monitor("")).msg, "Invalid URL");
    EXPECT_EQ(check(monitor("mysql://a:b@127.0.0.1/")).msg, "Invalid URL");
    EXPECT_EQ(check(monitor("postgres://watcher@127.0.0.1/")).msg, "Password is undefined.");
    EXPECT_EQ(check(monitor("postgres://:secret@127.0.0.1/")).msg,
              "The connection string names no user.");
    const int port = test::free_port();
    EXPECT_EQ(check(monitor(url(port))).msg,
              fmt::format("connect ECONNREFUSED 127.0.0.1:{}", port));
}

TEST_F(PostgresTest, TimesOutAtEachStage) {
    const auto limited = [&](int port, const std::string& rest = "") {
        auto made = monitor(url(port, rest), "SELECT pg_sleep(30)");
        made.timeout = Millis{60};
        return made;
    };
    const std::string late = "timeout of 60ms exceeded";
    const test::FullTcpPort full;
    EXPECT_EQ(timed_out(limited(full.port())), late);
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    EXPECT_EQ(timed_out(limited(silent.port())), late);
    EXPECT_EQ(timed_out(limited(silent.port(), "?ssl=true")), late);
    const ScriptedServer starts_tls([](Peer& peer) {
        peer.read(8);
        peer.write("S");
        peer.hang();
    });
    EXPECT_EQ(timed_out(limited(starts_tls.port(), "?ssl=true")), late);
    PostgresServer server("password");
    auto slow = limited(server.port());
    slow.timeout = Millis{500};
    EXPECT_EQ(timed_out(slow), "timeout of 500ms exceeded");
    const ScriptedServer rows([](Peer& peer) {
        peer.write(kAuthOk + kReady);
        const std::string row = std::string("D\0\0\x10\x04", 5) + std::string(4096, 'x');
        while (peer.write(row)) {
        }
    });
    EXPECT_EQ(timed_out(limited(rows.port())), late);
}

TEST_F(PostgresTest, WrongAnswers) {
    const std::string stranger = "The server does not answer as PostgreSQL does";
    struct Case {
        std::string words, says;
    };
    const Case cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", stranger},
        {std::string("R\x7f\xff\xff\xff", 5), stranger},
        {std::string("E\x00\xff\xff\xff", 5), stranger},
        {std::string("R\0\0\0\x08\0\0\0\x07", 9), "Unknown authentication type 7"},
        {std::string("R\0\0\0\x0c\0\0\0\x0aNONE", 13),
         "SASL: Only mechanism SCRAM-SHA-256 is currently supported"},
        {std::string("E\0\0\0\x0fMtoo many\0\0", 16), "too many"},
    };
    for (const Case& c : cases) {
        const ScriptedServer server([&](Peer& peer) {
            peer.write(c.words);
            peer.hang();
        });
        EXPECT_EQ(check(monitor(url(server.port()))).msg, c.says);
    }
}

TEST_F(PostgresTest, ClosedResetCancelledAndHidden) {
    const ScriptedServer closing([](Peer& peer) { peer.write(kAuthOk + kReady); });
    EXPECT_THAT(
        check(monitor(url(closing.port()))).msg,
        testing::AnyOf("Connection terminated unexpectedly", "read ECONNRESET", "write EPIPE"));
    const ScriptedServer resetting([](Peer& peer) { peer.reset(); });
    EXPECT_EQ(check(monitor(url(resetting.port()))).msg, "read ECONNRESET");
    PostgresServer server("scram-sha-256");
    const auto sleeping = monitor(url(server.port()), "SELECT pg_sleep(30)");
    const auto start = clock_->now();
    const auto asleep = [&] { return clock_->now() - start > Millis{300}; };
    EXPECT_EQ(cancel(sleeping, asleep).msg, "cancelled");
    const auto told = check(monitor(url(server.port()), "SELECT 'watch-password'::int"));
    EXPECT_THAT(told.msg, HasSubstr("invalid input syntax"));
    EXPECT_THAT(told.msg, Not(HasSubstr("watch-password")));
}

}  // namespace
}  // namespace higuma::checks
