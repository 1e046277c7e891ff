// The controller's parts and how they are wired; private to this folder.
#pragma once

#include <map>

#include "cluster/full_cycle.hpp"
#include "cluster/gateway_registry.hpp"
#include "cluster/hints.hpp"
#include "cluster/lease_keeper.hpp"
#include "cluster/mover.hpp"
#include "cluster/node_watcher.hpp"
#include "cluster/operations.hpp"
#include "cluster/rebalancer.hpp"
#include "cluster/recorder.hpp"
#include "cluster/route_publisher.hpp"
#include "cluster/services.hpp"
#include "cluster/state_cache.hpp"
#include "cluster/state_loader.hpp"
#include "store/cluster_settings.hpp"

namespace higuma::cluster {

struct Controller::Impl : std::enable_shared_from_this<Controller::Impl> {
    explicit Impl(Services given);

    Task<> run();
    Task<> drain(Deadline deadline);
    Task<Result<CycleResult>> trigger(Deadline deadline);
    ControllerView view() const;

    // controller_poll.cpp: what the database says
    struct Polled {
        std::vector<Node> nodes;
        ChangeSeq seq;
        std::int64_t users = 0;
        store::ClusterSettings settings;
        WallTime now{};  // the database's
    };
    Task<> poll_loop();
    Task<Result<void>> poll();
    void took_poll(Polled polled);
    void note_database(const Result<void>& result);
    void sync_watchers(const std::vector<Node>& nodes);

    // controller_scan.cpp: what is looked at now and then
    Task<> scan_loop();
    Task<> placement_loop();
    void scan();

    // controller_health.cpp: what the checks say
    Task<> cycle_loop();
    Task<> ramp_loop();
    void count(policy::HealthEvent event);
    void on_step(NodeWatcher& watcher, const policy::HealthStep& step,
                 const policy::NodeHealth& before);
    void on_cycle(const CycleResult& result);
    void on_gained();
    void state_event(const NodeWatcher& watcher, Millis detection);
    void refresh_cached_nodes();
    void repair_stored_states();

    NodeStatus routed_status(const NodeWatcher& watcher) const;
    NodeStatus placed_status(const NodeWatcher& watcher) const;
    StateCache::NodeFacts facts_of(const NodeWatcher& watcher) const;
    std::optional<routing::NodeTable> make_node_table() const;
    NodeView view_of(const NodeWatcher& watcher) const;
    std::vector<GatewayView> gateway_views() const;
    std::uint32_t ramp_of(const NodeWatcher& watcher) const;
    bool may_move() const;
    std::string address_of(const std::string& node) const;
    int limit_of(const Node& node) const;

    Services services;
    boost::asio::thread_pool pool{1};
    TaskGroup tasks;
    LeaseKeeper lease;
    GatewayRegistry registry;
    StateCache cache;
    StateLoader loader;
    Recorder recorder;
    std::shared_ptr<HintSender> hints;
    std::unique_ptr<RoutePublisher> publisher;
    std::unique_ptr<Mover> mover;
    std::unique_ptr<FullCycle> full_cycle;
    std::unique_ptr<Rebalancer> rebalancer;
    std::unique_ptr<Operations> operations;
    Wake poll_wake, cycle_wake, ramp_wake, scan_wake, placement_wake;
    Gate stopped;
    std::map<std::string, std::shared_ptr<NodeWatcher>> watchers;

    HealthStatistics statistics;
    std::vector<SuspectView> suspects;
    WallTime database_now{};  // at the last poll
    bool database_reachable = false;
    bool database_said = false;  // the current outage has been logged
    bool nodes_known = false;    // the node table was read at least once
    bool setup_complete = false;
    std::string forced_node;  // all requests go there while it is online; empty: none
    std::string database_error = "not asked yet";
    Instant last_load{}, last_full_load{};
};

}  // namespace higuma::cluster
