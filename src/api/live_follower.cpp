#include "api/live_follower.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <utility>

namespace higuma::api {

namespace asio = boost::asio;

struct LiveFollower::Delta {
    std::vector<store::LiveBeat> beats;
    store::LiveChangedMonitors changed;
    store::LiveDeletedMonitors deleted;
    std::vector<store::LiveMonitor> swept;
    bool swept_all = false;  // there are no monitors behind `swept`
    std::vector<store::ClusterEvent> events;
    std::vector<store::LiveChange> changes;
};

LiveFollower::LiveFollower(asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                           store::Database& db, LiveFollowLimits limits)
    : executor_(executor),
      clock_(clock),
      db_(db),
      limits_(limits),
      refreshed_(executor, clock),
      idle_(executor, clock) {}

void LiveFollower::stop() {
    stopped_ = true;
    idle_.notify();
    refreshed_.open();
}

Task<> LiveFollower::look(Deadline deadline) {
    const auto now = clock_->now();
    last_look_ = now;
    if (stopped_) co_return;
    if (!watching_) {
        watching_ = true;
        asio::co_spawn(executor_, forget_when_idle(), asio::detached);
    }
    if (!running_ && (!last_start_ || now - *last_start_ >= limits_.period)) {
        running_ = true;
        last_start_ = now;
        asio::co_spawn(executor_, refresh(), asio::detached);
    }
    // With the database away there is nothing to wait for: what is known is shown at once.
    if (!running_ || !trouble_.empty()) co_return;
    const auto patience = std::min(deadline.at, now + Duration(limits_.patience));
    while (running_ && !stopped_ && clock_->now() < patience) {
        co_await refreshed_.wait(Deadline{patience});
    }
}

Task<> LiveFollower::refresh() {
    const auto self = shared_from_this();
    Result<void> done;
    try {
        // Not as one conditional expression: GCC 12 destroys its result twice.
        if (index_) {
            done = co_await follow();
        } else {
            done = co_await load();
        }
    } catch (const std::exception& error) {
        done = Failure{ErrorKind::internal, error.what(), ""};
        spdlog::error("live view: {}", error.what());
    }
    ++stats_.reads;
    if (!done) ++stats_.failed;
    note_outcome(done);
    running_ = false;
    refreshed_.open();
}

// A full queue or one slow read is not a database that is away.
void LiveFollower::note_outcome(const Result<void>& done) {
    const auto kind = done ? ErrorKind::internal : done.error().kind;
    slow_reads_ = !done && kind == ErrorKind::timeout ? slow_reads_ + 1 : 0;
    if (done || kind == ErrorKind::overloaded || slow_reads_ == 1) {
        trouble_.clear();
    } else {
        trouble_ = done.error().message;
    }
}

// The index is built on the database's thread: nobody else knows it until it is complete.
Task<Result<void>> LiveFollower::load() {
    auto fresh = std::make_shared<LiveIndex>();
    const auto limits = limits_;
    const auto read_start = [](store::Connection& db) { return store::live_start(db); };
    auto start = co_await db_.run(Deadline::after(*clock_, limits.read_deadline), read_start);
    if (!start) co_return start.error();
    MonitorId after;
    for (bool more = true; more && !stopped_;) {
        const auto read_chunk = [fresh, after, limits](store::Connection& db) -> Result<MonitorId> {
            auto rows = store::live_monitors_after(db, after, limits.load_chunk);
            if (!rows) return rows.error();
            const bool full = rows->size() == static_cast<std::size_t>(limits.load_chunk);
            const auto last = full ? rows->back().id : MonitorId{0};
            for (auto& row : *rows) fresh->put(std::move(row));
            return last;
        };
        auto last = co_await db_.run(Deadline::after(*clock_, limits.read_deadline), read_chunk);
        if (!last) co_return last.error();
        after = *last;
        more = after.value != 0;
    }
    if (stopped_) co_return Failure{ErrorKind::unavailable, "stopping", ""};
    ++stats_.loads;
    index_ = std::move(fresh);
    position_ = {start->changes, start->changes, {}, start->beat_id, start->beat_id};
    beat_marks_.clear();
    co_return co_await follow();
}

Result<LiveFollower::Delta> LiveFollower::read(store::Connection& db, Position from,
                                               LiveFollowLimits limits) {
    Delta delta;
    const auto first_beat = std::max(from.settled_id, from.beat_id - limits.overlap_rows);
    auto beats = store::live_beats_after(db, first_beat, limits.beat_rows);
    if (!beats) return beats.error();
    auto changed = store::live_monitors_changed(db, from.changed, limits.change_rows);
    if (!changed) return changed.error();
    auto deleted = store::live_monitors_deleted(db, from.deleted, limits.change_rows);
    if (!deleted) return deleted.error();
    auto swept = store::live_monitors_after(db, from.swept, limits.sweep_chunk);
    if (!swept) return swept.error();
    auto events = store::newest_events(db, limits.feed_rows);
    if (!events) return events.error();
    auto changes = store::newest_changes(db, limits.feed_rows);
    if (!changes) return changes.error();
    delta.swept_all = swept->size() < static_cast<std::size_t>(limits.sweep_chunk);
    delta.beats = std::move(*beats);
    delta.changed = std::move(*changed);
    delta.deleted = std::move(*deleted);
    delta.swept = std::move(*swept);
    delta.events = std::move(*events);
    delta.changes = std::move(*changes);
    return delta;
}

Task<Result<void>> LiveFollower::follow() {
    const auto from = position_;
    const auto limits = limits_;
    const auto job = [from, limits](store::Connection& db) { return read(db, from, limits); };
    auto delta = co_await db_.run(Deadline::after(*clock_, limits.read_deadline), job);
    if (!delta) co_return delta.error();
    if (index_) co_await apply(std::make_shared<Delta>(std::move(*delta)));
    const Result<void> done;
    co_return done;
}

// Deleted last among the changes: a monitor's last change may be read together with its end.
Task<> LiveFollower::apply(std::shared_ptr<Delta> delta) {
    const auto index = index_;
    std::size_t in_slice = 0;
    const auto slice_full = [&] { return ++in_slice % limits_.apply_slice == 0; };
    for (auto& monitor : delta->changed.changed) {
        index->put(std::move(monitor));
        if (slice_full()) co_await asio::post(executor_, asio::use_awaitable);
    }
    for (const auto& beat : delta->beats) {
        index->beat(beat);
        if (slice_full()) co_await asio::post(executor_, asio::use_awaitable);
    }
    for (const auto id : delta->deleted.deleted) {
        index->remove(id);
        if (slice_full()) co_await asio::post(executor_, asio::use_awaitable);
    }
    const auto last = delta->swept_all ? MonitorId{std::numeric_limits<std::int64_t>::max()}
                                       : delta->swept.back().id;
    index->replace_range(position_.swept, last, std::move(delta->swept));
    position_.swept = delta->swept_all ? MonitorId{0} : last;
    position_.changed = delta->changed.upto;
    position_.deleted = delta->deleted.upto;
    note_beat_id(delta->beats.empty() ? position_.beat_id : delta->beats.back().id);
    events_ = std::move(delta->events);
    changes_ = std::move(delta->changes);
}

void LiveFollower::note_beat_id(std::int64_t id) {
    const auto now = clock_->now();
    position_.beat_id = std::max(position_.beat_id, id);
    beat_marks_.emplace_back(now, position_.beat_id);
    while (!beat_marks_.empty() && now - beat_marks_.front().first >= limits_.overlap) {
        position_.settled_id = beat_marks_.front().second;
        beat_marks_.erase(beat_marks_.begin());
    }
}

Task<> LiveFollower::forget_when_idle() {
    const auto self = shared_from_this();
    while (!stopped_) {
        const auto until = last_look_ + Duration(limits_.idle);
        co_await idle_.wait_until(until);
        if (stopped_) break;
        if (running_ || clock_->now() < last_look_ + Duration(limits_.idle)) {
            if (running_) co_await refreshed_.wait(Deadline::after(*clock_, limits_.read_deadline));
            continue;
        }
        watching_ = false;
        const auto forgotten = std::exchange(index_, nullptr);
        events_.clear();
        changes_.clear();
        last_start_.reset();
        ++stats_.forgotten;
        while (!stopped_ && forgotten && forgotten->drop(limits_.apply_slice)) {
            co_await asio::post(executor_, asio::use_awaitable);
        }
        co_return;
    }
    watching_ = false;
}

}  // namespace higuma::api
