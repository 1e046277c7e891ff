// What operators ask of the cluster: drain and undrain, switch and pin, force a route, rebalance.
// Each writes a wish or a placement into the database, on whichever gateway is asked; the leader
// does the rest. Lives on the main loop.
#pragma once

#include "cluster/async.hpp"
#include "cluster/event_text.hpp"
#include "cluster/rebalancer.hpp"
#include "cluster/services.hpp"
#include "cluster/state_cache.hpp"
#include "cluster/state_loader.hpp"
#include "store/drains.hpp"
#include "store/placing.hpp"

namespace higuma::cluster {

struct DrainRequest {
    NodeId node;
    policy::DrainStrategy strategy = policy::DrainStrategy::automatic;
    std::optional<NodeId> target;
    bool wait = false;  // until it is done, or the deadline
};

struct DrainReport {
    bool changed = true;     // false: that was so already
    bool completed = false;  // nothing is left to move
    std::size_t monitors = 0;
    std::size_t remaining = 0;  // that still have to move
    std::size_t pinned = 0;     // that stay, whatever is asked
    Shares nodes;               // how many went, or will go, where (undrain: came from where)
};

struct RebalanceAnswer {
    bool started = false;  // false: nothing is worth moving
    std::size_t planned = 0;
    policy::BalanceFigures figures;
    std::int64_t id = 0;  // of the request; the status tells the same
};

class Operations {
  public:
    struct Links {
        StateCache& cache;
        StateLoader& loader;
        Rebalancer& rebalancer;
        boost::asio::thread_pool& pool;
        std::function<void()> poll_now;                // the database has news
        std::function<void(const std::string&)> hint;  // tell this node to reconcile
    };
    Operations(Services& services, Links links) : services_(services), links_(std::move(links)) {}

    // Failures of all: what the store says, unavailable and timeout (the database), and unavailable
    // while the assignments are not known yet.
    Task<Result<DrainReport>> drain(DrainRequest request, Deadline deadline);
    Task<Result<DrainReport>> undrain(NodeId node, bool wait, Deadline deadline);
    Task<Result<store::Placed>> place(store::PlaceOrder order, Deadline deadline);
    Task<Result<NodeId>> pin_in_place(MonitorId id, Deadline deadline);
    Task<Result<bool>> unpin(MonitorId id, Deadline deadline);
    // None: no forced route. Returns the one that stood before. Failures: not_found, conflict.
    Task<Result<std::string>> force_route(std::optional<NodeId> node, Deadline deadline);
    // Failures: conflict while one runs.
    Task<Result<RebalanceAnswer>> rebalance(RebalanceKind kind, std::string actor,
                                            Deadline deadline);
    Task<Result<void>> read_loads(Deadline deadline);

  private:
    using Remaining = std::function<std::size_t()>;
    Deadline database_deadline(Deadline deadline) const;
    Result<void> require_state() const;
    Task<> wait_until_none(Remaining remaining, Deadline deadline);
    Task<> refresh_and_hint(std::set<std::string> nodes);

    Services& services_;
    Links links_;
};

}  // namespace higuma::cluster
