#include "cluster/domain_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "checks/http_request.hpp"
#include "net/public_suffix.hpp"
#include "net/rdap.hpp"
#include "store/cluster.hpp"

namespace higuma::cluster {

namespace {

constexpr Millis kSlice{500};
constexpr Millis kJobTimeout{30'000};
constexpr Seconds kLookUpTimeout{10};
constexpr std::chrono::hours kDay{24};
constexpr std::chrono::hours kTryAgain{1};  // after a look-up that failed
constexpr std::size_t kMostAtOnce = 500;
constexpr const char* kLease = "domain-expiry";

// Types that Uptime Kuma looks up by their url; the others by their host name.
constexpr std::string_view kByUrl[] = {"http",         "keyword",           "json-query",
                                       "real-browser", "websocket-upgrade", "grpc-keyword"};

std::string host_of(const store::WatchedHost& host) {
    const bool by_url =
        std::find(std::begin(kByUrl), std::end(kByUrl), host.type) != std::end(kByUrl);
    return by_url ? checks::host_of(host.url) : host.hostname;
}

Result<std::vector<std::string>> due_if_it_is_my_turn(store::Connection& db,
                                                      const DomainWatchConfig& config,
                                                      WallTime now) {
    const auto lease = store::acquire_lease(db, kLease, config.self.value, config.interval * 2);
    if (!lease) return lease.error();
    if (!lease->mine) return std::vector<std::string>{};
    const auto hosts = store::hosts_with_domain_expiry(db);
    if (!hosts) return hosts.error();
    if (hosts->empty()) return std::vector<std::string>{};
    const auto known = store::list_domains(db);
    if (!known) return known.error();
    return domains_due(*hosts, *known, now, kMostAtOnce);
}

struct Watch {
    DomainWatchConfig config;
    std::shared_ptr<const Clock> clock;
    store::Database& db;
    net::RdapClient rdap;

    Task<> look_up(std::string domain) {
        const auto expiry = co_await rdap.expiry(domain, Deadline::after(*clock, kLookUpTimeout));
        WallTime checked = clock->wall_now();
        if (!expiry) {
            spdlog::log(expiry.error().kind == ErrorKind::not_found ? spdlog::level::debug
                                                                    : spdlog::level::warn,
                        "expiry of {} not found: {}", domain, expiry.error().message);
            if (expiry.error().kind != ErrorKind::not_found) checked -= kDay - kTryAgain;
        }
        const std::optional<WallTime> found = expiry ? *expiry : std::nullopt;
        auto job = [domain, found, checked](store::Connection& c) {
            return store::save_domain(c, domain, found, checked);
        };
        const auto saved = co_await db.run(Deadline::after(*clock, kJobTimeout), std::move(job));
        if (!saved) spdlog::warn("expiry of {} not stored: {}", domain, saved.error().message);
    }
};

}  // namespace

std::vector<std::string> domains_due(const std::vector<store::WatchedHost>& hosts,
                                     const std::vector<store::DomainRow>& known, WallTime now,
                                     std::size_t most) {
    std::map<std::string, WallTime> last;  // look-up; the epoch: never
    for (const auto& host : hosts) {
        if (const auto domain = net::registered_domain(host_of(host))) last[*domain] = WallTime{};
    }
    for (const auto& row : known) {
        const auto found = last.find(row.domain);
        if (found != last.end() && row.last_check) found->second = *row.last_check;
    }
    std::vector<std::pair<WallTime, std::string>> order;
    for (const auto& [domain, checked] : last) {
        if (checked <= now - kDay) order.emplace_back(checked, domain);
    }
    std::sort(order.begin(), order.end());
    std::vector<std::string> due;
    for (const auto& [checked, domain] : order) {
        if (due.size() < most) due.push_back(domain);
    }
    return due;
}

Task<> watch_domains(DomainWatchConfig config, boost::asio::any_io_executor executor,
                     std::shared_ptr<const Clock> clock, store::Database& db, net::HttpClient& http,
                     std::stop_token stop) {
    if (config.directory_url.empty()) co_return;
    Watch watch{config, clock, db, {http, clock, config.directory_url}};
    boost::asio::steady_timer timer(executor);
    std::vector<std::string> due;
    Instant next = clock->now() + std::min<Millis>(config.interval, Millis{10'000});
    while (!stop.stop_requested()) {
        if (!due.empty()) {
            const std::string domain = due.front();
            due.erase(due.begin());
            co_await watch.look_up(domain);
        } else if (clock->now() >= next) {
            next = clock->now() + config.interval;
            auto job = [config, now = clock->wall_now()](store::Connection& c) {
                return due_if_it_is_my_turn(c, config, now);
            };
            auto found = co_await db.run(Deadline::after(*clock, kJobTimeout), std::move(job));
            if (found) {
                due = std::move(*found);
            } else {
                spdlog::warn("expiry of domains not looked up: {}", found.error().message);
            }
        }
        timer.expires_after(due.empty() ? std::min(kSlice, config.interval) : config.pause);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
}

}  // namespace higuma::cluster
