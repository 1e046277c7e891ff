#include "api/live_beats.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace higuma::api {

namespace asio = boost::asio;

namespace {

struct BarsRead {
    std::vector<store::StoredBeat> beats;
    std::vector<std::pair<MonitorId, WallTime>> since;
};

Result<BarsRead> read_bars(store::Connection& db, const std::vector<MonitorId>& ids, int beats) {
    auto recent = store::recent_beats(db, ids, beats);
    if (!recent) return recent.error();
    auto since = store::status_since(db, ids);
    if (!since) return since.error();
    return BarsRead{std::move(*recent), std::move(*since)};
}

}  // namespace

LiveBeats::LiveBeats(asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                     store::Database& db, LiveBeatsLimits limits)
    : executor_(executor), clock_(clock), db_(db), limits_(limits), done_(executor, clock) {}

void LiveBeats::stop() {
    stopped_ = true;
    done_.open();
}

std::vector<LiveWanted> LiveBeats::missing(const std::vector<LiveWanted>& wanted) {
    const auto now = clock_->now();
    std::vector<LiveWanted> out;
    for (const auto& one : wanted) {
        if (one.newest == 0) continue;
        auto& entry = entries_[one.id];
        entry.used_at = now;
        const bool fresh = entry.newest == one.newest && now - entry.read_at < limits_.keep;
        if (!fresh) out.push_back(one);
    }
    return out;
}

Task<> LiveBeats::fetch(std::vector<LiveWanted> wanted, Deadline deadline) {
    const auto now = clock_->now();
    const auto patience = std::min(deadline.at, now + Duration(limits_.patience));
    while (!stopped_ && clock_->now() < patience) {
        auto needed = missing(wanted);
        if (needed.empty()) co_return;
        if (!reading_) {
            reading_ = true;
            asio::co_spawn(executor_, read(std::move(needed)), asio::detached);
        }
        co_await done_.wait(Deadline{patience});
        if (failed_) co_return;  // the page shows what is known
    }
}

Task<> LiveBeats::read(std::vector<LiveWanted> wanted) {
    const auto self = shared_from_this();
    std::vector<MonitorId> ids;
    for (const auto& one : wanted) ids.push_back(one.id);
    const auto beats = limits_.beats;
    const auto job = [ids, beats](store::Connection& db) { return read_bars(db, ids, beats); };
    ++reads_;
    try {
        auto bars = co_await db_.run(Deadline::after(*clock_, limits_.read_deadline), job);
        failed_ = !bars;
        if (bars) {
            const auto now = clock_->now();
            for (const auto& one : wanted) {
                entries_[one.id] = {{}, one.newest, now, now};
            }
            for (auto& beat : bars->beats) {
                const auto at = entries_.find(beat.beat.monitor);
                if (at != entries_.end()) at->second.bars.beats.push_back(std::move(beat));
            }
            for (const auto& [id, time] : bars->since) {
                const auto at = entries_.find(id);
                if (at != entries_.end()) at->second.bars.since = time;
            }
        }
    } catch (const std::exception& error) {
        failed_ = true;
        spdlog::error("live view: {}", error.what());
    }
    make_room();
    reading_ = false;
    done_.open();
}

// Those that nobody has looked at for longest go first.
void LiveBeats::make_room() {
    if (entries_.size() <= limits_.monitors) return;
    std::vector<std::pair<Instant, MonitorId>> by_use;
    for (const auto& [id, entry] : entries_) by_use.emplace_back(entry.used_at, id);
    const auto excess = static_cast<std::ptrdiff_t>(entries_.size() - limits_.monitors);
    std::nth_element(by_use.begin(), by_use.begin() + excess, by_use.end());
    for (auto at = by_use.begin(); at != by_use.begin() + excess; ++at) entries_.erase(at->second);
}

const LiveBars* LiveBeats::find(MonitorId id) const {
    const auto at = entries_.find(id);
    return at == entries_.end() ? nullptr : &at->second.bars;
}

}  // namespace higuma::api
