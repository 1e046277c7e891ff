// The controller's snapshot of all assignments, kept current by deltas: policy's ClusterState,
// sorted by monitor id, with the figures that are asked for often. Pure: no I/O and no clock; a
// million monitors fit.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cluster/drain_order.hpp"
#include "policy/placement.hpp"
#include "routing/table.hpp"
#include "store/cluster.hpp"

namespace higuma::cluster {

// A delta in the cache's own form, made on a database thread so that the main loop only merges.
struct CompactDelta {
    ChangeSeq upto;
    bool full = false;
    std::vector<std::string> names;               // what home and assigned index into
    std::vector<policy::PlacedMonitor> monitors;  // sorted by id
    std::vector<std::pair<std::int64_t, std::string>> push_tokens;  // sorted by id
    std::vector<std::int64_t> deleted;
};
CompactDelta compact(const store::AssignmentDelta& delta);

class StateCache {
  public:
    struct NodeFacts {
        NodeId id;
        NodeStatus status = NodeStatus::unknown;
        int limit = 0;
        double speed = 1.0;
        std::optional<policy::DrainStrategy> drain = std::nullopt;  // none: no drain is wanted
        std::optional<NodeId> drain_target = std::nullopt;
    };
    // Nodes keep their index for the cache's life. One that monitors name but the list does not
    // have counts as offline with no room: what it should run must move. A name that turns up
    // between two lists is unknown, for it may be a node that has just registered. Returns whether
    // anything that placement looks at changed.
    bool set_nodes(const std::vector<NodeFacts>& nodes);

    // False when the delta is older than what is known already (two readers crossed).
    bool apply(CompactDelta delta);

    bool loaded() const { return loaded_; }
    ChangeSeq seq() const { return seq_; }
    const policy::ClusterState& state() const { return state_; }
    const policy::PlacedMonitor* find(std::int64_t id) const;
    policy::NodeLoad load(const NodeId& id) const;
    double checks_per_second(const NodeId& id) const;
    int pinned(const NodeId& id) const;  // active ones that run there and stay
    int away(const NodeId& id) const;    // active ones of this home that run elsewhere for now
    // What operators want drained, of the nodes that are there to be drained.
    const std::vector<DrainOrder>& drains() const { return drains_; }
    policy::NodeIndex index(const NodeId& id) const;  // kNoNode for an unknown one
    const std::string& name(policy::NodeIndex index) const;
    std::size_t total() const { return state_.monitors.size(); }
    std::size_t active() const { return active_; }
    std::size_t unplaced() const { return unplaced_; }

    // What the route table of owners is made from.
    struct OwnerSnapshot {
        std::vector<std::string> names;
        std::vector<std::pair<std::uint64_t, std::uint16_t>> owners;
        std::vector<std::pair<std::string, std::uint16_t>> push_tokens;
    };
    OwnerSnapshot owners() const;

  private:
    policy::NodeIndex index_of(const std::string& name);
    bool set_drains(const std::vector<NodeFacts>& nodes);
    void count(const policy::PlacedMonitor& monitor, int sign);
    void replace_all(std::vector<policy::PlacedMonitor> monitors);
    void merge(std::vector<policy::PlacedMonitor> changed);
    void remove(std::vector<std::int64_t> ids);

    policy::ClusterState state_;
    std::unordered_map<std::string, policy::NodeIndex> index_;
    std::unordered_map<std::int64_t, std::string> push_tokens_;
    std::vector<policy::NodeLoad> loads_;
    std::vector<double> rates_;  // checks per second of each node
    std::vector<int> pinned_, away_;
    std::vector<DrainOrder> drains_;
    std::size_t active_ = 0, unplaced_ = 0;
    ChangeSeq seq_;
    bool loaded_ = false;
};

}  // namespace higuma::cluster
