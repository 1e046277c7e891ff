#include "engine/beat_writer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace higuma::engine {
namespace asio = boost::asio;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// The spool is written on the main loop: this much a second at most.
constexpr std::size_t kMaxSpoolStep = 20'000;

}  // namespace

BeatWriter::BeatWriter(BeatWriterConfig config, asio::any_io_executor executor,
                       std::shared_ptr<const Clock> clock, Write write, Hooks hooks)
    : config_(std::move(config)),
      clock_(std::move(clock)),
      write_(std::move(write)),
      hooks_(std::move(hooks)),
      queue_(config_.queue_limit),
      pace_(config_.flush_interval, config_.longest_flush_interval, {}),
      spool_(config_.spool_path),
      wake_(executor),
      ticker_(executor),
      empty_(executor),
      batch_limit_(config_.batch_size),
      retry_(config_.first_retry) {}

std::vector<Beat> BeatWriter::replay() {
    auto contents = spool_.open();
    if (!contents) {
        spdlog::error("unwritten beats cannot be kept on disk: {}", contents.error().message);
        return {};
    }
    if (contents->damaged > 0) {
        spdlog::warn("{} damaged lines of the beat spool are left out", contents->damaged);
    }
    for (const Beat& beat : contents->beats) {
        ++spool_pending_;
        if (auto dropped = queue_.push({beat, true})) drop(std::move(*dropped));
    }
    stats_.replayed = contents->beats.size();
    if (!contents->beats.empty()) {
        spdlog::info("{} beats wait in the spool to be written", contents->beats.size());
    }
    tick();
    return std::move(contents->beats);
}

void BeatWriter::start() {
    if (std::exchange(started_, true)) return;
    asio::co_spawn(
        wake_.get_executor(), [self = shared_from_this()] { return self->run(); }, asio::detached);
}

void BeatWriter::add(Beat beat) {
    if (queue_.empty()) queued_since_ = clock_->now();
    if (!beat.response.empty() && queue_.bytes() + beat.response.size() > config_.queue_bytes) {
        std::string().swap(beat.response);
        ++stats_.responses_dropped;
    }
    if (auto dropped = queue_.push({std::move(beat)})) drop(std::move(*dropped));
    if (queue_.size() == 1 || queue_.size() == config_.batch_size) {
        if (!backing_off_) wake_.cancel();
    }
}

Task<> BeatWriter::run() {
    const auto self = shared_from_this();
    while (!stopped_) {
        co_await wait_for_work();
        if (stopped_) break;
        if (co_await write_batch()) {
            retry_ = config_.first_retry;
        } else if (!stopped_) {
            backing_off_ = true;
            co_await sleep_until(clock_->now() + retry_);
            backing_off_ = false;
            retry_ = std::min(retry_ * 2, config_.last_retry);
        }
        if (!has_work()) empty_.cancel();
    }
    empty_.cancel();
}

Task<> BeatWriter::sleep_until(Instant at) {
    wake_.expires_after(std::max<Duration>(at - clock_->now(), Duration::zero()));
    co_await wake_.async_wait(kAwait);
}

