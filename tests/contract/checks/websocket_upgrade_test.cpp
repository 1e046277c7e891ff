#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>

#include "contract/checks/service_fixture.hpp"
#include "net/websocket.hpp"

namespace higuma::checks {
namespace {

using test::ScriptedServer;
using testing::HasSubstr;
using testing::Not;

class WebSocketUpgradeTest : public ServiceCheckTest {
  protected:
    Monitor monitor(const std::string& url, std::vector<std::string> codes = {"1000"}) const {
        Monitor made;
        made.type = "websocket-upgrade";
        made.url = url;
        made.accepted_statuscodes = std::move(codes);
        made.timeout = Millis{30'000};
        return made;
    }
    static std::string url(int port, const std::string& path = "/") {
        return fmt::format("ws://127.0.0.1:{}{}", port, path);
    }
    static std::string header(const std::string& head, const std::string& name) {
        const auto at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const auto from = at + name.size() + 4;
        return head.substr(from, head.find("\r\n", from) - from);
    }
    static std::string upgraded(const std::string& head, const std::string& more = "") {
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: " +
               net::accept_of(header(head, "Sec-WebSocket-Key")) + "\r\n" + more + "\r\n";
    }
    // Upgrades, waits for the close frame, and says `frames`.
    static ScriptedServer::Script upgrades(std::string frames, std::string headers = "") {
        return [=](Peer& peer) {
            const auto head = peer.read_until("\r\n\r\n");
            peer.write(upgraded(head, headers));
            peer.read(8);
            peer.write(frames);
        };
    }
};

const std::string kNormalClose("\x88\x02\x03\xe8", 4);

// A complete WebSocket server: Boost.Beast's.
TEST_F(WebSocketUpgradeTest, OpensAndCloses) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    std::thread server([&] {
        boost::beast::websocket::stream<boost::asio::ip::tcp::socket> socket(acceptor.accept());
        boost::system::error_code error;
        socket.accept(error);
        boost::beast::flat_buffer buffer;
        socket.read(buffer, error);
        EXPECT_EQ(error, boost::beast::websocket::error::closed);
        EXPECT_EQ(socket.reason().code, 1000);
    });
    const auto outcome = check(monitor(url(acceptor.local_endpoint().port())));
    server.join();
    EXPECT_TRUE(outcome.ok);
    EXPECT_EQ(outcome.msg, "1000 - OK");
    EXPECT_TRUE(outcome.ping.has_value());
}

TEST_F(WebSocketUpgradeTest, JudgesTheCloseCode) {
    struct Case {
        std::string frames;
        std::vector<std::string> accepted;
        bool ok;
        std::string says;
    };
    const std::string policy("\x88\x02\x03\xf0", 4), unauthorized("\x88\x02\x0b\xb8", 4);
    const std::string text("\x81\x05hello", 7), ping("\x89\x01x", 3);
    const Case cases[] = {
        {kNormalClose, {"1000"}, true, "1000 - OK"},
        {text + ping + kNormalClose, {"1000"}, true, "1000 - OK"},
        {policy, {"1000"}, false, "Policy Violation"},
        {policy, {"1000-1010"}, true, "1008 - OK"},
        {unauthorized, {"1000"}, false, "Unauthorized"},
        {kNormalClose, {"1001"}, false, "Unexpected status code: 1000"},
        {std::string("\x88\x00", 2), {"1000"}, false, "No Status Received"},
        {std::string("\x88\x00", 2), {"1005"}, true, "1005 - OK"},
        {"", {"1000"}, false, "Abnormal Closure"},
        {"", {"1006"}, true, "Abnormal Closure"},
        {std::string("\x88\x82", 2),
         {"1000"},
         false,
         "Invalid WebSocket frame: MASK must be clear"},
        {std::string("\x83\x00", 2), {"1000"}, false, "Invalid WebSocket frame: invalid opcode 3"},
        {std::string("\x88\x02\x00\x01", 4),
         {"1000"},
         false,
         "Invalid WebSocket frame: invalid status code 1"},
        {std::string("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10),
         {"1000"},
         false,
         "Max payload size exceeded"},
    };
    for (const Case& c : cases) {
        const ScriptedServer server(upgrades(c.frames));
        const auto outcome = check(monitor(url(server.port()), c.accepted));
        EXPECT_EQ(outcome.msg, c.says);
        EXPECT_EQ(outcome.ok, c.ok) << c.says;
    }
}

TEST_F(WebSocketUpgradeTest, JudgesTheUpgrade) {
    struct Case {
        std::string answer, says;
    };
    const Case cases[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "Unexpected server response: 404"},
        {"HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1/\r\n\r\n",
         "Unexpected server response: 301"},
        {"HTTP/1.1 101 x\r\nConnection: upgrade\r\n\r\n", "Invalid Upgrade header"},
        {"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Accept: wrong\r\n\r\n",
         "Invalid Sec-WebSocket-Accept header"},
        {"220 mail.example ESMTP\r\n\r\n", "Parse Error: the answer is not HTTP"},
        {"", "socket hang up"},
    };
    for (const Case& c : cases) {
        const ScriptedServer server([&](Peer& peer) {
            peer.read_until("\r\n\r\n");
            peer.write(c.answer);
        });
        EXPECT_EQ(check(monitor(url(server.port()))).msg, c.says);
    }
}

TEST_F(WebSocketUpgradeTest, MayIgnoreTheAcceptHeader) {
    const ScriptedServer server([](Peer& peer) {
        peer.read_until("\r\n\r\n");
        peer.write("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    });
    auto careless = monitor(url(server.port()));
    EXPECT_EQ(check(careless).msg, "Invalid Sec-WebSocket-Accept header");
    careless.options.set(Option::ws_ignore_sec_websocket_accept_header, "1");
    EXPECT_EQ(check(careless).msg, "1000 - OK");
    EXPECT_TRUE(check(careless).ok);
}

TEST_F(WebSocketUpgradeTest, Subprotocols) {
    struct Case {
        std::string wanted, answered, says;
    };
    const std::string chat = "Sec-WebSocket-Protocol: chat\r\n";
    const Case cases[] = {
        {"chat, superchat", chat, "1000 - OK"},
        {"chat", "", "Server sent no subprotocol"},
        {"superchat", chat, "Server sent an invalid subprotocol"},
        {"", chat, "Server sent a subprotocol but none was requested"},
        {"chat,chat", chat, "An invalid or duplicated subprotocol was specified"},
        {"chat,", chat, "An invalid or duplicated subprotocol was specified"},
    };
    for (const Case& c : cases) {
        const ScriptedServer server(upgrades(kNormalClose, c.answered));
        auto made = monitor(url(server.port()));
        made.options.set(Option::ws_subprotocol, c.wanted);
        EXPECT_EQ(check(made).msg, c.says) << c.wanted;
    }
}

TEST_F(WebSocketUpgradeTest, SendsHeadersAndLogin) {
    std::string head;
    const ScriptedServer server([&](Peer& peer) {
        head = peer.read_until("\r\n\r\n");
        peer.write(upgraded(head));
        peer.read(8);
        peer.write(kNormalClose);
    });
    auto made = monitor(url(server.port(), "/a b?token=1"));
    made.headers = R"({"X-One": "1", "Bad Name": "x", "X-Two": "a\r\nb"})";
    made.auth_method = "basic";
    made.basic_auth_user = "user";
    made.basic_auth_pass = "password";
    ASSERT_EQ(check(made).msg, "1000 - OK");
    EXPECT_THAT(head, testing::StartsWith("GET /a%20b?token=1 HTTP/1.1\r\n"));
    EXPECT_EQ(header(head, "Host"), fmt::format("127.0.0.1:{}", server.port()));
    EXPECT_EQ(header(head, "X-One"), "1");
    EXPECT_EQ(header(head, "Authorization"), "Basic dXNlcjpwYXNzd29yZA==");
    EXPECT_THAT(head, Not(HasSubstr("X-Two")));
    made.auth_method = "bearer";
    made.bearer_token = "token-of-mine";
    ASSERT_EQ(check(made).msg, "1000 - OK");
    EXPECT_EQ(header(head, "Authorization"), "Bearer token-of-mine");
}

TEST_F(WebSocketUpgradeTest, Tls) {
    const auto certificate = trusted_certificate();
    const ScriptedServer server(
        [](Peer& peer) {
            peer.start_tls();
            upgrades(kNormalClose)(peer);
        },
        &certificate);
    const auto at = [&](const std::string& host) {
        return monitor(fmt::format("wss://{}:{}/", host, server.port()));
    };
    EXPECT_EQ(check(at("localhost")).msg, "1000 - OK");
    EXPECT_EQ(check(at("127.0.0.1")).msg, "Hostname/IP does not match certificate's altnames");
    // As in Uptime Kuma, only mTLS may ignore what is wrong with a certificate.
    auto careless = at("127.0.0.1");
    careless.ignore_tls = true;
    EXPECT_FALSE(check(careless).ok);
    careless.auth_method = "mtls";
    EXPECT_EQ(check(careless).msg, "1000 - OK");
    careless.options.set(Option::tls_cert, "nonsense");
    EXPECT_EQ(check(careless).msg, "The client certificate is not valid PEM");
}

TEST_F(WebSocketUpgradeTest, BadUrls) {
    EXPECT_EQ(check(monitor("nonsense")).msg, "Invalid URL");
    EXPECT_THAT(check(monitor("ftp://127.0.0.1/")).msg, HasSubstr("The URL's protocol must be"));
    EXPECT_EQ(check(monitor("ws://127.0.0.1/#x")).msg, "The URL contains a fragment identifier");
    const int port = test::free_port();
    EXPECT_EQ(check(monitor(url(port))).msg,
              fmt::format("connect ECONNREFUSED 127.0.0.1:{}", port));
}

TEST_F(WebSocketUpgradeTest, TimesOutAtEachStage) {
    const auto limited = [&](const std::string& target) {
        auto made = monitor(target);
        made.timeout = Millis{60};
        return made;
    };
    const test::FullTcpPort full;
    EXPECT_EQ(timed_out(limited(url(full.port()))), "Opening handshake has timed out");
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    EXPECT_EQ(timed_out(limited(url(silent.port()))), "Opening handshake has timed out");
    EXPECT_EQ(timed_out(limited(fmt::format("wss://127.0.0.1:{}/", silent.port()))),
              "Opening handshake has timed out");
    const ScriptedServer never_closes([](Peer& peer) {
        peer.write(upgraded(peer.read_until("\r\n\r\n")));
        peer.hang();
    });
    EXPECT_EQ(timed_out(limited(url(never_closes.port()))), "Abnormal Closure");
    const ScriptedServer endless([](Peer& peer) {
        peer.write(upgraded(peer.read_until("\r\n\r\n")));
        const std::string frame = "\x82\x7e\xff\xff" + std::string(0xffff, 'x');
        while (peer.write(frame)) {
        }
    });
    EXPECT_EQ(timed_out(limited(url(endless.port()))), "Abnormal Closure");
}

TEST_F(WebSocketUpgradeTest, EndlessHeadResetAndCancelled) {
    const ScriptedServer endless([](Peer& peer) {
        peer.write("HTTP/1.1 101 x\r\n");
        while (peer.write("X-More: " + std::string(1000, 'x') + "\r\n")) {
        }
    });
    EXPECT_EQ(check(monitor(url(endless.port()))).msg,
              "Parse Error: the answer's head is larger than 32 KiB");
    const ScriptedServer resetting([](Peer& peer) {
        peer.read_until("\r\n\r\n");
        peer.reset();
    });
    EXPECT_EQ(check(monitor(url(resetting.port()))).msg, "read ECONNRESET");
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    EXPECT_EQ(cancel(monitor(url(silent.port())), [&] { return silent.connections() == 1; }).msg,
              "cancelled");
}

}  // namespace
}  // namespace higuma::checks
