// Every monitor's present state in memory, in the order in which the live page shows them: problems
// first, then by name. Each change costs a search and a short move, so that 100,000 monitors stay
// cheap. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/live.hpp"

namespace higuma::api {

// In the order of the page.
enum class LiveStatus : std::uint8_t { down, pending, unknown, maintenance, up, paused };
inline constexpr std::size_t kLiveStatuses = 6;
std::string_view to_string(LiveStatus status);
std::optional<LiveStatus> live_status_from(std::string_view text);

struct LiveRow {
    store::LiveMonitor monitor;  // `last` is its newest beat by time
    LiveStatus status = LiveStatus::unknown;
    std::string key;  // lower-case name, then target: to sort and to search by
};

// Rows sorted by key and id, in short blocks.
class LiveOrder {
  public:
    void insert(const LiveRow* row);
    void erase(const LiveRow* row);
    std::size_t size() const { return size_; }
    // Appends at most `count` rows from `offset` on.
    void slice(std::size_t offset, std::size_t count, std::vector<const LiveRow*>& out) const;
    // Appends at most `count` rows behind (key, id).
    void after(std::string_view key, MonitorId id, std::size_t count,
               std::vector<const LiveRow*>& out) const;

  private:
    using Block = std::vector<const LiveRow*>;
    std::size_t block_of(std::string_view key, MonitorId id) const;
    std::vector<Block> blocks_;
    std::size_t size_ = 0;
};

struct LiveFilter {
    std::optional<LiveStatus> status;
    std::string node;
    std::string search;  // lower case
    bool everything() const { return node.empty() && search.empty(); }
    bool matches(const LiveRow& row) const;
    auto operator<=>(const LiveFilter&) const = default;
};

// Where a filtering walk goes on; it survives changes in between.
struct LiveWalk {
    std::size_t status = 0;
    std::string key;
    MonitorId id;
    bool done = false;
};

struct LiveNodeCounts {
    std::int64_t moved_in = 0;   // run here, at home elsewhere
    std::int64_t moved_out = 0;  // at home here, run elsewhere
};

class LiveIndex {
  public:
    LiveIndex() = default;
    LiveIndex(const LiveIndex&) = delete;
    LiveIndex& operator=(const LiveIndex&) = delete;

    // New or changed settings; a beat that comes along counts if it is newer.
    void put(store::LiveMonitor monitor);
    // False: an unknown monitor, or not newer than what is known.
    bool beat(const store::LiveBeat& beat);
    void remove(MonitorId id);
    // Puts `rows`, all monitors there are in (after, last], and removes the others of that range.
    void replace_range(MonitorId after, MonitorId last, std::vector<store::LiveMonitor> rows);

    // Removes up to `count` rows; false when none is left. Freeing all at once would hold up the
    // loop.
    bool drop(std::size_t count);

    const LiveRow* find(MonitorId id) const;
    std::size_t size() const { return rows_.size(); }
    std::size_t count(LiveStatus status) const;
    LiveNodeCounts node(const std::string& id) const;

    // A page without a search; `total` is counted, not walked.
    std::vector<const LiveRow*> page(std::optional<LiveStatus> status, std::size_t offset,
                                     std::size_t limit) const;
    // Looks at up to `steps` rows further and appends the ids that match.
    void walk(const LiveFilter& filter, LiveWalk& at, std::size_t steps,
              std::vector<MonitorId>& found) const;

  private:
    void enter(LiveRow& row, int by);
    std::map<MonitorId, LiveRow> rows_;
    std::array<LiveOrder, kLiveStatuses> order_;
    std::map<std::string, LiveNodeCounts> nodes_;
};

std::string fold_case(std::string_view text);  // of ASCII letters

}  // namespace higuma::api
