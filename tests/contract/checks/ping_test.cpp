#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <thread>

#include "contract/checks/checks_fixture.hpp"

namespace higuma::checks {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Monitor ping_monitor(const std::string& host, const std::string& count = "1") {
    Monitor monitor;
    monitor.type = "ping";
    monitor.hostname = host;
    monitor.timeout = Millis{20'000};
    monitor.options.set(Option::ping_count, count);
    return monitor;
}

// A network of its own, which only this thread is in: nothing leaves it. Root may make one.
class OwnNetwork {
  public:
    OwnNetwork() {
        EXPECT_EQ(::unshare(CLONE_NEWNET), 0) << "the tests of ping are run as root";
        const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ifreq request{};
        std::snprintf(request.ifr_name, sizeof(request.ifr_name), "lo");
        request.ifr_flags = IFF_UP | IFF_LOOPBACK;
        EXPECT_EQ(::ioctl(fd, SIOCSIFFLAGS, &request), 0);
        ::close(fd);
    }
};

// Of the network that this thread is in.
void set_network(const std::string& name, const std::string& value) {
    std::ofstream file("/proc/sys/net/ipv4/" + name);
    file << value << std::flush;
    EXPECT_TRUE(file.good()) << name;
}
void answer_nobody() { set_network("icmp_echo_ignore_all", "1"); }
void answer_all() { set_network("icmp_echo_ignore_all", "0"); }

void be_in_a_silent_network() {
    OwnNetwork();
    answer_nobody();
}

void drop_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> none{};
    EXPECT_EQ(::syscall(SYS_capset, &header, none.data()), 0);
}

// Runs one check with services of its own in a thread of its own, and `later` there while it runs.
CheckOutcome check_in(
    const std::function<void()>& prepare, const Monitor& monitor,
    const std::function<void()>& later = [] {}) {
    CheckOutcome outcome;
    std::thread([&] {
        prepare();
        asio::io_context loop;
        const auto clock = std::make_shared<SystemClock>();
        Services services({}, loop.get_executor(), clock);
        asio::steady_timer timer(loop, Millis{500});
        timer.async_wait([&](boost::system::error_code) { later(); });
        outcome = test::run_task(loop, find_check("ping")(services.context(), monitor,
                                                          Deadline::after(*clock, Seconds{60})));
    }).join();
    return outcome;
}

class PingTest : public ChecksTest {};

TEST_F(PingTest, AnswersOfBothFamiliesAndAllSizes) {
    for (const char* host : {"127.0.0.1", "::1", "localhost"}) {
        for (const char* size : {"1", "56", "1472", "20000"}) {
            auto monitor = ping_monitor(host);
            monitor.options.set(Option::packet_size, size);
            const auto outcome = check(monitor);
            EXPECT_TRUE(outcome.ok) << host << " " << size << ": " << outcome.msg;
            EXPECT_TRUE(outcome.ping && *outcome.ping < Millis{1'000});
        }
    }
}

TEST_F(PingTest, RequestsAreASecondApart) {
    const auto began = clock_->now();
    EXPECT_TRUE(check(ping_monitor("127.0.0.1", "3")).ok);
    EXPECT_GE(clock_->now() - began, Seconds{2});
}

TEST_F(PingTest, ManyAtOnceOverOneSocket) {
    constexpr int kMany = 2'000;
    int good = 0, ended = 0;
    const auto monitor = ping_monitor("127.0.0.1");
    const auto take = [&](std::exception_ptr, CheckOutcome outcome) {
        good += outcome.ok;
        ++ended;
    };
    for (int i = 0; i < kMany; ++i) {
        asio::co_spawn(loop_,
                       find_check("ping")(context_, monitor, Deadline::after(*clock_, Seconds{60})),
                       take);
    }
    EXPECT_TRUE(test::run_until(loop_, [&] { return ended == kMany; }));
    EXPECT_EQ(good, kMany);
    const auto stats = context_.ping.stats();
    EXPECT_EQ(stats.sent, static_cast<std::uint64_t>(kMany));
    EXPECT_EQ(stats.received, static_cast<std::uint64_t>(kMany));
    EXPECT_EQ(stats.in_flight, 0u);
}

TEST_F(PingTest, WhoDoesNotAnswerIsDownWithTheLossAsPingSaysIt) {
    auto monitor = ping_monitor("127.0.0.1", "2");
    monitor.options.set(Option::ping_per_request_timeout, "1");
    monitor.timeout = Millis{2'500};
    const auto outcome = check_in(be_in_a_silent_network, monitor);
    EXPECT_FALSE(outcome.ok);
    EXPECT_THAT(outcome.msg, StartsWith("PING 127.0.0.1 (127.0.0.1): "));
    EXPECT_THAT(outcome.msg, HasSubstr(" packets transmitted, 0 received, 100% packet loss"));
}

TEST_F(PingTest, ALostRequestIsFollowedByAnother) {
    auto monitor = ping_monitor("127.0.0.1");
    monitor.options.set(Option::ping_per_request_timeout, "1");
    const auto outcome = check_in(be_in_a_silent_network, monitor, answer_all);
    EXPECT_TRUE(outcome.ok) << outcome.msg;
}

TEST_F(PingTest, NeedsNoPrivilegeWhereItsGroupMayPing) {
    const auto prepare = [] {
        OwnNetwork();
        set_network("ping_group_range", "0 2147483647");
        drop_capabilities();
    };
    for (const char* host : {"127.0.0.1", "::1"}) {
        const auto outcome = check_in(prepare, ping_monitor(host));
        EXPECT_TRUE(outcome.ok) << host << ": " << outcome.msg;
    }
}

TEST_F(PingTest, TheLimitOfTheCheckEndsAllRequests) {
    auto monitor = ping_monitor("127.0.0.1", "50");
    monitor.timeout = Millis{400};
    const auto outcome = check_in(be_in_a_silent_network, monitor);
    EXPECT_THAT(outcome.msg, HasSubstr("1 packets transmitted, 0 received"));
}

TEST_F(PingTest, AnAddressWithoutARouteIsNamed) {
    const auto outcome = check_in([] { OwnNetwork(); }, ping_monitor("10.99.99.99"));
    EXPECT_FALSE(outcome.ok);
    EXPECT_THAT(outcome.msg, HasSubstr("sendto ENETUNREACH 10.99.99.99"));
}

TEST_F(PingTest, SaysWhatIsMissingWhereItMaySendNothing) {
    const auto prepare = [] {
        OwnNetwork();
        drop_capabilities();
    };
    const auto outcome = check_in(prepare, ping_monitor("127.0.0.1"));
    EXPECT_FALSE(outcome.ok);
    EXPECT_THAT(outcome.msg, StartsWith("This node may not send ICMP echo requests"));
    EXPECT_THAT(outcome.msg,
                testing::AllOf(HasSubstr("CAP_NET_RAW"), HasSubstr("net.ipv4.ping_group_range")));
}

TEST_F(PingTest, ANameThatIsNotThereAndACancel) {
    EXPECT_THAT(check(ping_monitor("no-such-host.invalid")).msg, HasSubstr("no-such-host.invalid"));
    const auto began = clock_->now();
    int turns = 0;
    cancel(ping_monitor("127.0.0.1", "100"), [&] { return ++turns > 20; });
    EXPECT_LT(clock_->now() - began, Seconds{60}) << "a hundred requests take 99 seconds";
}

}  // namespace
}  // namespace higuma::checks
