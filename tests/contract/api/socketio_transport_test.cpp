// Engine.IO and Socket.IO over real sockets, below a small application of the test: sessions, both
// transports, the change from one to the other, refusals and bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <future>
#include <thread>

#include "api/socketio/server.hpp"
#include "contract/api/socketio_client.hpp"
#include "support/local_servers.hpp"

namespace higuma::api::socketio {
namespace {

using test::PollingClient;
using test::RawClient;
using test::request_text;
using test::WebSocketClient;
using testing::HasSubstr;

class SocketioTransport : public testing::Test {
  protected:
    ~SocketioTransport() override { stop(); }

    void start(Limits limits = {}) {
        Handlers handlers;
        handlers.connected = [](ConnectionPtr connection) -> Task<> {
            connection->emit("hello", {1});
            co_return;
        };
        handlers.event = [this](ConnectionPtr connection, Call call) {
            return handle(std::move(connection), std::move(call));
        };
        handlers.disconnected = [this](ConnectionPtr) { ++left; };
        const auto clock = std::make_shared<SystemClock>();
        sockets = std::make_shared<Server>(loop.get_executor(), clock, NodeId{"node1"}, limits,
                                           std::move(handlers));
        http = std::make_unique<HttpServer>(loop.get_executor(), clock, ServerLimits{},
                                            std::vector<Endpoint>{sockets->endpoint()});
        address = http->listen("127.0.0.1:0");
        thread = std::thread([this] { loop.run(); });
    }

    void stop() {
        if (!thread.joinable()) return;
        boost::asio::post(loop, [this] {
            sockets->stop();
            http.reset();
            work.reset();
        });
        thread.join();
    }

