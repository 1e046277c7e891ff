#include "net/tcp.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "support/local_servers.hpp"
#include "support/mariadb.hpp"
#include "support/run_task.hpp"

namespace higuma::net {
namespace asio = boost::asio;
using test::LocalHttpServer;
using test::ServedReply;
using test::ServedRequest;

class TcpTest : public testing::Test {
  protected:
    Deadline in(Millis span) const { return Deadline::after(*clock_, span); }
    Result<KeptConnection::Reply> get(std::uint16_t port, const std::string& path = "/",
                                      Millis span = Millis{30'000}) {
        return test::run_task(loop_, connection_.get(loopback_, port, "node", path, in(span)));
    }
    // Waits in the background; empty until it has ended.
    std::shared_ptr<std::optional<bool>> watch(Millis span) {
        auto closed = std::make_shared<std::optional<bool>>();
        asio::co_spawn(loop_, connection_.wait_closed(in(span)),
                       [closed](std::exception_ptr, bool value) { *closed = value; });
        return closed;
    }

    asio::io_context loop_;
    std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
    const asio::ip::address loopback_ = asio::ip::make_address("127.0.0.1");
    KeptConnection connection_{loop_.get_executor(), clock_};
};

TEST_F(TcpTest, ConnectsAndSaysHowLongItTook) {
    test::LocalTcpServer server;
    const auto took =
        test::run_task(loop_, tcp_connect(loopback_, server.port(), clock_, in(Seconds{30})));
    ASSERT_TRUE(took);
    EXPECT_GE(took->count(), 0);
}

TEST_F(TcpTest, SaysThatAConnectionWasRefused) {
    const auto port = static_cast<std::uint16_t>(test::free_port());
    const auto took = test::run_task(loop_, tcp_connect(loopback_, port, clock_, in(Seconds{30})));
    ASSERT_FALSE(took);
    EXPECT_EQ(took.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(took.error().message, "connect ECONNREFUSED 127.0.0.1:" + std::to_string(port));
}

TEST_F(TcpTest, APassedDeadlineIsATimeout) {
    test::LocalTcpServer server;
    const auto reply = get(server.port(), "/", Millis{50});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::timeout);
    EXPECT_FALSE(connection_.connected());
}

TEST_F(TcpTest, KeepsItsConnection) {
    LocalHttpServer server([](const ServedRequest& request) {
        return ServedReply{.status = request.target == "/429" ? 429 : 200, .body = request.target};
    });
    for (int i = 0; i < 3; ++i) {
        const auto reply = get(server.port(), "/p" + std::to_string(i));
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->status, 200);
        EXPECT_EQ(reply->body, "/p" + std::to_string(i));
    }
    EXPECT_EQ(get(server.port(), "/429")->status, 429);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(TcpTest, ConnectsAgainWhenTheKeptConnectionWasClosed) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; });
    ASSERT_TRUE(get(server.port()));
    server.close_connections();
    ASSERT_TRUE(test::run_until(loop_, [&, sent = 0]() mutable {
        ++sent;
        return get(server.port()).has_value() && server.connections() >= 2;
    }));
}

TEST_F(TcpTest, RefusesAnOversizedReply) {
    LocalHttpServer server(
        [](const ServedRequest&) { return ServedReply{.body = std::string(100'000, 'x')}; });
    const auto reply = get(server.port());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(connection_.connected());
}

TEST_F(TcpTest, RefusesWhatIsNotHttp) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{.raw = "bah\r\n\r\n"}; });
    EXPECT_FALSE(get(server.port()));
}

TEST_F(TcpTest, NoticesAtOnceThatTheOtherSideClosed) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; });
    ASSERT_TRUE(get(server.port()));
    const auto closed = watch(Seconds{3600});
    test::run_until(
        loop_, [] { return false; }, Millis{20});
    ASSERT_FALSE(closed->has_value());
    server.close_connections();
    ASSERT_TRUE(test::run_until(loop_, [&] { return closed->has_value(); }));
    EXPECT_TRUE(**closed);
    EXPECT_FALSE(connection_.connected());
}

TEST_F(TcpTest, AWatchEndsAtItsDeadlineAndLeavesTheConnection) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; });
    ASSERT_TRUE(get(server.port()));
    const auto closed = watch(Millis{30});
    ASSERT_TRUE(test::run_until(loop_, [&] { return closed->has_value(); }));
    EXPECT_FALSE(**closed);
    EXPECT_TRUE(connection_.connected());
    ASSERT_TRUE(get(server.port()));
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(TcpTest, AWatchOfNothingEndsAtOnce) {
    EXPECT_FALSE(test::run_task(loop_, connection_.wait_closed(in(Seconds{3600}))));
}

TEST_F(TcpTest, AReplyIsNotTakenForAClose) {
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; });
    ASSERT_TRUE(get(server.port()));
    const auto closed = watch(Seconds{3600});
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(get(server.port()));
    EXPECT_FALSE(closed->has_value());
    EXPECT_EQ(server.connections(), 1);
    server.close_connections();
    ASSERT_TRUE(test::run_until(loop_, [&] { return closed->has_value(); }));
    EXPECT_TRUE(**closed);
}

}  // namespace higuma::net
