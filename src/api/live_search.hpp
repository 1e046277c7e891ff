// The live page's searches: each walks the index in short slices, so that the loop stays free, and
// is shared by all who ask the same within a second.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <vector>

#include "api/live_index.hpp"
#include "base/task.hpp"
#include "cluster/async.hpp"

namespace higuma::api {

struct LiveSearchLimits {
    std::size_t slice = 2'000;  // rows looked at before other work of the loop gets a turn
    std::size_t searches = 16;  // remembered at most
    Millis keep{1'000};
};

using LiveFound = std::shared_ptr<const std::vector<MonitorId>>;

class LiveSearch {
  public:
    LiveSearch(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
               LiveSearchLimits limits);

    // In the page's order. Failures: overloaded (too many different searches at once), timeout.
    Task<Result<LiveFound>> find(std::shared_ptr<const LiveIndex> index, LiveFilter filter,
                                 Deadline deadline);

  private:
    struct Entry {
        LiveFound found;  // none while the first walk is under way
        Instant at{};
        bool walking = false;
    };
    bool make_room();
    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Clock> clock_;
    LiveSearchLimits limits_;
    std::map<LiveFilter, Entry> entries_;
};

}  // namespace higuma::api
