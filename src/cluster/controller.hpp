// The controller beside a gateway: leader lease, health checks of every node, failover, recovery,
// adoption, and the route table. Decisions are policy's; this applies them. Lives on the main loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "cluster/rebalance_record.hpp"
#include "model/node.hpp"
#include "net/http_client.hpp"
#include "net/resolver.hpp"
#include "policy/failure_detector.hpp"
#include "policy/routing_choice.hpp"
#include "store/cluster.hpp"
#include "store/database.hpp"
#include "store/gateways.hpp"
#include "store/operations.hpp"

namespace higuma::cluster {

class Operations;

struct ControllerConfig {
    std::string self = "nginx-node";     // the lease holder's name; made unique by the caller
    std::string gateway = "nginx-node";  // its name in the table of gateways
    std::string gateway_address;         // where its nginx listens
    std::string version;
    policy::DetectorConfig detector;
    std::string health_path = "/api/v1/health";
    std::set<int> health_codes{200, 429};
    int monitor_limit_per_node = 1000;
    int expected_nodes = 3;  // CLUSTER_NODE_COUNT: for hash routing before nodes are known
    // Another gateway leads at the latest lease_ttl + lease_renew after the leader died.
    Millis lease_ttl{3'500};
    Millis lease_renew{700};
    Millis poll_interval{1'000};        // of the change sequence and the node table
    Millis owners_write_interval{200};  // at most this often is the owner table written
    Millis slow_start{30'000};
    policy::Algorithm algorithm = policy::Algorithm::least_monitors;
    double churn_percent_per_minute = 1;  // of the load, when only balance is at stake; 0: no limit
    // At the latest after these, events act sooner:
    Millis load_update_interval{30'000};     // the monitors are read again
    Millis fault_scan_interval{10'000};      // all nodes are looked over
    Millis failover_check_interval{60'000};  // where monitors are is looked at again
    Millis heartbeat_interval{60'000};       // this gateway says that it runs
    std::string route_directory;             // nodes.route and owners.route are written here
};

struct NodeView {
    Node node;  // as stored; `status` is this controller's own where it is the leader
    policy::NodeHealth health;
    std::string address;  // resolved, or empty
    std::string address_error;
    int monitors = 0;  // active, effective here
    int limit = 0;
    double checks_per_second = 0;
    int pinned = 0;                        // of the monitors
    int ramp_permille = 1'000;             // below 1,000 while it starts slowly
    double load = 0;                       // checks per second, weighed by what one costs
    std::optional<double> announced_load;  // 0 to 1, as the node says of itself
    std::optional<WallTime> last_check;
    std::optional<Millis> last_latency;
    std::uint64_t checks_ok = 0, checks_failed = 0;
};

struct HealthStatistics {
    WallTime started{};
    std::uint64_t check_count = 0, success_count = 0, fail_count = 0;  // single node checks
    std::uint64_t cycles = 0;                                          // full cycles
    std::optional<WallTime> last_check, last_cycle;
    std::uint64_t liveness_closed = 0, detections = 0, failovers = 0, recoveries = 0;
    std::uint64_t monitors_moved = 0, moves_refused = 0;
    std::uint64_t scans = 0;
    std::optional<WallTime> last_scan;
    std::optional<Millis> last_time_to_detect, last_failover_took;
    Millis time_to_detect_sum{0}, failovers_took_sum{0};  // of all detections and failovers
};

struct SuspectView {
    std::string node;
    std::string reason;
    bool operator==(const SuspectView&) const = default;
};

struct GatewayView {
    store::Gateway gateway;
    bool self = false;
    bool leads = false;
    bool seen_lately = false;
};

// Something bounded: how full it is, and what did not fit.
struct QueueView {
    std::string name;
    std::size_t length = 0, limit = 0;
    std::uint64_t dropped = 0;
};

struct ControllerView {
    WallTime now{};
    bool leader = false;
    std::string leader_holder;
    std::uint64_t leader_term = 0;
    bool database_reachable = false;
    std::string database_error;
    bool setup_complete = false;
    std::string primary_node;     // empty: none
    std::vector<NodeView> nodes;  // sorted by id
    HealthStatistics statistics;
    std::vector<SuspectView> suspects;  // as of the last scan
    std::uint64_t route_generation = 0, route_write_failures = 0;
    std::size_t monitors_total = 0, monitors_active = 0, monitors_unplaced = 0;
    bool moving = false;  // a failover, recovery or adoption is being applied
    RebalanceRecord rebalancing;
    std::string forced_node;  // empty: none
    policy::Algorithm algorithm = policy::Algorithm::least_monitors;
    std::optional<WallTime> loads_read;
    std::vector<GatewayView> gateways;  // as of the last heartbeat
    std::vector<QueueView> queues;
    std::uint64_t hints_sent = 0, hints_failed = 0;
};

// Whose controller holds the lease: a holder's name is its gateway's id with something random
// behind it. Null: none of these. Pure.
const store::Gateway* leading_gateway(const std::vector<store::Gateway>& gateways,
                                      std::string_view holder);

struct CycleResult {
    struct OneNode {
        NodeId node;
        NodeStatus status;
        bool ok = false;
        std::string error;
        Millis took{};
    };
    std::vector<OneNode> nodes;
    Millis took{};
};

class Controller {
  public:
    // `service_token`: makes a fresh bearer token that nodes accept, for reconcile hints.
    Controller(ControllerConfig config, boost::asio::any_io_executor executor,
               std::shared_ptr<const Clock> clock, store::Database& db, net::Resolver& resolver,
               net::HttpClient& http, std::function<std::string()> service_token);
    ~Controller();

    Task<> run();  // until drained
    // Runs one full cycle now; a second caller joins the one that runs. Followers answer conflict.
    Task<Result<CycleResult>> trigger_health_check(Deadline deadline);
    // What operators ask for; lives as long as the controller's parts.
    std::shared_ptr<Operations> operations() const;
    void record(
        store::Operation operation);  // into the audit log, as soon as the database takes it
    ControllerView view() const;      // from memory, never from the database
    Task<> drain(Deadline deadline);  // gives the lease up

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::cluster
