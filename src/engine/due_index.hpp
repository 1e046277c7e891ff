// Monitors ordered by the moment when they are due: the earliest is at hand, whatever their number.
// One timer serves them all.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace higuma::engine {

class DueIndex {
  public:
    // Adds the monitor or moves it.
    void set(MonitorId id, Instant due);
    void erase(MonitorId id);
    std::optional<Instant> earliest() const;
    // Takes the monitor that has been due for longest out of the index.
    std::optional<std::pair<MonitorId, Instant>> take_due(Instant now);
    std::size_t count_due(Instant now) const;  // costs as many steps as it counts
    std::size_t size() const { return by_due_.size(); }

  private:
    std::set<std::pair<Instant, MonitorId>> by_due_;
    std::unordered_map<MonitorId, Instant> due_of_;
};

}  // namespace higuma::engine
