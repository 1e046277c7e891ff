#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "checks/mysql_protocol.hpp"
#include "contract/checks/service_fixture.hpp"
#include "store/database.hpp"

namespace higuma::checks {
namespace {

using test::ScriptedServer;
using testing::HasSubstr;
using testing::Not;

const std::string kFailed = "Database connection/query failed: ";
const std::string kSalt = "abcdefghijklmnopqrst";

class MysqlTest : public ServiceCheckTest {
  protected:
    Monitor monitor(const std::string& connection_string, const std::string& query = "") const {
        Monitor made;
        made.type = "mysql";
        made.timeout = Millis{30'000};
        made.options.set(Option::database_connection_string, connection_string);
        made.options.set(Option::database_query, query);
        return made;
    }
    static std::string url(int port, const std::string& rest = "",
                           const std::string& login = "higuma:test-password") {
        return fmt::format("mysql://{}@127.0.0.1:{}/{}", login, port, rest);
    }
    static std::string url(const std::string& rest = "") {
        return url(test::shared_mariadb().port(), rest);
    }
    static std::string greeting(const std::string& plugin, std::uint32_t capabilities) {
        const auto low = static_cast<char>(capabilities >> 8),
                   byte = static_cast<char>(capabilities);
        const auto high = static_cast<char>(capabilities >> 16);
        std::string body =
            "\x0a"
            "8.0.0" +
            std::string(1, '\0') + "1234" + kSalt.substr(0, 8);
        body += '\0';
        body +=
            {byte, low, '\x2d', '\0', '\0', high, static_cast<char>(capabilities >> 24), '\x15'};
        body += std::string(10, '\0') + kSalt.substr(8) + '\0' + plugin + '\0';
        return mysql_packet(0, body);
    }
    static std::string read_packet(Peer& peer) {
        const auto head = peer.read(kMysqlHead);
        return head.empty() ? "" : peer.read(parse_mysql_head(head).length);
    }
};

constexpr std::uint32_t kAll =
    kMysqlProtocol41 | kMysqlSecureConnection | kMysqlPluginAuth | kMysqlSsl;
const std::string kOk("\0\0\0\x02\0\0\0", 7);

TEST_F(MysqlTest, CountsRows) {
    struct Case {
        std::string query, says;
    };
    const Case cases[] = {
        {"", "Rows: 1"},
        {"  \n", "Rows: 1"},
        {"SELECT 1 UNION SELECT 2 UNION SELECT 3", "Rows: 3"},
        {"SELECT 1 FROM dual WHERE 1 = 0", "Rows: 0"},
        {"SELECT seq, repeat('x', 100) FROM mysql.seq_1_to_100000", "Rows: 100000"},
        {"SELECT repeat('x', 16000000)", "Rows: 1"},
        {"SET @a = 1", "No Error, but the result is not an array. Type: object"},
        {"SHOW DATABASES LIKE 'mysql'", "Rows: 1"},
    };
    for (const Case& c : cases) {
        const auto outcome = check(monitor(url(), c.query));
        EXPECT_TRUE(outcome.ok) << c.query;
        EXPECT_EQ(outcome.msg, c.says) << c.query;
        EXPECT_TRUE(outcome.ping.has_value());
    }
}

TEST_F(MysqlTest, CountsTheResultsOfACall) {
    const auto config = test::fresh_database();
    store::Connection connection(config);
    ASSERT_TRUE(connection.connect());
    ASSERT_TRUE(connection.execute("CREATE PROCEDURE two() BEGIN SELECT 1; SELECT 2; END"));
    EXPECT_EQ(check(monitor(url(config.name), "CALL two()")).msg, "Rows: 3");
}

TEST_F(MysqlTest, ReportsWhatTheServerSays) {
    struct Case {
        std::string query, says;
    };
    const Case cases[] = {
        {"SELEC 1", "You have an error in your SQL syntax"},
        {"SELECT * FROM mysql.nowhere", "Table 'mysql.nowhere' doesn't exist"},
        {"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE mysql.nowhere", ""},
        {"SELECT 1; SELECT 2", "You have an error in your SQL syntax"},
    };
    for (const Case& c : cases) {
        const auto outcome = check(monitor(url(), c.query));
        EXPECT_FALSE(outcome.ok);
        EXPECT_THAT(outcome.msg, testing::StartsWith(kFailed));
        EXPECT_THAT(outcome.msg, HasSubstr(c.says));
        EXPECT_TRUE(outcome.ping.has_value()) << "as Uptime Kuma has it";
    }
}

TEST_F(MysqlTest, SignsIn) {
    const int port = test::shared_mariadb().port();
    const auto wrong = check(monitor(url(port, "", "higuma:not-this-one")));
    EXPECT_FALSE(wrong.ok);
    EXPECT_THAT(wrong.msg, testing::StartsWith(kFailed + "Access denied for user 'higuma'@'"));
    EXPECT_THAT(wrong.msg, testing::EndsWith("(using password: YES)"));
    EXPECT_EQ(check(monitor(url("nowhere"))).msg, kFailed + "Unknown database 'nowhere'");
    EXPECT_EQ(check(monitor(url("mysql"))).msg, "Rows: 1");
    auto elsewhere = monitor(url(port, "", "higuma"));
    EXPECT_THAT(check(elsewhere).msg, HasSubstr("(using password: NO)"));
    elsewhere.options.set(Option::radius_password, "test-password");
    EXPECT_EQ(check(elsewhere).msg, "Rows: 1");
    auto both = monitor(url(port, "", "higuma:not-this-one"));
    both.options.set(Option::radius_password, "test-password");
    EXPECT_EQ(check(both).msg, "Rows: 1") << "the column wins over the connection string";
}

TEST_F(MysqlTest, SwitchesToTheUsersPlugin) {
    const std::string other_salt = "ABCDEFGHIJKLMNOPQRST";
    std::string shown;
    const auto wants = [&](const std::string& plugin) {
        return [&, plugin](Peer& peer) {
            peer.write(greeting("client_ed25519", kAll));
            read_packet(peer);
            peer.write(mysql_packet(2, '\xfe' + plugin + '\0' + other_salt + '\0'));
            shown = read_packet(peer);
            peer.write(mysql_packet(4, kOk));
            read_packet(peer);
            peer.write(mysql_packet(1, kOk));
        };
    };
    const ScriptedServer native(wants("mysql_native_password"));
    EXPECT_THAT(check(monitor(url(native.port(), "", "user:pass-word"))).msg,
                HasSubstr("No Error"));
    EXPECT_EQ(shown, *mysql_proof("mysql_native_password", "pass-word", other_salt));
    const ScriptedServer curve(wants("client_ed25519"));
    EXPECT_EQ(check(monitor(url(curve.port(), "", "user:pass-word"))).msg,
              kFailed + "Server requests authentication using unknown plugin client_ed25519");
}

// MySQL 8's usual plugin, by the proofs that its server computes.
TEST_F(MysqlTest, CachingSha2) {
    const std::string password = "pass-word";
    std::string shown;
    const ScriptedServer known([&](Peer& peer) {
        peer.write(greeting("caching_sha2_password", kAll));
        shown = read_packet(peer);
        peer.write(mysql_packet(2, "\x01\x03") + mysql_packet(3, kOk));
        read_packet(peer);
        peer.write(mysql_packet(1, kOk));
    });
    EXPECT_THAT(check(monitor(url(known.port(), "", "user:" + password))).msg,
                HasSubstr("No Error"));
    const auto proof = *mysql_proof("caching_sha2_password", password, kSalt);
    EXPECT_EQ(proof.size(), 32u);
    EXPECT_THAT(shown, HasSubstr("user" + std::string(1, '\0') + '\x20' + proof));
}

TEST_F(MysqlTest, CachingSha2InFull) {
    const std::string password = "pass-word";
    EVP_PKEY* key = EVP_RSA_gen(2048);
    BIO* pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(pem, key);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(pem, &text);
    const std::string public_key(text, static_cast<std::size_t>(size));
    std::string asked, encrypted;
    const ScriptedServer unknown([&](Peer& peer) {
        peer.write(greeting("caching_sha2_password", kAll));
        read_packet(peer);
        peer.write(mysql_packet(2, "\x01\x04"));
        asked = read_packet(peer);
        peer.write(mysql_packet(4, '\x01' + public_key));
        encrypted = read_packet(peer);
        peer.write(mysql_packet(6, kOk));
        read_packet(peer);
        peer.write(mysql_packet(1, kOk));
    });
    EXPECT_THAT(check(monitor(url(unknown.port(), "", "user:" + password))).msg,
                HasSubstr("No Error"));
    EXPECT_EQ(asked, "\x02");
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
    EVP_PKEY_decrypt_init(context);
    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
    std::string clear(512, '\0');
    std::size_t length = clear.size();
    ASSERT_GT(EVP_PKEY_decrypt(context, reinterpret_cast<unsigned char*>(clear.data()), &length,
                               reinterpret_cast<const unsigned char*>(encrypted.data()),
                               encrypted.size()),
              0);
    for (std::size_t i = 0; i < length; ++i) {
        clear[i] = static_cast<char>(clear[i] ^ kSalt[i % kSalt.size()]);
    }
    EXPECT_EQ(clear.substr(0, length), password + '\0');
    EVP_PKEY_CTX_free(context);
    BIO_free(pem);
    EVP_PKEY_free(key);
}

TEST_F(MysqlTest, Tls) {
    const auto certificate = trusted_certificate();
    const ScriptedServer server(
        [](Peer& peer) {
            peer.write(greeting("mysql_native_password", kAll));
            read_packet(peer);
            peer.start_tls();
            read_packet(peer);
            peer.write(mysql_packet(3, kOk));
            read_packet(peer);
            peer.write(mysql_packet(1, kOk));
        },
        &certificate);
    const auto with = [&](const std::string& ssl) {
        return check(monitor(url(server.port(), "?ssl=" + ssl))).msg;
    };
    EXPECT_THAT(with("true"), HasSubstr("No Error"));
    EXPECT_THAT(with("{\"rejectUnauthorized\":true}"), HasSubstr("No Error"));
    EXPECT_EQ(with("{\"verifyIdentity\":true}"),
              kFailed + "Hostname/IP does not match certificate's altnames");
    EXPECT_THAT(with("{\"rejectUnauthorized\":false}"), HasSubstr("No Error"));
    EXPECT_EQ(with("Amazon RDS"), kFailed + "The option ssl of the connection string is not JSON");
    EXPECT_EQ(check(monitor(url("?ssl=true"))).msg,
              kFailed + "Server does not support secure connection");
}

TEST_F(MysqlTest, BadConnectionStrings) {
    EXPECT_EQ(check(monitor("")).msg, kFailed + "Invalid URL");
    EXPECT_EQ(check(monitor("postgres://a:b@127.0.0.1/")).msg, kFailed + "Invalid URL");
    const int port = test::free_port();
    EXPECT_EQ(check(monitor(url(port))).msg,
              fmt::format("{}connect ECONNREFUSED 127.0.0.1:{}", kFailed, port));
}

TEST_F(MysqlTest, TimesOutAtEachStage) {
    const auto limited = [&](const std::string& target) {
        auto made = monitor(target, "SELECT SLEEP(30)");
        made.timeout = Millis{100};
        return made;
    };
    const std::string late = kFailed + "timeout of 100ms exceeded";
    const test::FullTcpPort full;
    EXPECT_EQ(timed_out(limited(url(full.port()))), kFailed + "connect ETIMEDOUT");
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    EXPECT_EQ(timed_out(limited(url(silent.port()))), late);
    const ScriptedServer starts_tls([](Peer& peer) {
        peer.write(greeting("mysql_native_password", kAll));
        peer.hang();
    });
    EXPECT_EQ(timed_out(limited(url(starts_tls.port(), "?ssl=true"))), late);
    EXPECT_EQ(timed_out(limited(url())), late);
    const ScriptedServer rows([](Peer& peer) {
        peer.write(greeting("mysql_native_password", kAll));
        read_packet(peer);
        peer.write(mysql_packet(2, kOk));
        read_packet(peer);
        const std::string column =
            std::string("\3def\0\0\0\1a\0\x0c\x2d\0\0\0\0\0\xfd\0\0\0\0\0", 24);
        peer.write(mysql_packet(1, "\x01") + mysql_packet(2, column) +
                   mysql_packet(3, std::string("\xfe\0\0\0\0", 5)));
        while (peer.write(mysql_packet(4, "\x02xx"))) {
        }
    });
    EXPECT_EQ(timed_out(limited(url(rows.port()))), late);
}

TEST_F(MysqlTest, WrongAnswers) {
    const std::string stranger = "The server does not answer as MySQL does";
    struct Case {
        std::string words, says;
    };
    const Case cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", stranger},
        {std::string("\x03\0\0\0\x0a", 5) + "8" + std::string(1, '\0'), stranger},
        {mysql_packet(0, std::string("\xff\x69\x04Host is blocked", 18)), "Host is blocked"},
        {greeting("mysql_native_password", kMysqlPluginAuth),
         "The server is too old: it does not know MySQL 4.1's protocol"},
        {greeting("x", kAll) + mysql_packet(2, "\x01?"), stranger},
        {greeting("x", kAll) + mysql_packet(2, kOk) + mysql_packet(1, "\xfb/etc/passwd"),
         "The server asks for a file of this machine"},
        {greeting("x", kAll) + mysql_packet(2, kOk) +
             mysql_packet(1, std::string("\xfe\xff\xff\xff\xff\xff\xff\xff\x7f", 9)),
         stranger},
    };
    for (const Case& c : cases) {
        const ScriptedServer server([&](Peer& peer) {
            peer.write(c.words);
            peer.hang();
        });
        EXPECT_EQ(check(monitor(url(server.port()))).msg, kFailed + c.says);
    }
}

TEST_F(MysqlTest, ClosedResetCancelledAndHidden) {
    const ScriptedServer closing([](Peer&) {});
    EXPECT_EQ(check(monitor(url(closing.port()))).msg,
              kFailed + "Connection lost: The server closed the connection.");
    const ScriptedServer resetting([](Peer& peer) { peer.reset(); });
    EXPECT_EQ(check(monitor(url(resetting.port()))).msg, kFailed + "read ECONNRESET");
    const auto start = clock_->now();
    const auto asleep = [&] { return clock_->now() - start > Millis{300}; };
    EXPECT_EQ(cancel(monitor(url(), "SELECT SLEEP(30)"), asleep).msg, kFailed + "cancelled");
    const auto told = check(monitor(url(), "SELECT test-password.x FROM"));
    EXPECT_FALSE(told.ok);
    EXPECT_THAT(
        check(monitor(url(), "SELECT 1 AS 'test-password' FROM dual WHERE x 'test-password'")).msg,
        Not(HasSubstr("test-password")));
}

}  // namespace
}  // namespace higuma::checks
