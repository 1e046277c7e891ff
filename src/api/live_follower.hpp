// Keeps the live page's index in step with the database while somebody looks: loaded once in
// chunks, then followed by what is new, at most one read a second. Forgets everything after a
// minute without a look.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <vector>

#include "api/live_index.hpp"
#include "base/task.hpp"
#include "cluster/async.hpp"
#include "store/live.hpp"

namespace higuma::api {

struct LiveFollowLimits {
    Millis period{1'000};         // between the starts of two reads
    Millis patience{700};         // that a look waits for a read under way
    Millis read_deadline{4'000};  // of one read
    Millis idle{60'000};          // without a look: forget
    Millis overlap{3'000};     // beats of that long ago are read again: ids are not in commit order
    int overlap_rows = 5'000;  // at most that many of them
    int load_chunk = 2'000;    // monitors in one read while loading
    int sweep_chunk = 500;     // monitors read again in each turn, whatever has changed them
    int change_rows = 5'000;   // changed, and deleted, monitors in one read
    int beat_rows = 20'000;    // new beats in one read
    int feed_rows = 50;        // events, and changes of state
    std::size_t apply_slice = 500;  // changes applied before other work of the loop gets a turn
};

struct LiveFollowStats {
    std::uint64_t reads = 0, failed = 0, loads = 0, forgotten = 0;
};

class LiveFollower : public std::enable_shared_from_this<LiveFollower> {
  public:
    LiveFollower(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                 store::Database& db, LiveFollowLimits limits);

    // Notes that somebody looks; starts a read if one is due and waits for it with some patience.
    Task<> look(Deadline deadline);
    void stop();  // before the database goes: nothing is started any more

    // None while nothing is loaded. Changes at every suspension: look rows up again after one.
    std::shared_ptr<const LiveIndex> index() const { return index_; }
    const std::vector<store::ClusterEvent>& events() const { return events_; }
    const std::vector<store::LiveChange>& changes() const { return changes_; }
    // The last read did not reach the database; why.
    const std::string& trouble() const { return trouble_; }
    LiveFollowStats stats() const { return stats_; }

  private:
    struct Delta;
    struct Position {
        store::LiveCursor changed, deleted;
        MonitorId swept;
        std::int64_t beat_id = 0;     // the highest seen
        std::int64_t settled_id = 0;  // all beats up to here were committed for long
    };
    Task<> refresh();
    Task<Result<void>> load();
    Task<Result<void>> follow();
    Task<> apply(std::shared_ptr<Delta> delta);
    Task<> forget_when_idle();
    void note_outcome(const Result<void>& done);
    void note_beat_id(std::int64_t id);
    static Result<Delta> read(store::Connection& db, Position from, LiveFollowLimits limits);

    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Clock> clock_;
    store::Database& db_;
    LiveFollowLimits limits_;
    cluster::Gate refreshed_;
    cluster::Wake idle_;
    std::shared_ptr<LiveIndex> index_;
    Position position_;
    std::vector<std::pair<Instant, std::int64_t>> beat_marks_;  // highest id by time, oldest first
    std::vector<store::ClusterEvent> events_;
    std::vector<store::LiveChange> changes_;
    std::string trouble_;
    LiveFollowStats stats_;
    std::optional<Instant> last_start_;
    Instant last_look_{};
    int slow_reads_ = 0;
    bool running_ = false, watching_ = false, stopped_ = false;
};

}  // namespace higuma::api
