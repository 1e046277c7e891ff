// What the tests of single checks share: the real services on a loop that the test runs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "checks/services.hpp"
#include "support/local_servers.hpp"
#include "support/run_task.hpp"

namespace higuma::checks {
namespace asio = boost::asio;
using policy::CheckOutcome;
using test::LocalHttpServer;
using test::ServedReply;
using test::ServedRequest;

class ChecksTest : public testing::Test {
  protected:
    Monitor http_monitor(const std::string& url, const std::string& type = "http") const {
        Monitor monitor;
        monitor.type = type;
        monitor.url = url;
        monitor.timeout = Millis{30'000};
        return monitor;
    }
    Monitor port_monitor(int port, const std::string& hostname = "127.0.0.1") const {
        Monitor monitor;
        monitor.type = "port";
        monitor.hostname = hostname;
        monitor.port = port;
        monitor.timeout = Millis{30'000};
        return monitor;
    }
    CheckOutcome check(const Monitor& monitor) {
        const auto function = find_check(monitor.type);
        return test::run_task(loop_,
                              function(context_, monitor, Deadline::after(*clock_, Seconds{60})));
    }
    // Cancels the check once `started`, and returns what it says.
    CheckOutcome cancel(const Monitor& monitor, const std::function<bool()>& started) {
        asio::cancellation_signal signal;
        std::optional<CheckOutcome> outcome;
        std::exception_ptr thrown;
        asio::co_spawn(
            loop_,
            find_check(monitor.type)(context_, monitor, Deadline::after(*clock_, Seconds{60})),
            asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e, CheckOutcome o) {
                thrown = e;
                outcome = std::move(o);
            }));
        EXPECT_TRUE(test::run_until(loop_, started));
        signal.emit(asio::cancellation_type::terminal);
        EXPECT_TRUE(test::run_until(loop_, [&] { return outcome.has_value(); }));
        EXPECT_FALSE(thrown) << "a check never throws";
        return *outcome;
    }

    asio::io_context loop_;
    std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
    Services services_{{}, loop_.get_executor(), clock_};
    const CheckContext context_ = services_.context();
};

}  // namespace higuma::checks
