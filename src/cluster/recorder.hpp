// Writes what the leader decided, node states and cluster events, and what operators asked for. All
// wait in bounded memory while the database is away; states are written by the leader only, and the
// newest one of a node wins.
#pragma once

#include <deque>
#include <map>

#include "cluster/async.hpp"
#include "cluster/lease_keeper.hpp"
#include "store/operations.hpp"

namespace higuma::cluster {

class Recorder {
  public:
    static constexpr std::size_t kEventLimit = 1'000;

    Recorder(Services& services, LeaseKeeper& lease);

    // `seen`: the node has just answered.
    void status(const NodeId& id, NodeStatus status, const std::string& error, bool seen);
    bool status_pending(const NodeId& id) const { return statuses_.contains(id.value); }
    void event(std::string kind, std::optional<NodeId> node, std::int64_t monitors,
               std::int64_t took_ms, std::string detail);
    // For the audit log; written by whichever gateway was asked.
    void operation(store::Operation operation);
    // Another controller may lead: what it will find out itself is not written from here any more.
    void forget_statuses();

    Task<> run();
    void stop() { wake_.notify(); }
    std::vector<QueueView> queues() const;

  private:
    struct Status {
        NodeStatus status;
        std::string error;
        bool seen;
    };
    Task<bool> write_statuses();
    Task<bool> write_events();
    Task<bool> write_operations();

    Services& services_;
    LeaseKeeper& lease_;
    Wake wake_;
    std::map<std::string, Status> statuses_;
    std::deque<store::ClusterEvent> events_;
    std::deque<store::Operation> operations_;
    std::uint64_t events_dropped_ = 0, operations_dropped_ = 0;
};

}  // namespace higuma::cluster
