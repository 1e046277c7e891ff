// The node agent's state and loops; private to this folder.
#pragma once

#include "cluster/async.hpp"
#include "cluster/monitor_set.hpp"
#include "cluster/node_agent.hpp"

namespace higuma::cluster {

struct NodeAgent::Impl : std::enable_shared_from_this<NodeAgent::Impl> {
    Impl(NodeAgentConfig config, boost::asio::any_io_executor executor,
         std::shared_ptr<const Clock> clock, store::Database& db, engine::Engine& engine);

    Task<> run();
    Task<> drain(Deadline deadline);
    void hint();
    NodeAgentStats view() const;

    Task<> register_self();
    Task<> renew_lease();
    Task<> lease_loop();
    Task<> poll_loop();
    Task<> maintenance_loop();
    void superseded();
    void stop();

    // reconcile.cpp
    using Report = Result<ReconcileReport>;
    Task<Report> reconcile(Deadline deadline);
    Task<Report> reconcile_once(Deadline deadline);
    Task<Result<void>> start_all(std::vector<Monitor> monitors, Deadline deadline);
    bool full_due() const;

    NodeAgentConfig config;
    boost::asio::any_io_executor executor;
    std::shared_ptr<const Clock> clock;
    store::Database& db;
    engine::Engine& engine;

    TaskGroup tasks;
    Wake poll_wake, lease_wake, maintenance_wake;
    Gate reconciled, ended;

    NodeAgentStats stats;
    MonitorSet set;
    ChangeSeq position;
    std::optional<Instant> last_full;
    Instant lease_until{};
    // Runs of reconciling: at most one at a time; who asks while one runs waits for the one after
    // it, which all who wait share.
    std::uint64_t runs_begun = 0, runs_ended = 0;
    Report last_report = ReconcileReport{};
    bool hinted = false;
    bool lease_said = false;
    bool stopping = false;
};

}  // namespace higuma::cluster