    Task<> handle(ConnectionPtr connection, Call call) {
        if (call.name == "throw") throw std::runtime_error("of the test");
        if (call.name == "flood") {
            const std::string text(100'000, 'x');
            for (int i = 0; i < 100; ++i) connection->emit("drop", {text});
        }
        connection->acknowledge(call, call.arguments);
        co_return;
    }

    Stats stats() {
        std::promise<Stats> answer;
        boost::asio::post(loop, [&] { answer.set_value(sockets->stats()); });
        return answer.get_future().get();
    }
    bool sessions_become(std::size_t count) {
        return test::eventually([&] { return stats().sessions == count; });
    }
    // Joins, and reads what comes then.
    void join(PollingClient& client) {
        EXPECT_EQ(client.post("40").body, "ok");
        EXPECT_THAT(client.poll().body, HasSubstr("42[\"hello\",1]"));
    }
    void join(WebSocketClient& client) {
        client.next();
        client.send("40");
        EXPECT_TRUE(client.next().starts_with("40{\"sid\":\""));
        EXPECT_EQ(client.next(), "42[\"hello\",1]");
    }

    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    std::shared_ptr<Server> sockets;
    std::unique_ptr<HttpServer> http;
    std::string address;
    std::thread thread;
    std::atomic<int> left = 0;
};

TEST_F(SocketioTransport, PollsAsRecorded) {
    start();
    PollingClient client(address);
    auto hello = test::handshake_of(client.hello);
    EXPECT_THAT(client.session, testing::MatchesRegex("[A-Za-z0-9]{20}\\.node1"));
    hello.stable_erase("sid");
    EXPECT_EQ(boost::json::serialize(hello),
              R"({"upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,)"
              R"("maxPayload":1000000})");
    const auto joined = client.post("40", {"Content-Type: text/plain;charset=UTF-8"});
    EXPECT_EQ(joined.status, 200);
    EXPECT_EQ(joined.body, "ok");
    EXPECT_EQ(joined.header("content-type"), "text/html");
    EXPECT_EQ(joined.header("cache-control"), "no-store");
    const auto polled = client.poll();
    EXPECT_EQ(polled.header("content-type"), "text/plain; charset=UTF-8");
    EXPECT_EQ(polled.header("cache-control"), "no-store");
    EXPECT_THAT(polled.body, testing::MatchesRegex("40\\{\"sid\":\"[A-Za-z0-9]+\"\\}\x1e"
                                                   "42\\[\"hello\",1\\]"));
    client.post("420[\"echo\",{\"a\":[null]}]");
    EXPECT_EQ(client.poll().body, "430[{\"a\":[null]}]");
    EXPECT_EQ(client.post("1").body, "ok");
    EXPECT_TRUE(sessions_become(0));
    EXPECT_EQ(left, 1);
    EXPECT_EQ(client.poll().body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST_F(SocketioTransport, AHeldPollIsAnsweredWhenSomethingHappens) {
    start();
    PollingClient client(address);
    join(client);
    RawClient held(address);
    held.send(request_text("GET", client.target));
    client.post(
        "42[\"echo\"]\x1e"
        "427[\"echo\",\"b\"]");
    EXPECT_EQ(held.read_answer().body, "437[\"b\"]");
}

TEST_F(SocketioTransport, TwoPollsAtOnceEndTheSession) {
    start();
    PollingClient client(address);
    join(client);
    RawClient held(address);
    held.send(request_text("GET", client.target));
    // The first may arrive after the second: one of them is held, the other one is refused.
    RawClient second(address);
    second.send(request_text("GET", client.target));
    std::vector<int> statuses{held.read_answer().status, second.read_answer().status};
    EXPECT_THAT(statuses, testing::UnorderedElementsAre(200, 400));
    EXPECT_TRUE(sessions_become(0));
}

TEST_F(SocketioTransport, RefusesAsRecorded) {
    start();
    struct Row {
        const char* method;
        const char* target;
        int status;
        const char* body;
    };
    const Row rows[] = {
        {"GET", "/socket.io/?EIO=4&transport=foo", 400,
         R"({"code":0,"message":"Transport unknown"})"},
        {"GET", "/socket.io/?EIO=4", 400, R"({"code":0,"message":"Transport unknown"})"},
        {"GET", "/socket.io/?EIO=4&transport=polling&sid=nope", 400,
         R"({"code":1,"message":"Session ID unknown"})"},
        {"POST", "/socket.io/?EIO=4&transport=polling", 400,
         R"({"code":2,"message":"Bad handshake method"})"},
        {"GET", "/socket.io/?EIO=4&transport=websocket", 400,
         R"({"code":3,"message":"Bad request"})"},
        {"GET", "/socket.io/?EIO=3&transport=polling", 400,
         R"({"code":5,"message":"Unsupported protocol version"})"},
    };
    for (const auto& row : rows) {
        RawClient client(address);
        const auto answer = client.ask(request_text(row.method, row.target));
        EXPECT_EQ(answer.status, row.status) << row.target;
        EXPECT_EQ(answer.body, row.body) << row.target;
        EXPECT_EQ(answer.header("Content-Type"), "application/json");
    }
    EXPECT_EQ(stats().opened, 0u);
}

TEST_F(SocketioTransport, ADeletedMethodAndATooLargeBodyAreRefused) {
    start();
    PollingClient client(address);
    RawClient other(address);
    EXPECT_EQ(other.ask(request_text("DELETE", client.target)).status, 500);
    EXPECT_EQ(client.post("4" + std::string(1'000'000, 'x')).status, 413);
    EXPECT_EQ(stats().sessions, 1u);
}

TEST_F(SocketioTransport, SpeaksWebSocketFromTheStart) {
    start();
    WebSocketClient client(address);
    const auto hello = test::handshake_of(client.next());
    EXPECT_TRUE(hello.at("upgrades").as_array().empty());
    EXPECT_TRUE(std::string(hello.at("sid").as_string()).ends_with(".node1"));
    client.send("40");
    EXPECT_TRUE(client.next().starts_with("40{\"sid\":\""));
    EXPECT_EQ(client.next(), "42[\"hello\",1]");
    client.send("4299[\"echo\",\"\\u00e9\"]");
    EXPECT_EQ(client.next(), "4399[\"\u00e9\"]");
    client.send("451-100[\"echo\",{\"_placeholder\":true,\"num\":0},2]");
    client.send_bytes("bytes");
    EXPECT_EQ(client.next(), "43100[null,2]");
    client.stream.close(boost::beast::websocket::close_code::normal);
    EXPECT_TRUE(sessions_become(0));
    EXPECT_EQ(left, 1);
}

TEST_F(SocketioTransport, ChangesFromPollingToWebSocket) {
    start();
    PollingClient polling(address);
    join(polling);
    RawClient held(address);
    held.send(request_text("GET", polling.target));
    WebSocketClient client(address, test::kWebSocket + "&sid=" + polling.session);
    client.send("2probe");
    EXPECT_EQ(client.read(), "3probe");
    EXPECT_EQ(held.read_answer().body, "6");
    polling.post("421[\"echo\",\"late\"]");  // on its way while the client changed over
    client.send("5");
    EXPECT_EQ(client.next(), "431[\"late\"]");
    client.send("422[\"echo\"]");
    EXPECT_EQ(client.next(), "432[]");
    EXPECT_EQ(stats().upgraded, 1u);
    EXPECT_EQ(polling.poll().body, R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(stats().sessions, 1u);
}

TEST_F(SocketioTransport, AFailedProbeLeavesTheSessionPolling) {
    start();
    PollingClient polling(address);
    join(polling);
    {
        WebSocketClient client(address, test::kWebSocket + "&sid=" + polling.session);
        client.send("2probe");
        EXPECT_EQ(client.read(), "3probe");
        client.send("4early");
        EXPECT_FALSE(client.read());
    }
    polling.post("421[\"echo\",\"on\"]");
    EXPECT_EQ(polling.poll().body, "431[\"on\"]");
}

TEST_F(SocketioTransport, RefusesWebSocketsOfOtherSites) {
    start();
    const auto upgrade = [&](const std::string& target, const std::string& origin) {
        RawClient client(address);
        return client.ask(
            request_text("GET", target,
                         {"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", origin}));
    };
    const auto refused = upgrade(test::kWebSocket, "Origin: http://evil.example");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.body, "Forbidden");
    EXPECT_EQ(refused.header("Content-Type"), "text/html");
    EXPECT_EQ(refused.header("Connection"), "close");
    const auto unknown = upgrade(test::kWebSocket + "&sid=nope", "X-Nothing: here");
    EXPECT_EQ(unknown.status, 400);
    EXPECT_EQ(unknown.body, "Session ID unknown");
    const auto taken = upgrade(test::kWebSocket, "Origin: http://test");
    EXPECT_EQ(taken.status, 101);
    EXPECT_EQ(taken.header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_F(SocketioTransport, PingsAndDropsTheSilent) {
    Limits limits;
    limits.ping_interval = Millis{200};
    limits.ping_timeout = Millis{300};
    start(limits);
    WebSocketClient client(address);
    join(client);
    EXPECT_EQ(client.read(), "2");
    client.send("3");
    EXPECT_EQ(client.read(), "2");  // again, after the interval
    EXPECT_FALSE(client.read());    // no pong: the end
    EXPECT_EQ(stats().dropped_silent, 1u);
    EXPECT_TRUE(sessions_become(0));

    PollingClient polling(address);
    join(polling);
    EXPECT_EQ(polling.poll().body, "2");
    EXPECT_EQ(polling.poll().body, "1");
}

TEST_F(SocketioTransport, DropsWhoDoesNotJoin) {
    Limits limits;
    limits.connect_timeout = Millis{200};
    start(limits);
    WebSocketClient client(address);
    client.next();
    EXPECT_FALSE(client.read());
    EXPECT_TRUE(sessions_become(0));
}

TEST_F(SocketioTransport, BrokenPacketsEndTheSession) {
    start();
    const std::string broken[] = {"9",
                                  "42[",
                                  "2",
                                  "42[\"connect\"]",
                                  "bAQID",
                                  "43{}",
                                  "42/x,[1]",
                                  "451-[\"a\",1]\x1e"
                                  "42[\"b\"]"};
    for (const auto& text : broken) {
        PollingClient client(address);
        join(client);
        EXPECT_EQ(client.post(text).body, "ok") << text;
        EXPECT_TRUE(sessions_become(0)) << text;
    }
    WebSocketClient before(address);
    before.next();
    before.send("42[\"echo\"]");  // has not joined
    EXPECT_FALSE(before.read());
    WebSocketClient large(address);
    join(large);
    large.send("4" + std::string(1'000'001, 'x'));
    EXPECT_FALSE(large.read());
    EXPECT_TRUE(sessions_become(0));
}

TEST_F(SocketioTransport, AnotherNamespaceIsRefusedWithoutHarm) {
    start();
    WebSocketClient client(address);
    client.next();
    client.send("40/admin,");
    EXPECT_EQ(client.next(), "44/admin,{\"message\":\"Invalid namespace\"}");
    client.send("40");
    EXPECT_TRUE(client.next().starts_with("40{"));
}

TEST_F(SocketioTransport, AThrowingHandlerHarmsNobody) {
    start();
    WebSocketClient client(address);
    join(client);
    client.send("421[\"throw\"]");
    client.send("422[\"echo\",3]");
    EXPECT_EQ(client.next(), "432[3]");
}

TEST_F(SocketioTransport, DropsAClientThatDoesNotRead) {
    Limits limits;
    limits.queued_bytes = 1'000'000;
    start(limits);
    PollingClient slow(address);
    join(slow);
    PollingClient good(address);
    join(good);
    slow.post("42[\"flood\"]");
    EXPECT_TRUE(sessions_become(1));
    EXPECT_EQ(stats().dropped_slow, 1u);
    good.post("421[\"echo\"]");
    EXPECT_EQ(good.poll().body, "431[]");
}

TEST_F(SocketioTransport, HasABoundOnSessions) {
    Limits limits;
    limits.sessions = 2;
    start(limits);
    PollingClient first(address);
    WebSocketClient second(address);
    second.next();
    RawClient third(address);
    const auto refused = third.ask(request_text("GET", test::kPolling));
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("Retry-After"), "2");
    WebSocketClient fourth(address);
    EXPECT_FALSE(fourth.read());
    EXPECT_EQ(stats().refused, 2u);
    first.post("1");
    EXPECT_TRUE(sessions_become(1));
    PollingClient again(address);
}

TEST_F(SocketioTransport, StoppingEndsPollsAndSockets) {
    start();
    PollingClient polling(address);
    join(polling);
    RawClient held(address);
    held.send(request_text("GET", polling.target));
    WebSocketClient client(address);
    join(client);
    stop();
    EXPECT_FALSE(client.read());
    EXPECT_EQ(left, 2);
}

}  // namespace
}  // namespace higuma::api::socketio
