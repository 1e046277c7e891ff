#include "cluster/proxy_reader.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "store/proxies.hpp"

namespace higuma::cluster {

namespace {

constexpr Millis kSlice{500};
constexpr Millis kInterval{2'000};
constexpr Millis kCallTimeout{5'000};

}  // namespace

Task<> keep_proxies(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                    store::Database& db, checks::ProxyBook& book, std::stop_token stop) {
    boost::asio::steady_timer timer(executor);
    Instant next = clock->now();
    bool said = false;
    while (!stop.stop_requested()) {
        if (clock->now() >= next) {
            next = clock->now() + kInterval;
            auto job = [](store::Connection& c) { return store::list_proxies(c); };
            const auto proxies =
                co_await db.run(Deadline::after(*clock, kCallTimeout), std::move(job));
            if (stop.stop_requested()) co_return;
            if (proxies) {
                book.replace(*proxies);
            } else if (!said) {
                spdlog::warn("proxies not read: {}", proxies.error().message);
            }
            said = !proxies;
        }
        timer.expires_after(kSlice);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
}

}  // namespace higuma::cluster
