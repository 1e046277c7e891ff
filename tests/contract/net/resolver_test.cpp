#include "net/resolver.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "support/dns_server.hpp"
#include "support/mariadb.hpp"
#include "support/run_task.hpp"
#include "support/temp_folder.hpp"

namespace higuma::net {
namespace asio = boost::asio;
using test::DnsServer;

class ResolverTest : public testing::Test {
  protected:
    Result<Resolver::Answer> resolve(const std::string& name, const std::string& family = "",
                                     Millis span = Millis{30'000}) {
        return test::run_task(loop_,
                              resolver_.resolve(name, family, Deadline::after(*clock_, span)));
    }
    bool answers(const std::string& name, const std::string& address) {
        return test::run_until(loop_, [&] {
            const auto answer = resolve(name);
            return answer && !answer->stale &&
                   answer->addresses.front() == asio::ip::make_address(address);
        });
    }

    asio::io_context loop_;
    std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
    DnsServer server_{test::free_port()};
    Resolver resolver_{loop_.get_executor(), clock_, server_.address()};
};

TEST_F(ResolverTest, AsksTheConfiguredServer) {
    ASSERT_TRUE(answers("node1", "10.1.2.3"));
    EXPECT_GE(resolver_.stats().queries, 1u);
}

TEST_F(ResolverTest, ALiteralAddressAnswersItself) {
    const auto v4 = resolve("192.0.2.7");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->addresses.front().to_string(), "192.0.2.7");
    EXPECT_TRUE(resolve("::1", "ipv6"));
    EXPECT_EQ(resolve("::1", "ipv4").error().kind, ErrorKind::not_found);
    EXPECT_EQ(resolver_.stats().queries, 0u);
}

TEST_F(ResolverTest, KnowsTheHostsFile) {
    const auto answer = resolve("localhost", "ipv4");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->addresses.front().is_loopback());
}

// baseline 7: one node with an empty host must not stop the whole round.
TEST_F(ResolverTest, AnEmptyHostIsOneCleanFailure) {
    const auto answer = resolve("");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(answer.error().field, "hostname");
    EXPECT_FALSE(resolve(std::string(300, 'a')));
    EXPECT_FALSE(resolve("a..b"));
    EXPECT_TRUE(answers("node1", "10.1.2.3"));
}

TEST_F(ResolverTest, AnUnknownNameIsNotFound) {
    ASSERT_TRUE(answers("node1", "10.1.2.3"));
    const auto answer = resolve("node1", "ipv6");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::not_found);
    EXPECT_EQ(answer.error().message, "getaddrinfo ENOTFOUND node1");
}

TEST_F(ResolverTest, AnswersTheFamilyThatWasAskedFor) {
    ASSERT_TRUE(answers("node1", "10.1.2.3"));
    const auto six = resolve("six", "ipv6");
    ASSERT_TRUE(six) << six.error().message;
    EXPECT_EQ(six->addresses.front().to_string(), "fd00::1");
}

TEST_F(ResolverTest, RemembersAnAnswerForItsTtlAndThenSeesTheNewAddress) {
    ASSERT_TRUE(answers("node1", "10.1.2.3"));
    const auto before = resolver_.stats().queries;
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(resolve("node1"));
    EXPECT_LE(resolver_.stats().queries, before + 2);  // a TTL may end on the way
    server_.stop();
    server_.start("10.9.9.9");
    EXPECT_TRUE(answers("node1", "10.9.9.9"));
}

// baseline 14: with DNS down healthy nodes stay reachable at their last good address.
TEST_F(ResolverTest, DnsDownServesTheLastGoodAddresses) {
    ASSERT_TRUE(answers("node1", "10.1.2.3"));
    server_.stop();
    ASSERT_TRUE(test::run_until(loop_, [&] {
        const auto answer = resolve("node1");
        return answer && answer->stale;
    }));
    const auto answer = resolve("node1");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->addresses.front().to_string(), "10.1.2.3");
    EXPECT_GE(resolver_.stats().failures, 1u);
    EXPECT_GE(resolver_.stats().served_stale, 2u);
    const auto never_seen = resolve("node2");
    ASSERT_FALSE(never_seen);
    EXPECT_NE(never_seen.error().kind, ErrorKind::not_found);

    server_.start("10.1.2.3");
    EXPECT_TRUE(answers("node1", "10.1.2.3"));
}

TEST_F(ResolverTest, AFrozenServerCostsATimeoutAtMost) {
    ASSERT_TRUE(answers("node1", "10.1.2.3"));
    server_.freeze();
    const auto unknown = resolve("node3", "", Millis{50});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::timeout);
    ASSERT_TRUE(test::run_until(loop_, [&] {
        const auto answer = resolve("node1");
        return answer && answer->stale;
    }));
}

TEST_F(ResolverTest, ManyCallersShareOneQuery) {
    ASSERT_TRUE(answers("node1", "10.1.2.3"));
    const auto before = resolver_.stats().queries;
    int done = 0;
    for (int i = 0; i < 50; ++i) {
        asio::co_spawn(loop_, resolver_.resolve("six", "", Deadline::after(*clock_, Seconds{30})),
                       [&](std::exception_ptr, Result<Resolver::Answer> a) { done += a ? 1 : 0; });
    }
    ASSERT_TRUE(test::run_until(loop_, [&] { return done == 50; }));
    EXPECT_EQ(resolver_.stats().queries, before + 1);
}

TEST(ResolverServer, ABadAddressStopsTheStart) {
    asio::io_context loop;
    const auto clock = std::make_shared<SystemClock>();
    EXPECT_THROW(Resolver(loop.get_executor(), clock, "not an address"), StartupError);
}

TEST(ResolverEnd, EndsWhatRunsWhenItIsDestroyed) {
    asio::io_context loop;
    const auto clock = std::make_shared<SystemClock>();
    DnsServer server(test::free_port());
    server.freeze();
    auto resolver = std::make_unique<Resolver>(loop.get_executor(), clock, server.address());
    std::optional<Result<Resolver::Answer>> answer;
    asio::co_spawn(loop, resolver->resolve("node1", "", Deadline::after(*clock, Seconds{60})),
                   [&](std::exception_ptr, Result<Resolver::Answer> a) { answer = std::move(a); });
    ASSERT_TRUE(test::run_until(loop, [&] { return resolver->stats().queries == 1; }));
    resolver.reset();
    ASSERT_TRUE(test::run_until(loop, [&] { return answer.has_value(); }));
    EXPECT_FALSE(answer->has_value());
}

}  // namespace higuma::net
