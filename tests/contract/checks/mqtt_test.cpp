#include "contract/checks/service_fixture.hpp"
#include "support/mosquitto.hpp"

namespace higuma::checks {
namespace {

using test::Mosquitto;
using test::ScriptedServer;
using testing::HasSubstr;

const std::string kConnack("\x20\x02\x00\x00", 4);
const std::string kSuback("\x90\x03\x00\x01\x00", 5);

class MqttTest : public ServiceCheckTest {
  protected:
    Monitor monitor(const std::string& hostname, int port, const std::string& wanted = "") const {
        Monitor made;
        made.type = "mqtt";
        made.hostname = hostname;
        made.port = port;
        made.timeout = Millis{30'000};
        made.options.set(Option::mqtt_topic, "open/state");
        made.options.set(Option::mqtt_success_message, wanted);
        return made;
    }
    Monitor with_login(Monitor made, const std::string& password = "watch-password") const {
        made.options.set(Option::mqtt_username, "watcher");
        made.options.set(Option::mqtt_password, password);
        return made;
    }
    // A broker that takes everybody and says `words` after the subscription.
    static ScriptedServer::Script broker(std::string words) {
        return [=](Peer& peer) {
            peer.read(14);
            peer.write(kConnack);
            peer.read(5);
            peer.write(words);
            peer.hang();
        };
    }
};

TEST_F(MqttTest, JudgesTheMessage) {
    Mosquitto broker(true);
    broker.retain("open/state", "all is well");
    const auto outcome = check(monitor("127.0.0.1", broker.port(), "well"));
    EXPECT_TRUE(outcome.ok) << outcome.msg;
    EXPECT_EQ(outcome.msg, "Topic: open/state; Message: all is well");
    EXPECT_TRUE(outcome.ping.has_value());
    EXPECT_TRUE(check(monitor("mqtt://127.0.0.1", broker.port())).ok);
    const auto mismatch = check(monitor("127.0.0.1", broker.port(), "broken"));
    EXPECT_FALSE(mismatch.ok);
    EXPECT_EQ(mismatch.msg, "Message Mismatch - Topic: open/state; Message: all is well");
}

TEST_F(MqttTest, WaitsForAMessage) {
    Mosquitto broker(true);
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        broker.retain("open/state", "late");
    });
    EXPECT_EQ(check(monitor("127.0.0.1", broker.port())).msg, "Topic: open/state; Message: late");
    later.join();
}

TEST_F(MqttTest, SignsIn) {
    Mosquitto broker(false);
    broker.retain("open/state", "fine");
    const auto anybody = monitor("127.0.0.1", broker.port());
    EXPECT_EQ(check(anybody).msg, "Connection refused: Not authorized");
    EXPECT_EQ(check(with_login(anybody, "wrong-one")).msg, "Connection refused: Not authorized");
    EXPECT_TRUE(check(with_login(anybody)).ok);
    EXPECT_TRUE(check(monitor("mqtt://watcher:watch-password@127.0.0.1", broker.port())).ok);
    auto elsewhere = with_login(anybody);
    elsewhere.options.set(Option::mqtt_topic, "#bad");
    EXPECT_FALSE(check(elsewhere).ok);
}

TEST_F(MqttTest, WebSockets) {
    Mosquitto broker(true);
    const std::string large(10'000, 'x');
    broker.retain("open/state", large);
    auto made = monitor("ws://127.0.0.1", broker.websocket_port());
    const auto outcome = check(made);
    EXPECT_TRUE(outcome.ok) << outcome.msg;
    EXPECT_EQ(outcome.msg, "Topic: open/state; Message: " + large);
    made.options.set(Option::mqtt_websocket_path, "mqtt");
    EXPECT_TRUE(check(made).ok);
    made.options.set(Option::mqtt_websocket_path, "/mqtt");
    EXPECT_TRUE(check(made).ok);
}

TEST_F(MqttTest, WebSocketPathIsSent) {
    std::string head;
    const ScriptedServer server([&](Peer& peer) {
        head = peer.read_until("\r\n\r\n");
        peer.write("HTTP/1.1 404 Not Found\r\n\r\n");
    });
    auto made = monitor("ws://127.0.0.1", server.port());
    made.options.set(Option::mqtt_websocket_path, "my/path");
    EXPECT_EQ(check(made).msg, "Unexpected server response: 404");
    EXPECT_THAT(head, testing::StartsWith("GET /my/path HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("Sec-WebSocket-Protocol: mqtt\r\n"));
}

TEST_F(MqttTest, Tls) {
    const auto certificate = trusted_certificate();
    Mosquitto broker(true, &certificate);
    broker.retain("open/state", "secure");
    EXPECT_TRUE(check(monitor("mqtts://localhost", broker.port())).ok);
    EXPECT_TRUE(check(monitor("wss://localhost", broker.websocket_port())).ok);
    EXPECT_EQ(check(monitor("mqtts://127.0.0.1", broker.port())).msg,
              "Hostname/IP does not match certificate's altnames");
    EXPECT_FALSE(check(monitor("mqtt://127.0.0.1", broker.port())).ok);
}

TEST_F(MqttTest, BadSettings) {
    EXPECT_EQ(check(monitor("", 1883)).msg, "The hostname is not valid");
    EXPECT_EQ(check(monitor("ftp://127.0.0.1", 1883)).msg, "Unknown protocol: ftp");
    auto made = monitor("127.0.0.1", 1883);
    made.options.set(Option::mqtt_topic, std::nullopt);
    EXPECT_EQ(check(made).msg, "Cannot subscribe topic");
}

TEST_F(MqttTest, RefusedClosedResetAndCancelled) {
    const int port = test::free_port();
    EXPECT_EQ(check(monitor("127.0.0.1", port)).msg,
              fmt::format("connect ECONNREFUSED 127.0.0.1:{}", port));
    const ScriptedServer closing([](Peer& peer) { peer.read(14); });
    EXPECT_THAT(check(monitor("127.0.0.1", closing.port())).msg,
                testing::AnyOf("The broker closed the connection", "read ECONNRESET"));
    const ScriptedServer resetting([](Peer& peer) {
        peer.read(14);
        peer.reset();
    });
    EXPECT_EQ(check(monitor("127.0.0.1", resetting.port())).msg, "read ECONNRESET");
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    EXPECT_EQ(
        cancel(monitor("127.0.0.1", silent.port()), [&] { return silent.connections() == 1; }).msg,
        "cancelled");
}

TEST_F(MqttTest, WrongAnswers) {
    struct Case {
        std::string words, says;
    };
    const Case cases[] = {
        {std::string("\x90\x03\x00\x01\x80", 5), "Cannot subscribe topic"},
        {std::string("\x90\x03\x00\x02\x00", 5), "Malformed SUBACK packet from the broker"},
        {std::string("\x30\x02\x00\x09", 4), "Malformed PUBLISH packet from the broker"},
        {std::string("\x30\x00", 2), "Malformed PUBLISH packet from the broker"},
        {"\x30\xff\xff\xff\x7f", "The broker sends a packet of 268435455 bytes"},
        {"\x30\xff\xff\xff\xff\x01", "Malformed packet from the broker"},
    };
    for (const Case& c : cases) {
        const ScriptedServer server(broker(c.words));
        EXPECT_EQ(check(monitor("127.0.0.1", server.port())).msg, c.says);
    }
    const ScriptedServer web([](Peer& peer) {
        peer.read(14);
        peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.hang();
    });
    EXPECT_EQ(check(monitor("127.0.0.1", web.port())).msg,
              "The server does not answer as an MQTT broker");
    const ScriptedServer refusing([](Peer& peer) {
        peer.read(14);
        peer.write(std::string("\x20\x02\x00\x03", 4));
        peer.hang();
    });
    EXPECT_EQ(check(monitor("127.0.0.1", refusing.port())).msg,
              "Connection refused: Server unavailable");
}

TEST_F(MqttTest, TimesOutAtEachStage) {
    const auto limited = [&](const std::string& hostname, int port) {
        auto made = monitor(hostname, port);
        made.timeout = Millis{80};
        return made;
    };
    const std::string late = "Timeout, Message not received";
    const test::FullTcpPort full;
    EXPECT_EQ(timed_out(limited("127.0.0.1", full.port())), late);
    const ScriptedServer silent([](Peer& peer) { peer.hang(); });
    EXPECT_EQ(timed_out(limited("127.0.0.1", silent.port())), late);
    EXPECT_EQ(timed_out(limited("mqtts://127.0.0.1", silent.port())), late);
    EXPECT_EQ(timed_out(limited("ws://127.0.0.1", silent.port())), late);
    const ScriptedServer quiet(broker(kSuback));
    EXPECT_EQ(timed_out(limited("127.0.0.1", quiet.port())), late);
    const ScriptedServer pings([](Peer& peer) {
        peer.read(14);
        peer.write(kConnack);
        while (peer.write(std::string("\xd0\x00", 2))) {
        }
    });
    EXPECT_EQ(timed_out(limited("127.0.0.1", pings.port())), late);
}

}  // namespace
}  // namespace higuma::checks
