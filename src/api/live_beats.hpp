// The last beats of the monitors on the pages that are looked at: read when a monitor has a new
// beat, and shared by all browsers.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/live_index.hpp"
#include "base/task.hpp"
#include "cluster/async.hpp"
#include "store/monitors.hpp"

namespace higuma::api {

struct LiveBeatsLimits {
    int beats = 30;                // for each monitor
    std::size_t monitors = 2'000;  // remembered at most
    Millis keep{20'000};           // read again after that, new beat or not
    Millis read_deadline{3'000};
    Millis patience{700};  // that a page waits for its beats
};

struct LiveBars {
    std::vector<store::StoredBeat> beats;  // oldest first
    std::optional<WallTime> since;         // of the present status
};

// A monitor on a page, and its newest beat as the index knows it.
struct LiveWanted {
    MonitorId id;
    std::int64_t newest = 0;
};

class LiveBeats : public std::enable_shared_from_this<LiveBeats> {
  public:
    LiveBeats(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
              store::Database& db, LiveBeatsLimits limits);

    // Reads what is not known yet; one read at a time however many ask.
    Task<> fetch(std::vector<LiveWanted> wanted, Deadline deadline);
    // What is known, or none. Valid until the next suspension.
    const LiveBars* find(MonitorId id) const;
    void forget() { entries_.clear(); }
    void stop();
    std::uint64_t reads() const { return reads_; }

  private:
    struct Entry {
        LiveBars bars;
        std::int64_t newest = 0;
        Instant read_at{};
        Instant used_at{};
    };
    std::vector<LiveWanted> missing(const std::vector<LiveWanted>& wanted);
    Task<> read(std::vector<LiveWanted> wanted);
    void make_room();

    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Clock> clock_;
    store::Database& db_;
    LiveBeatsLimits limits_;
    cluster::Gate done_;
    std::map<MonitorId, Entry> entries_;
    std::uint64_t reads_ = 0;
    bool reading_ = false, failed_ = false, stopped_ = false;
};

}  // namespace higuma::api
