// Brings the state cache up to date from the database by deltas; used by the poll and by the mover.
#pragma once

#include "cluster/services.hpp"
#include "cluster/state_cache.hpp"

namespace higuma::cluster {

class StateLoader {
  public:
    StateLoader(Services& services, StateCache& cache) : services_(services), cache_(cache) {}

    // Called after the cache changed.
    std::function<void()> on_changed;

    // Fetches what changed since the cache's position; everything when `full`.
    Task<Result<void>> refresh(bool full);
    std::optional<WallTime> last_read() const { return last_read_; }

  private:
    Services& services_;
    StateCache& cache_;
    std::optional<WallTime> last_read_;
};

}  // namespace higuma::cluster
