#include "cluster/janitor.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "store/beats.hpp"
#include "store/cluster.hpp"
#include "store/users.hpp"

namespace higuma::cluster {

namespace {

constexpr Millis kSlice{500};
constexpr Millis kJobTimeout{300'000};
constexpr const char* kLease = "janitor";

Result<std::uint64_t> clean_if_it_is_my_turn(store::Connection& db, const JanitorConfig& config,
                                             std::stop_token stop) {
    const auto lease = store::acquire_lease(db, kLease, config.self.value, config.interval * 2);
    if (!lease) return lease.error();
    if (!lease->mine) return std::uint64_t{0};
    const auto setting = store::get_setting(db, "keepDataPeriodDays");
    if (!setting) return setting.error();
    const int days = keep_days_from(*setting, config.keep_days);
    return store::trim_history(db, days, config.step_rows, std::move(stop));
}

}  // namespace

int keep_days_from(const std::optional<std::string>& setting, int otherwise) {
    if (!setting) return otherwise;
    std::string_view text = *setting;
    if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
    int days = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), days);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
    return whole && days >= 0 ? days : otherwise;
}

Task<> run_janitor(JanitorConfig config, boost::asio::any_io_executor executor,
                   std::shared_ptr<const Clock> clock, store::Database& db, std::stop_token stop) {
    boost::asio::steady_timer timer(executor);
    auto next = clock->now() + config.interval;
    while (!stop.stop_requested()) {
        timer.expires_after(kSlice);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (stop.stop_requested() || clock->now() < next) continue;
        next = clock->now() + config.interval;
        auto job = [config, stop](store::Connection& c) {
            return clean_if_it_is_my_turn(c, config, stop);
        };
        const auto deleted = co_await db.run(Deadline::after(*clock, kJobTimeout), std::move(job));
        if (!deleted) {
            spdlog::warn("old history not removed, tried again later: {}", deleted.error().message);
        } else if (*deleted > 0) {
            spdlog::info("removed {} old rows of history", *deleted);
        }
    }
}

}  // namespace higuma::cluster
