#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "contract/checks/checks_fixture.hpp"

namespace higuma::checks {
namespace {

// Takes connections and says nothing, as a target behind a filter does.
class SilentServer {
  public:
    explicit SilentServer(asio::io_context& loop)
        : acceptor_(loop, {asio::ip::address_v4::loopback(), 0}) {
        accept();
    }
    int port() const { return acceptor_.local_endpoint().port(); }
    std::size_t taken() const { return taken_.size(); }

  private:
    void accept() {
        acceptor_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket peer) {
            if (error) return;
            taken_.push_back(std::move(peer));
            accept();
        });
    }
    asio::ip::tcp::acceptor acceptor_;
    std::vector<asio::ip::tcp::socket> taken_;
};

// The engine bounds the checks under way; behind it nothing may wait for a place, or the time of a
// check that is well would run out in a queue.
TEST_F(ChecksTest, AThousandTargetsThatHangHoldUpNoOther) {
    constexpr std::size_t kHung = 1'000;
    SilentServer silent(loop_);
    std::size_t ended = 0;
    auto hung = http_monitor("http://127.0.0.1:" + std::to_string(silent.port()) + "/");
    hung.timeout = Millis{60'000};
    const auto take = [&](std::exception_ptr, CheckOutcome) { ++ended; };
    for (std::size_t i = 0; i < kHung; ++i) {
        asio::co_spawn(
            loop_, find_check("http")(context_, hung, Deadline::after(*clock_, Seconds{60})), take);
    }
    ASSERT_TRUE(test::run_until(loop_, [&] { return silent.taken() == kHung; }));
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{}; });
    auto quick = http_monitor(server.url());
    quick.timeout = Millis{20'000};
    const auto outcome = check(quick);
    EXPECT_TRUE(outcome.ok) << outcome.msg;
    EXPECT_EQ(ended, 0u);
}

}  // namespace
}  // namespace higuma::checks
