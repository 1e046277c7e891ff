// A node's side of the cluster: registers, renews its lease, and reconciles, so that the engine
// runs exactly the monitors whose effective node this is. At once on a hint, otherwise by a cheap
// poll.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "engine/engine.hpp"
#include "model/node.hpp"
#include "store/database.hpp"

namespace higuma::cluster {

struct NodeAgentConfig {
    Node self;  // id, name, host, is_primary, monitor_limit, version
    Millis lease{10'000};
    Millis renew_interval{2'000};
    Millis poll_interval{1'000};
    Millis full_reload_interval{300'000};  // finds what other programs wrote to `monitor` directly
    Millis maintenance_interval{10'000};
};

struct ReconcileReport {
    std::size_t started = 0, restarted = 0, stopped = 0;
    std::uint64_t change_seq = 0;
    bool full = false;
};

struct NodeAgentStats {
    Incarnation incarnation;
    std::uint64_t reconciles = 0, failures = 0, hints = 0;
    std::uint64_t change_seq = 0;
    std::optional<WallTime> last_reconcile;
    bool registered = false;
    bool lease_held = false;
    bool superseded = false;  // another process has registered under this id; run() has ended
    std::size_t monitors = 0;
    std::string last_error;
};

class NodeAgent {
  public:
    NodeAgent(NodeAgentConfig config, boost::asio::any_io_executor executor,
              std::shared_ptr<const Clock> clock, store::Database& db, engine::Engine& engine);
    ~NodeAgent();

    // Registers (waits for the database, and says so in the log), then keeps lease and assignments
    // until drained. Sets the engine's hooks that belong to reconciling. Throws nothing.
    Task<> run();
    // Reconcile as soon as possible; many hints at once become one run.
    void hint();
    Task<Result<ReconcileReport>> reconcile(Deadline deadline);
    Task<> drain(Deadline deadline);
    NodeAgentStats stats() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::cluster
