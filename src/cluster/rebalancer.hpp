// Carries out a rebalancing that some gateway was asked for: plans off the main loop, moves in
// batches under the churn budget, and keeps its progress in the database, so that the next leader
// goes on where this one ended. Works only while this controller leads and nothing more urgent
// moves.
#pragma once

#include "cluster/async.hpp"
#include "cluster/lease_keeper.hpp"
#include "cluster/rebalance_record.hpp"
#include "cluster/recorder.hpp"
#include "cluster/state_cache.hpp"
#include "cluster/state_loader.hpp"

namespace higuma::cluster {

// force-rebalance-all may move this many times the churn that a rebalancing may.
inline constexpr double kChurnFactorOfAll = 10;

struct RebalanceDraft {
    policy::RebalancePlan plan;
    std::vector<float> loads;  // of each move
    double total_load = 0;     // of the cluster
};
RebalanceDraft draft_rebalancing(const policy::ClusterState& state, RebalanceKind kind);  // pure

class Rebalancer {
  public:
    struct Links {
        LeaseKeeper& lease;
        StateCache& cache;
        StateLoader& loader;
        Recorder& recorder;
        boost::asio::thread_pool& pool;
        std::function<bool()> may_move;                // leads, and nothing more urgent moves
        std::function<void(const std::string&)> hint;  // tell this node to reconcile
    };
    Rebalancer(Services& services, Links links);

    // A plan from what is known now; made off the main loop.
    Task<RebalanceDraft> draft(RebalanceKind kind);
    // What the poll read; empty when nothing was ever asked for.
    void took(const std::string& stored);
    void forget();  // somebody else may lead: they make a plan of their own
    const RebalanceRecord& record() const { return record_; }

    Task<> run();
    void stop() { wake_.notify(); }

  private:
    Task<> step();
    Task<> begin();
    Task<bool> apply(std::size_t count);
    void note_unable(const Failure& failure);
    void end_pass();
    void finish();
    Task<> save();
    bool is_ready(policy::NodeIndex node) const;

    Services& services_;
    Links links_;
    Wake wake_;
    RebalanceRecord record_;
    RebalanceDraft draft_;
    policy::ChurnState churn_;
    std::int64_t planned_for_ = 0;  // the record that draft_ belongs to
    std::size_t next_ = 0;          // of draft_'s moves
    std::uint64_t moved_in_pass_ = 0;
    int passes_ = 0;
    bool plan_anew_ = false;
    bool unsaved_ = false;
};

}  // namespace higuma::cluster
