// Brings beats to the database in batches, one write at a time, in order. A database that is away
// is waited for: nothing is given up but what the bounded queue cannot hold, and a spool file
// outlives us.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "engine/beat_queue.hpp"
#include "engine/flush_pace.hpp"
#include "engine/spool.hpp"
#include "store/beats.hpp"

namespace higuma::engine {

struct BeatWriterConfig {
    std::size_t queue_limit = 200'000;
    std::size_t batch_size = 1'000;
    std::size_t batch_bytes = 2 << 20;  // of its texts
    std::size_t queue_bytes =
        64 << 20;  // of texts; beyond it beats lose what they saved of answers
    // Beats gather for the first while few come, for the second while many do.
    Millis flush_interval{100}, longest_flush_interval{500};
    Millis write_timeout{10'000};  // for a free database thread; the store limits the rest
    Millis first_retry{100}, last_retry{5'000};
    Millis spool_interval{1'000};
    std::string spool_path;
};

struct BeatWriterStats {
    std::size_t queued = 0;
    std::uint64_t stored = 0, fenced = 0, dropped = 0, write_errors = 0;
    std::uint64_t spooled = 0, replayed = 0, spool_refused = 0;
    std::uint64_t statements = 0, batches = 0;  // of batches that were written
    std::uint64_t responses_dropped = 0;        // the queue had no room for them
    Millis flush_interval{};                    // now
};

class BeatWriter : public std::enable_shared_from_this<BeatWriter> {
  public:
    using Batch = std::shared_ptr<const std::vector<Beat>>;
    // Writes the batch; repeating one whose outcome is uncertain must store nothing twice.
    using Write = std::function<Task<Result<store::BeatWriteReport>>(Batch, Deadline)>;
    struct Hooks {
        std::function<void(const Beat&)> on_stored;
        std::function<void()> on_fenced;
        std::function<void()> on_superseded;
        // Whether the monitor still runs here under the beat's epoch.
        std::function<bool(const Beat&)> is_current;
    };

    BeatWriter(BeatWriterConfig config, boost::asio::any_io_executor executor,
               std::shared_ptr<const Clock> clock, Write write, Hooks hooks);

    // Takes up what an earlier process left in the spool, which is returned, and accepts beats.
    std::vector<Beat> replay();
    // Begins to write: the database knows who we are.
    void start();
    void add(Beat beat);
    // Writes what is queued; what is left at the deadline goes to the spool. Nothing is written
    // after.
    Task<> drain(Deadline deadline);
    // Ends at once: what is unwritten goes to the spool.
    void stop();
    BeatWriterStats stats() const;

  private:
    Task<> run();
    Task<> wait_for_work();
    Task<> sleep_until(Instant at);
    Task<bool> write_batch();
    void settle(const store::BeatWriteReport& report);
    void after_failure(const Failure& failure);
    void split_or_set_aside();
    void end_outage();
    void drop(QueuedBeat beat);
    void forget(const QueuedBeat& beat);
    void tick();
    void spool_unwritten(bool durable);
    bool has_work() const { return !batch_.empty() || !queue_.empty(); }

    BeatWriterConfig config_;
    std::shared_ptr<const Clock> clock_;
    Write write_;
    Hooks hooks_;
    BeatQueue queue_;
    FlushPace pace_;
    BeatQueue::Batch batch_;  // being written; kept until its outcome is known
    Spool spool_;
    boost::asio::steady_timer wake_, ticker_, empty_;
    bool started_ = false, draining_ = false, stopped_ = false;
    bool backing_off_ = false;     // after a failure: new beats are no reason to try at once
    std::size_t set_aside_ = 0;    // beats in the queue that the database refused
    int attempts_ = 0;             // of this batch
    std::size_t batch_limit_ = 0;  // smaller while looking for a beat that the database refuses
    Millis retry_{};
    std::optional<Instant> outage_since_;   // failed writes
    std::optional<Instant> writing_since_;  // a write is under way
    Instant queued_since_{};
    std::size_t spool_pending_ = 0;  // unwritten beats that are in the file
    bool spool_complained_ = false;
    BeatWriterStats stats_;
};

}  // namespace higuma::engine
