// Moves monitors: plans by policy, applies in chunks under the lease and the epochs, hints the
// nodes, and plans again until nothing is left. Failover first, then drains, then going home, then
// monitors without a home.
#pragma once

#include <map>
#include <set>

#include "cluster/async.hpp"
#include "cluster/event_text.hpp"
#include "cluster/lease_keeper.hpp"
#include "cluster/recorder.hpp"
#include "cluster/state_cache.hpp"
#include "cluster/state_loader.hpp"

namespace higuma::cluster {

struct MoveFigures {
    std::uint64_t failovers = 0, recoveries = 0, moved = 0, refused = 0;
    std::optional<Millis> last_failover_took;
    Millis failovers_took_sum{0};
};

// What one run of the mover has done, by the node that people will read about. Pure.
struct MoveTally {
    std::map<std::string, Shares> failover;  // lost node -> where its monitors went
    std::map<std::string, Shares> drain;     // drained node -> where its monitors went
    std::map<std::string, Shares> recovery;  // home node -> where they came from
    Shares adoption;
    std::size_t over_limit = 0;
    void add(policy::MoveKind kind, AssignReason reason, bool from_offline, const std::string& from,
             const std::string& to);
};

struct PlannedMoves {
    policy::PlacementPlan plan;
    AssignReason reason = AssignReason::failover;  // of those that assign
};
// The most urgent thing that must move. Pure.
PlannedMoves plan_next(const policy::ClusterState& state, const std::vector<DrainOrder>& drains);

store::AssignmentChange change_of(policy::MoveKind kind);

class Mover {
  public:
    struct Links {
        LeaseKeeper& lease;
        StateCache& cache;
        StateLoader& loader;
        Recorder& recorder;
        boost::asio::thread_pool& pool;
        std::function<bool()> may_move;                // leads, and the database state is known
        std::function<void(const std::string&)> hint;  // tell this node to reconcile
    };
    Mover(Services& services, Links links);

    void request();  // something changed: look whether anything must move
    void restart();  // leads anew: what was asked while another led does not count as waiting
    bool moving() const { return moving_; }
    const MoveFigures& figures() const { return figures_; }
    Task<> run();
    void stop() { wake_.notify(); }

  private:
    Task<bool> settle();  // false: try again at the next tick
    Task<PlannedMoves> plan();
    Task<bool> apply(PlannedMoves planned, MoveTally& tally);
    Task<bool> apply_chunk(const std::vector<policy::Move>& moves, AssignReason reason,
                           std::uint64_t& moved);
    void tally_moves(const std::vector<policy::Move>& moves, AssignReason reason, bool check,
                     MoveTally& tally);
    void report(const MoveTally& tally, Millis took);
    void say_stranded(const PlannedMoves& planned);

    Services& services_;
    Links links_;
    Wake wake_;
    MoveFigures figures_;
    std::optional<Instant> requested_at_;
    bool moving_ = false;
    bool said_stranded_ = false;
};

}  // namespace higuma::cluster
