#include "contract/checks/service_fixture.hpp"

namespace higuma::checks {
namespace {

using test::ScriptedServer;
using testing::HasSubstr;

class SmtpTest : public ServiceCheckTest {
  protected:
    Monitor monitor(int port, const std::string& security, const std::string& host = "127.0.0.1") {
        Monitor made;
        made.type = "smtp";
        made.hostname = host;
        made.port = port;
        made.timeout = Millis{30'000};
        made.options.set(Option::smtp_security, security);
        return made;
    }
    // A mail server: greeting, EHLO, STARTTLS when it has it, QUIT.
    static void serve(Peer& peer, bool has_starttls) {
        peer.write("220-mail.example ESMTP\r\n220 ready\r\n");
        for (;;) {
            const std::string line = peer.read_line();
            if (line.empty()) return;
            if (line.starts_with("EHLO [127.0.0.1]")) {
                peer.write(has_starttls ? "250-mail.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
                                        : "250-mail.example\r\n250 PIPELINING\r\n");
            } else if (line.starts_with("STARTTLS")) {
                peer.write(has_starttls ? "220 go ahead\r\n" : "502 not here\r\n");
                if (has_starttls) peer.start_tls();
            } else if (line.starts_with("QUIT")) {
                peer.write("221 bye\r\n");
                return;
            } else {
                peer.write("500 what\r\n");
            }
        }
    }
};

const std::string kVerified = "SMTP connection verifies successfully";
const std::string kFailed = "SMTP connection doesn't verify: Error: ";

TEST_F(SmtpTest, Plain) {
    std::atomic<bool> said_goodbye{false};
    const ScriptedServer server([&](Peer& peer) {
        peer.write("220 ready\r\n");
        peer.read_line();
        peer.write("250 hello\r\n");
        said_goodbye = peer.read_line() == "QUIT\r\n";
    });
    const auto outcome = check(monitor(server.port(), "nostarttls"));
    EXPECT_EQ(outcome.msg, kVerified);
    EXPECT_TRUE(outcome.ok);
    EXPECT_TRUE(outcome.ping.has_value());
    EXPECT_TRUE(test::eventually([&] { return said_goodbye.load(); }));
}

TEST_F(SmtpTest, SecurityChoices) {
    const auto certificate = trusted_certificate();
    const ScriptedServer with([](Peer& peer) { serve(peer, true); }, &certificate);
    const ScriptedServer without([](Peer& peer) { serve(peer, false); });
    const ScriptedServer tls(
        [](Peer& peer) {
            peer.start_tls();
            serve(peer, false);
        },
        &certificate);
    struct Case {
        int port;
        std::string security, says;
    };
    const Case cases[] = {
        {with.port(), "starttls", kVerified},
        {with.port(), "nostarttls", kVerified},
        {with.port(), "", kVerified},
        {without.port(), "", kVerified},
        {without.port(), "starttls",
         kFailed + "Error upgrading connection with STARTTLS: 502 not here"},
        {tls.port(), "secure", kVerified},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(check(monitor(c.port, c.security, "localhost")).msg, c.says) << c.security;
    }
    EXPECT_THAT(check(monitor(without.port(), "secure")).msg,
                HasSubstr("TLS handshake failed: wrong version number"));
}

TEST_F(SmtpTest, JudgesTheCertificate) {
    const auto certificate = trusted_certificate();
    const ScriptedServer server([](Peer& peer) { serve(peer, true); }, &certificate);
    EXPECT_EQ(check(monitor(server.port(), "starttls")).msg,
              kFailed + "Hostname/IP does not match certificate's altnames");
    ::unsetenv("SSL_CERT_FILE");
    Services fresh({}, loop_.get_executor(), clock_);
    const auto untrusted = monitor(server.port(), "starttls", "localhost");
    const auto context = fresh.context();
    const auto outcome = test::run_task(
        loop_, find_check("smtp")(context, untrusted, Deadline::after(*clock_, Seconds{60})));
    EXPECT_EQ(outcome.msg, kFailed + "self-signed certificate");
}

TEST_F(SmtpTest, FallsBackToHelo) {
    const ScriptedServer old([](Peer& peer) {
        peer.write("220 old\r\n");
        peer.read_line();
        peer.write("502 unknown\r\n");
        peer.write(peer.read_line().starts_with("HELO [127.0.0.1]") ? "250 hi\r\n" : "500 no\r\n");
        peer.read_line();
    });
    EXPECT_EQ(check(monitor(old.port(), "")).msg, kVerified);
    EXPECT_THAT(check(monitor(old.port(), "starttls")).msg,
                HasSubstr("EHLO failed but HELO does not support required STARTTLS"));
}

TEST_F(SmtpTest, WrongAnswers) {
    struct Case {
        std::string words, says;
    };
    const Case cases[] = {
        {"421 too busy\r\n", "Invalid greeting. response=421 too busy"},
        {"HTTP/1.1 400 Bad\r\n", "Unexpected Response. response=HTTP/1.1 400 Bad"},
        {"220 x\r\n421 later\r\n", "Server terminates connection. response=421 later"},
        {"220 x\r\n550 no\r\n550 never\r\n", "Invalid HELO. response=550 never"},
        {"220 x\r\n250-a\r\n250 STARTTLS\r\n220 go\r\nEHLO injected\r\n",
         "data before the TLS handshake"},
    };
    for (const Case& c : cases) {
        const ScriptedServer server([&](Peer& peer) {
            peer.write(c.words);
            peer.hang();
        });
        EXPECT_EQ(check(monitor(server.port(), "")).msg, kFailed + c.says);
    }
}

TEST_F(SmtpTest, Refused) {
    const int port = test::free_port();
    EXPECT_EQ(check(monitor(port, "")).msg,
              fmt::format("{}connect ECONNREFUSED 127.0.0.1:{}", kFailed, port));
    EXPECT_THAT(check(monitor(port, "", "no-such-host.invalid")).msg,
                HasSubstr("no-such-host.invalid"));
}

TEST_F(SmtpTest, TimesOutAtEachStage) {
    const auto limited = [&](int port, const std::string& security) {
        auto made = monitor(port, security);
        made.timeout = Millis{60};
        return made;
    };
    const test::FullTcpPort full;
    EXPECT_EQ(timed_out(limited(full.port(), "")), kFailed + "Connection timeout");
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    EXPECT_EQ(timed_out(limited(silent.port(), "")), kFailed + "Greeting never received");
    EXPECT_EQ(timed_out(limited(silent.port(), "secure")), kFailed + "Timeout");
    const ScriptedServer greets([](Peer& peer) {
        peer.write("220 hello\r\n");
        peer.hang();
    });
    EXPECT_EQ(timed_out(limited(greets.port(), "")), kFailed + "Timeout");
    const ScriptedServer starts([](Peer& peer) {
        peer.write("220 hello\r\n");
        peer.read_line();
        peer.write("250 STARTTLS\r\n");
        peer.read_line();
        peer.write("220 go\r\n");
        peer.hang();
    });
    EXPECT_EQ(timed_out(limited(starts.port(), "")), kFailed + "Timeout");
    const ScriptedServer trickles([](Peer& peer) {
        while (peer.write("220-more\r\n")) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    });
    EXPECT_EQ(timed_out(limited(trickles.port(), "")), kFailed + "Greeting never received");
}

TEST_F(SmtpTest, ClosedResetCancelledAndEndless) {
    const ScriptedServer closing([](Peer&) {});
    EXPECT_EQ(check(monitor(closing.port(), "")).msg, kFailed + "Connection closed unexpectedly");
    const ScriptedServer resetting([](Peer& peer) { peer.reset(); });
    EXPECT_EQ(check(monitor(resetting.port(), "")).msg, kFailed + "read ECONNRESET");
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    EXPECT_EQ(cancel(monitor(silent.port(), ""), [&] { return silent.connections() == 1; }).msg,
              kFailed + "cancelled");
    const ScriptedServer lines([](Peer& peer) {
        while (peer.write("220-again\r\n")) {
        }
    });
    EXPECT_EQ(check(monitor(lines.port(), "")).msg, kFailed + "The reply is larger than 64 KiB");
    const ScriptedServer line([](Peer& peer) {
        while (peer.write(std::string(4096, 'x'))) {
        }
    });
    EXPECT_EQ(check(monitor(line.port(), "")).msg,
              kFailed + "the answer is larger than this check reads");
}

}  // namespace
}  // namespace higuma::checks
