// What the tests of service checks (redis, mysql, smtp, ...) share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cstdlib>

#include "checks/services.hpp"
#include "support/mariadb.hpp"
#include "support/run_task.hpp"
#include "support/scripted_server.hpp"
#include "support/temp_folder.hpp"

namespace higuma::checks {

class ServiceCheckTest : public testing::Test {
  protected:
    using Peer = test::ScriptedServer::Peer;

    ~ServiceCheckTest() override { ::unsetenv("SSL_CERT_FILE"); }

    // A certificate for `host` that checks trust from now on.
    test::Certificate trusted_certificate(const std::string& host = "localhost") {
        const auto made = test::make_certificate(folder_.path(), host, 30);
        ::setenv("SSL_CERT_FILE", made.certificate_file.c_str(), 1);
        return made;
    }
    policy::CheckOutcome check(const Monitor& monitor) {
        const auto function = find_check(monitor.type);
        if (!function) throw std::runtime_error("no type " + monitor.type);
        return test::run_task(loop_,
                              function(context_, monitor, Deadline::after(*clock_, Seconds{60})));
    }
    // Cancels the check once `started`, and returns what it says.
    policy::CheckOutcome cancel(const Monitor& monitor, const std::function<bool()>& started) {
        boost::asio::cancellation_signal signal;
        std::optional<policy::CheckOutcome> outcome;
        std::exception_ptr thrown;
        auto ended = [&](std::exception_ptr e, policy::CheckOutcome o) {
            thrown = e;
            outcome = std::move(o);
        };
        boost::asio::co_spawn(
            loop_,
            find_check(monitor.type)(context_, monitor, Deadline::after(*clock_, Seconds{60})),
            boost::asio::bind_cancellation_slot(signal.slot(), ended));
        EXPECT_TRUE(test::run_until(loop_, started));
        signal.emit(boost::asio::cancellation_type::terminal);
        EXPECT_TRUE(test::run_until(loop_, [&] { return outcome.has_value(); }));
        EXPECT_FALSE(thrown) << "a check never throws";
        return *outcome;
    }
    // The check ends at its limit of `monitor.timeout`; returns what it says.
    std::string timed_out(const Monitor& monitor) {
        const Instant start = clock_->now();
        const auto outcome = check(monitor);
        EXPECT_FALSE(outcome.ok);
        EXPECT_GE(clock_->now() - start, monitor.timeout);
        return outcome.msg;
    }

    boost::asio::io_context loop_;
    test::TempFolder folder_;
    std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
    Services services_{{}, loop_.get_executor(), clock_};
    const CheckContext context_ = services_.context();
};

}  // namespace higuma::checks