Task<> BeatWriter::wait_for_work() {
    constexpr Seconds kForever{3'600};
    while (!stopped_) {
        if (!batch_.empty() || queue_.size() >= config_.batch_size) co_return;
        if (draining_ && !queue_.empty()) co_return;
        const Instant now = clock_->now();
        const Instant flush_at = queue_.empty() ? now + kForever : queued_since_ + pace_.interval();
        if (now >= flush_at) co_return;
        co_await sleep_until(flush_at);
    }
}

// Returns whether the database took the batch (stored or fenced).
Task<bool> BeatWriter::write_batch() {
    if (batch_.empty()) {
        queued_since_ = clock_->now();
        batch_ = queue_.take(batch_limit_, config_.batch_bytes);
        pace_.took(batch_.size(), queued_since_);
        attempts_ = 0;
    }
    auto beats = std::make_shared<std::vector<Beat>>();
    beats->reserve(batch_.size());
    for (const auto& queued : batch_) beats->push_back(queued.beat);
    ++attempts_;
    writing_since_ = clock_->now();
    Result<store::BeatWriteReport> report = Failure{};
    try {
        report = co_await write_(beats, Deadline::after(*clock_, config_.write_timeout));
    } catch (const std::exception& error) {
        report = Failure{ErrorKind::internal, error.what(), ""};
    }
    writing_since_.reset();
    if (stopped_) co_return false;  // the batch is in the spool
    if (!report) {
        after_failure(report.error());
        co_return false;
    }
    settle(*report);
    co_return true;
}

void BeatWriter::settle(const store::BeatWriteReport& report) {
    ++stats_.batches;
    stats_.statements += report.statements;
    // A whole batch went well; after a refused beat the size grows back.
    if (batch_limit_ == config_.batch_size && set_aside_ == 0) end_outage();
    batch_limit_ = std::min(batch_limit_ * 2, config_.batch_size);
    std::size_t index = 0, next = 0;
    bool any_fenced = false;
    const auto done = std::exchange(batch_, {});
    for (const auto& queued : done) {
        const bool now_stored = next < report.stored.size() && report.stored[next] == index;
        if (now_stored) ++next;
        ++index;
        // A try whose outcome was unknown may have stored it; then this one did not.
        const bool before = !now_stored && attempts_ > 1 && hooks_.is_current(queued.beat);
        if (now_stored || before) {
            ++stats_.stored;
            hooks_.on_stored(queued.beat);
        } else {
            ++stats_.fenced;
            any_fenced = true;
        }
        forget(queued);
    }
    if (spool_pending_ == 0) {
        if (auto cleared = spool_.clear(); !cleared) {
            spdlog::warn("the beat spool cannot be emptied: {}", cleared.error().message);
        }
    }
    if (report.incarnation_stale) hooks_.on_superseded();
    if (any_fenced) hooks_.on_fenced();
}

void BeatWriter::after_failure(const Failure& failure) {
    ++stats_.write_errors;
    if (!outage_since_) {
        outage_since_ = clock_->now();
        spdlog::warn("beats cannot be written now and are kept: {}", failure.message);
    }
    if (failure.kind == ErrorKind::internal || failure.kind == ErrorKind::invalid_input) {
        split_or_set_aside();
    }
}

// The database is there but refuses the batch: find the beat that it refuses, so that one cannot
// hold up all others. That one is tried again later, and dropped if the database took others
// meanwhile.
void BeatWriter::split_or_set_aside() {
    if (batch_.size() > 1) {
        batch_limit_ = batch_.size() / 2;
        queue_.put_back(std::exchange(batch_, {}));
        return;
    }
    QueuedBeat refused = std::move(batch_.front());
    batch_.clear();
    if (refused.refused_at && stats_.batches > *refused.refused_at) {
        spdlog::error("the database refuses a beat of monitor {}: it is dropped",
                      refused.beat.monitor.value);
        drop(std::move(refused));
        return;
    }
    if (!refused.refused_at) {
        refused.refused_at = stats_.batches;
        ++set_aside_;
    }
    if (auto dropped = queue_.push(std::move(refused))) drop(std::move(*dropped));
}

void BeatWriter::end_outage() {
    if (!outage_since_) return;
    const auto span = std::chrono::duration_cast<Millis>(clock_->now() - *outage_since_);
    outage_since_.reset();
    spdlog::info("beats are written again after {} ms; {} waited", span.count(),
                 queue_.size() + batch_.size());
}

void BeatWriter::drop(QueuedBeat beat) {
    ++stats_.dropped;
    forget(beat);
}

void BeatWriter::forget(const QueuedBeat& beat) {
    if (beat.refused_at) --set_aside_;
    if (beat.spooled && spool_pending_ > 0) --spool_pending_;
}

// Each second: what has been unwritten for so long must outlive this process.
void BeatWriter::tick() {
    if (stopped_) return;
    const Instant now = clock_->now();
    const bool slow = writing_since_ && now - *writing_since_ >= config_.spool_interval;
    if (outage_since_ || slow || (!started_ && has_work())) spool_unwritten(false);
    ticker_.expires_after(config_.spool_interval);
    ticker_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self) self->tick();
    });
}

void BeatWriter::spool_unwritten(bool durable) {
    if (!spool_.enabled()) return;
    std::string lines;
    std::vector<QueuedBeat*> taken;
    bool full = false;
    for (auto* list : {&batch_, &queue_.all()}) {
        for (auto& queued : *list) {
            if (queued.spooled) continue;
            if (!durable && taken.size() >= kMaxSpoolStep) break;
            std::string line = to_spool_line(queued.beat);
            full = full || !spool_.has_room(lines.size() + line.size());
            if (full) {
                ++stats_.spool_refused;
                continue;
            }
            lines += line;
            taken.push_back(&queued);
        }
    }
    if (lines.empty() && !full) return;
    const auto kept = spool_.append(lines, durable);
    if (kept) {
        for (auto* queued : taken) queued->spooled = true;
        spool_pending_ += taken.size();
        stats_.spooled += taken.size();
    }
    if ((!kept || full) && !std::exchange(spool_complained_, true)) {
        spdlog::error("unwritten beats do not fit on disk: {}",
                      kept ? "the spool is full" : kept.error().message);
    }
}

Task<> BeatWriter::drain(Deadline deadline) {
    const auto self = shared_from_this();
    draining_ = true;
    wake_.cancel();
    if (started_ && has_work()) {
        empty_.expires_after(deadline.remaining(clock_->now()));
        co_await empty_.async_wait(kAwait);
    }
    stop();
}

void BeatWriter::stop() {
    if (std::exchange(stopped_, true)) return;
    wake_.cancel();
    ticker_.cancel();
    const std::size_t unwritten = batch_.size() + queue_.size();
    if (unwritten == 0) return;
    spool_unwritten(true);
    spdlog::warn("{} beats are unwritten, {} of them wait in the spool", unwritten, spool_pending_);
}

BeatWriterStats BeatWriter::stats() const {
    BeatWriterStats stats = stats_;
    stats.queued = queue_.size() + batch_.size();
    stats.flush_interval = pace_.interval();
    return stats;
}

}  // namespace higuma::engine
