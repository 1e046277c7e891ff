// The online nodes as bins with ceilings, and the monitors that may be moved between them.
// Working data of the rebalancing planners.
#pragma once

#include "policy/node_fill.hpp"

namespace higuma::policy {

struct Item {
    MicroLoad load = 0;
    std::int64_t id = 0;
    std::uint32_t at = 0;  // index into ClusterState::monitors
};

// Heavier first; ids break ties.
inline bool heavier(const Item& a, const Item& b) {
    return a.load != b.load ? a.load > b.load : a.id < b.id;
}

struct Bin {
    NodeIndex node = kNoNode;
    double speed = 1.0;
    MicroLoad load = 0;
    MicroLoad fixed = 0;    // of monitors that must stay
    MicroLoad ceiling = 0;  // the load that the goal allows
    std::int64_t count = 0;
    std::int64_t most = 0;    // monitors it may have: its limit, or what it had before
    std::vector<Item> items;  // movable monitors, heaviest first; gathered when needed

    double level() const { return static_cast<double>(load) / speed; }
    MicroLoad slack() const { return ceiling - load; }
    bool has_room() const { return count < most; }
};

struct Shift {
    Item item;
    std::size_t from = 0;
    std::size_t to = 0;
};

class Bins {
  public:
    explicit Bins(const ClusterState& state);

    std::vector<Bin>& all() { return bins_; }
    const std::vector<Bin>& all() const { return bins_; }
    std::size_t size() const { return bins_.size(); }
    Bin& operator[](std::size_t i) { return bins_[i]; }
    const Bin& operator[](std::size_t i) const { return bins_[i]; }

    double mean() const { return mean_; }
    double total() const { return static_cast<double>(total_); }
    std::size_t movable() const { return movable_; }
    double max_over_mean() const;
    void shift(const Item& item, std::size_t from, std::size_t to);

    // Fills `items` of the bins that `wanted` names (and that have none yet).
    template <class Wanted>
    void gather(const Wanted& wanted);

  private:
    void gather_marked(const std::vector<bool>& marked);

    const ClusterState& state_;
    std::vector<Bin> bins_;
    std::vector<std::int32_t> bin_of_;  // by node; -1 where it is not online
    MicroLoad total_ = 0;
    double mean_ = 0;  // micro-load of a node of speed 1
    std::size_t movable_ = 0;
};

template <class Wanted>
void Bins::gather(const Wanted& wanted) {
    std::vector<bool> marked(bins_.size());
    bool any = false;
    for (std::size_t i = 0; i < bins_.size(); ++i) {
        marked[i] = bins_[i].items.empty() && wanted(bins_[i]);
        any = any || marked[i];
    }
    if (any) gather_marked(marked);
}

}  // namespace higuma::policy
