// Writes the route tables that nginx reads: nodes.route at once when anything in it changed,
// owners.route off the main loop and at most as often as configured. Generations grow also across
// restarts.
#pragma once

#include "cluster/async.hpp"
#include "cluster/services.hpp"
#include "cluster/state_cache.hpp"
#include "routing/table.hpp"

namespace higuma::cluster {

bool same_content(const routing::NodeTable& a, const routing::NodeTable& b);

// The share of its fair load that a node gets after it came online: grows evenly over `slow_start`.
std::uint32_t ramp_permille(std::optional<Instant> came_online, Instant now, Millis slow_start);

// When the next owner table may be written: a write that took long is repeated less often. Pure.
class WriteBudget {
  public:
    explicit WriteBudget(Millis interval) : interval_(interval) {}
    Instant next() const { return next_; }
    void wrote(Instant started, Instant ended);

  private:
    Millis interval_;
    Instant next_{};
};

class RoutePublisher {
  public:
    using MakeNodes =
        std::function<std::optional<routing::NodeTable>()>;  // none: nothing known yet
    RoutePublisher(Services& services, const StateCache& cache, boost::asio::thread_pool& pool,
                   MakeNodes make_nodes);

    void nodes_changed();
    void owners_changed();
    Task<> run_nodes();
    Task<> run_owners();
    void stop();
    std::uint64_t generation() const { return generation_; }
    std::uint64_t failures() const { return failures_; }

  private:
    void write_nodes();
    std::uint64_t next_generation();
    bool note(const std::string& error, bool& said);

    Services& services_;
    const StateCache& cache_;
    boost::asio::thread_pool& pool_;
    MakeNodes make_nodes_;
    Wake nodes_wake_, owners_wake_;
    std::optional<routing::NodeTable> written_;
    WriteBudget budget_;
    std::uint64_t generation_ = 0, failures_ = 0;
    bool nodes_dirty_ = false, owners_dirty_ = false;
    bool said_nodes_ = false, said_owners_ = false;
};

}  // namespace higuma::cluster
