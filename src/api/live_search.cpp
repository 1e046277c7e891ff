#include "api/live_search.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace higuma::api {

namespace asio = boost::asio;

LiveSearch::LiveSearch(asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                       LiveSearchLimits limits)
    : executor_(std::move(executor)), clock_(std::move(clock)), limits_(limits) {}

Task<Result<LiveFound>> LiveSearch::find(std::shared_ptr<const LiveIndex> index, LiveFilter filter,
                                         Deadline deadline) {
    const auto known = entries_.find(filter);
    if (known != entries_.end() && known->second.found) {
        const auto& entry = known->second;
        const bool fresh = clock_->now() - entry.at < limits_.keep;
        if (fresh || entry.walking) co_return entry.found;
    }
    if (known == entries_.end() && !make_room()) {
        co_return Failure{ErrorKind::overloaded, "too many different searches at once", "search"};
    }
    entries_[filter].walking = true;
    auto found = std::make_shared<std::vector<MonitorId>>();
    LiveWalk at;
    while (!at.done && !deadline.passed(clock_->now())) {
        index->walk(filter, at, limits_.slice, *found);
        co_await asio::post(executor_, asio::use_awaitable);
    }
    auto& entry = entries_[filter];
    entry.walking = false;
    if (!at.done) co_return Failure{ErrorKind::timeout, "the search took too long", "search"};
    entry.found = found;
    entry.at = clock_->now();
    co_return entry.found;
}

// The oldest that nobody is working on goes; false when all are being worked on.
bool LiveSearch::make_room() {
    if (entries_.size() < limits_.searches) return true;
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        if (at->second.walking) continue;
        if (oldest == entries_.end() || at->second.at < oldest->second.at) oldest = at;
    }
    if (oldest == entries_.end()) return false;
    entries_.erase(oldest);
    return true;
}

}  // namespace higuma::api
