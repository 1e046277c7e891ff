#include "policy/balance_bins.hpp"

#include <algorithm>

#include "base/result.hpp"

namespace higuma::policy {
namespace {

bool may_move(const PlacedMonitor& monitor) { return !monitor.pinned && !monitor.switched; }

}  // namespace

Bins::Bins(const ClusterState& state) : state_(state), bin_of_(state.nodes.size(), -1) {
    double speed = 0;
    for (std::size_t i = 0; i < state.nodes.size(); ++i) {
        const PlacedNode& node = state.nodes[i];
        if (node.status != NodeStatus::online) continue;
        bin_of_[i] = static_cast<std::int32_t>(bins_.size());
        Bin bin;
        bin.node = static_cast<NodeIndex>(i);
        bin.speed = speed_of(node);
        bin.most = node.limit;
        speed += bin.speed;
        bins_.push_back(std::move(bin));
    }
    for (const PlacedMonitor& monitor : state.monitors) {
        const NodeIndex node = monitor.effective();
        if (!monitor.active || node == kNoNode) continue;
        invariant(node >= 0 && static_cast<std::size_t>(node) < state.nodes.size(),
                  "a monitor names a node outside the snapshot");
        const std::int32_t index = bin_of_[static_cast<std::size_t>(node)];
        if (index < 0) continue;
        Bin& bin = bins_[static_cast<std::size_t>(index)];
        const MicroLoad load = micro(monitor.load);
        bin.load += load;
        ++bin.count;
        total_ += load;
        if (may_move(monitor)) {
            ++movable_;
        } else {
            bin.fixed += load;
        }
    }
    for (Bin& bin : bins_) bin.most = std::max(bin.most, bin.count);
    mean_ = speed > 0 ? total() / speed : 0;
}

double Bins::max_over_mean() const {
    double most = 0;
    for (const Bin& bin : bins_) most = std::max(most, bin.level());
    return mean_ > 0 ? most / mean_ : 0;
}

void Bins::shift(const Item& item, std::size_t from, std::size_t to) {
    bins_[from].load -= item.load;
    --bins_[from].count;
    bins_[to].load += item.load;
    ++bins_[to].count;
}

void Bins::gather_marked(const std::vector<bool>& marked) {
    for (std::size_t i = 0; i < bins_.size(); ++i) {
        if (marked[i]) bins_[i].items.reserve(static_cast<std::size_t>(bins_[i].count));
    }
    for (std::size_t at = 0; at < state_.monitors.size(); ++at) {
        const PlacedMonitor& monitor = state_.monitors[at];
        const NodeIndex node = monitor.effective();
        if (!monitor.active || !may_move(monitor) || node == kNoNode) continue;
        const std::int32_t bin = bin_of_[static_cast<std::size_t>(node)];
        if (bin < 0 || !marked[static_cast<std::size_t>(bin)]) continue;
        const MicroLoad load = micro(monitor.load);
        if (load == 0) continue;  // moving it would help nobody
        bins_[static_cast<std::size_t>(bin)].items.push_back(
            {load, monitor.id, static_cast<std::uint32_t>(at)});
    }
    for (std::size_t i = 0; i < bins_.size(); ++i) {
        if (marked[i]) std::sort(bins_[i].items.begin(), bins_[i].items.end(), heavier);
    }
}

}  // namespace higuma::policy
