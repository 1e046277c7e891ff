// How full nodes are while a plan grows, and the steps that plans of placement are made of. Shared
// by the planners; nothing outside src/policy needs it.
#pragma once

#include <queue>
#include <tuple>

#include "policy/placement.hpp"

namespace higuma::policy {

// Loads are summed as whole micro-checks a second, so that a plan does not depend on the order of
// adding.
using MicroLoad = std::int64_t;

MicroLoad micro(float load);
double speed_of(const PlacedNode& node);
bool has_status(const ClusterState& state, NodeIndex node, NodeStatus status);
bool is_online(const ClusterState& state, NodeIndex node);

struct Fill {
    MicroLoad load = 0;
    std::int64_t count = 0;
};
std::int64_t room_of(const PlacedNode& node, const Fill& fill);

// Of each node twice: what runs there, and what would run there if somebody switched it on.
struct Fills {
    std::vector<Fill> active, inactive;

    Fill& of(const PlacedMonitor& monitor, NodeIndex node) {
        return (monitor.active ? active : inactive)[static_cast<std::size_t>(node)];
    }
    void add(const PlacedMonitor& monitor, NodeIndex node);
    void remove(const PlacedMonitor& monitor);
};
Fills fills_of(const ClusterState& state);

// What the next monitor goes by.
enum class Rule {
    least_load,  // failover: spread the work, among nodes with room
    most_room,   // first placement
};

// Hands out the online nodes one by one, best first. Costs log n for each.
class Picker {
  public:
    struct Options {
        Rule rule = Rule::least_load;
        bool limited = true;
        NodeIndex except = kNoNode;
    };
    Picker(const ClusterState& state, std::vector<Fill>& fills, const Options& options);

    bool empty() const { return queue_.empty(); }
    // The best node for one more monitor of this load; `past_limit` when no node has room.
    NodeIndex take(MicroLoad load, bool& past_limit);

  private:
    // Full or not, then three keys by rule, then the index: the smallest is the best.
    using Rank = std::tuple<bool, double, double, double, std::size_t>;

    void offer(std::size_t i);

    const ClusterState& state_;
    std::vector<Fill>& fills_;
    Options options_;
    std::priority_queue<Rank, std::vector<Rank>, std::greater<>> queue_;
};

Move move_of(const PlacedMonitor& monitor, NodeIndex to, MoveKind kind);

// Places the heaviest first, which keeps the end result within one monitor of even.
struct PlaceOptions {
    Rule rule = Rule::least_load;
    MoveKind kind = MoveKind::assign;
    NodeIndex except = kNoNode;
};
void place(const ClusterState& state, std::vector<const PlacedMonitor*> waiting, Fills& fills,
           const PlaceOptions& options, PlacementPlan& plan);

// Moves one monitor to a node that was chosen for it.
void send(const ClusterState& state, const PlacedMonitor& monitor, NodeIndex to, MoveKind kind,
          Fills& fills, PlacementPlan& plan);

void put_in_order(PlacementPlan& plan);

}  // namespace higuma::policy
