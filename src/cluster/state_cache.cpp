#include "cluster/state_cache.hpp"

#include <algorithm>
#include <limits>

#include "policy/check_cost.hpp"

namespace higuma::cluster {

using policy::kNoNode;
using policy::NodeIndex;
using policy::PlacedMonitor;

namespace {

const auto kById = [](const PlacedMonitor& a, const PlacedMonitor& b) { return a.id < b.id; };

class NameTable {
  public:
    explicit NameTable(std::vector<std::string>& names) : names_(names) {}
    NodeIndex index(const std::optional<NodeId>& id) {
        if (!id) return kNoNode;
        const auto [found, added] =
            index_.try_emplace(id->value, static_cast<NodeIndex>(names_.size()));
        if (added) names_.push_back(id->value);
        return found->second;
    }

  private:
    std::vector<std::string>& names_;
    std::unordered_map<std::string, NodeIndex> index_;
};

}  // namespace

CompactDelta compact(const store::AssignmentDelta& delta) {
    CompactDelta out;
    out.upto = delta.upto;
    out.full = delta.full;
    out.monitors.reserve(delta.changed.size());
    NameTable table(out.names);
    for (const auto& row : delta.changed) {
        PlacedMonitor monitor;
        monitor.id = row.id.value;
        monitor.epoch = row.epoch.value;
        monitor.home = table.index(row.home);
        monitor.assigned = table.index(row.assigned);
        monitor.cost_class = policy::cost_class_of(row.type);
        monitor.load = policy::load_of(monitor.cost_class, row.interval_seconds);
        monitor.switched = row.reason == AssignReason::switched;
        monitor.active = row.active;
        monitor.pinned = row.pinned;
        out.monitors.push_back(monitor);
        out.push_tokens.emplace_back(row.id.value, row.push_token);
    }
    // Monitors without a token need no entry when everything is replaced anyway.
    if (out.full) {
        std::erase_if(out.push_tokens, [](const auto& token) { return token.second.empty(); });
    }
    std::stable_sort(out.monitors.begin(), out.monitors.end(), kById);
    for (const auto& id : delta.deleted) out.deleted.push_back(id.value);
    std::sort(out.deleted.begin(), out.deleted.end());
    return out;
}

NodeIndex StateCache::index_of(const std::string& name) {
    const auto next = static_cast<NodeIndex>(state_.nodes.size());
    const auto [found, added] = index_.try_emplace(name, next);
    if (added) {
        policy::PlacedNode node;
        node.id = NodeId{name};
        node.status = NodeStatus::unknown;  // until the next list of nodes tells
        node.limit = 0;
        state_.nodes.push_back(std::move(node));
        loads_.emplace_back();
        rates_.emplace_back();
        pinned_.emplace_back();
        away_.emplace_back();
    }
    return found->second;
}

bool StateCache::set_nodes(const std::vector<NodeFacts>& nodes) {
    std::unordered_map<std::string, const NodeFacts*> listed;
    for (const auto& facts : nodes) {
        index_of(facts.id.value);
        listed[facts.id.value] = &facts;
    }
    bool changed = false;
    for (auto& node : state_.nodes) {
        const auto found = listed.find(node.id.value);
        const auto status = found == listed.end() ? NodeStatus::offline : found->second->status;
        const auto limit = found == listed.end() ? 0 : found->second->limit;
        const auto speed = found == listed.end() ? 1.0 : found->second->speed;
        changed = changed || node.status != status || node.limit != limit || node.speed != speed;
        node.status = status;
        node.limit = limit;
        node.speed = speed;
    }
    return set_drains(nodes) || changed;
}

bool StateCache::set_drains(const std::vector<NodeFacts>& nodes) {
    std::vector<DrainOrder> drains;
    for (const auto& facts : nodes) {
        if (!facts.drain) continue;
        DrainOrder order{index_of(facts.id.value), *facts.drain, std::nullopt};
        const auto target = facts.drain_target ? index(*facts.drain_target) : kNoNode;
        if (target != kNoNode) order.target = target;
        drains.push_back(order);
    }
    const bool changed = drains != drains_;
    drains_ = std::move(drains);
    return changed;
}

bool StateCache::apply(CompactDelta delta) {
    if (loaded_ && delta.upto < seq_) return false;
    std::vector<NodeIndex> here(delta.names.size());
    for (std::size_t i = 0; i < here.size(); ++i) here[i] = index_of(delta.names[i]);
    const auto translate = [&here](NodeIndex index) {
        return index == kNoNode ? kNoNode : here[static_cast<std::size_t>(index)];
    };
    for (auto& monitor : delta.monitors) {
        monitor.home = translate(monitor.home);
        monitor.assigned = translate(monitor.assigned);
    }
    if (delta.full) {
        push_tokens_.clear();
        replace_all(std::move(delta.monitors));
    } else {
        merge(std::move(delta.monitors));
    }
    for (auto& [id, token] : delta.push_tokens) {
        if (token.empty()) {
            push_tokens_.erase(id);
        } else {
            push_tokens_[id] = std::move(token);
        }
    }
    remove(std::move(delta.deleted));
    seq_ = delta.upto;
    loaded_ = true;
    return true;
}

void StateCache::count(const PlacedMonitor& monitor, int sign) {
    if (!monitor.active) return;
    active_ += static_cast<std::size_t>(sign);
    const auto node = monitor.effective();
    if (node == kNoNode) {
        unplaced_ += static_cast<std::size_t>(sign);
        return;
    }
    if (monitor.comes_home()) away_[static_cast<std::size_t>(monitor.home)] += sign;
    auto& load = loads_[static_cast<std::size_t>(node)];
    auto& rate = rates_[static_cast<std::size_t>(node)];
    load.monitors += sign;
    if (monitor.pinned) pinned_[static_cast<std::size_t>(node)] += sign;
    load.load += sign * static_cast<double>(monitor.load);
    rate += sign * static_cast<double>(monitor.load / policy::cost_of(monitor.cost_class));
    if (load.monitors == 0) load.load = rate = 0;  // no drift of sums and differences is kept
}

void StateCache::replace_all(std::vector<PlacedMonitor> monitors) {
    state_.monitors = std::move(monitors);
    active_ = unplaced_ = 0;
    loads_.assign(state_.nodes.size(), {});
    rates_.assign(state_.nodes.size(), 0);
    pinned_.assign(state_.nodes.size(), 0);
    away_.assign(state_.nodes.size(), 0);
    for (const auto& monitor : state_.monitors) count(monitor, +1);
}

void StateCache::merge(std::vector<PlacedMonitor> changed) {
    const auto known = state_.monitors.size();
    for (const auto& monitor : changed) {
        const auto end = state_.monitors.begin() + static_cast<std::ptrdiff_t>(known);
        const auto at = std::lower_bound(state_.monitors.begin(), end, monitor, kById);
        if (at != end && at->id == monitor.id) {
            count(*at, -1);
            *at = monitor;
        } else {
            state_.monitors.push_back(monitor);
        }
        count(monitor, +1);
    }
    const auto middle = state_.monitors.begin() + static_cast<std::ptrdiff_t>(known);
    if (middle == state_.monitors.begin() || middle == state_.monitors.end()) return;
    if (kById(*(middle - 1), *middle)) return;  // the usual case: new monitors have new, higher ids
    std::inplace_merge(state_.monitors.begin(), middle, state_.monitors.end(), kById);
}

void StateCache::remove(std::vector<std::int64_t> ids) {
    if (ids.empty()) return;
    const auto gone = [&](const PlacedMonitor& monitor) {
        if (!std::binary_search(ids.begin(), ids.end(), monitor.id)) return false;
        count(monitor, -1);
        push_tokens_.erase(monitor.id);
        return true;
    };
    std::erase_if(state_.monitors, gone);
}

const PlacedMonitor* StateCache::find(std::int64_t id) const {
    PlacedMonitor wanted;
    wanted.id = id;
    const auto at = std::lower_bound(state_.monitors.begin(), state_.monitors.end(), wanted, kById);
    return at != state_.monitors.end() && at->id == id ? &*at : nullptr;
}

NodeIndex StateCache::index(const NodeId& id) const {
    const auto found = index_.find(id.value);
    return found == index_.end() ? kNoNode : found->second;
}

policy::NodeLoad StateCache::load(const NodeId& id) const {
    const auto at = index(id);
    return at == kNoNode ? policy::NodeLoad{} : loads_[static_cast<std::size_t>(at)];
}

double StateCache::checks_per_second(const NodeId& id) const {
    const auto at = index(id);
    return at == kNoNode ? 0 : rates_[static_cast<std::size_t>(at)];
}

int StateCache::away(const NodeId& id) const {
    const auto at = index(id);
    return at == kNoNode ? 0 : away_[static_cast<std::size_t>(at)];
}

int StateCache::pinned(const NodeId& id) const {
    const auto at = index(id);
    return at == kNoNode ? 0 : pinned_[static_cast<std::size_t>(at)];
}

const std::string& StateCache::name(NodeIndex index) const {
    static const std::string none;
    return index == kNoNode ? none : state_.nodes[static_cast<std::size_t>(index)].id.value;
}

StateCache::OwnerSnapshot StateCache::owners() const {
    constexpr std::uint16_t kUnlisted = std::numeric_limits<std::uint16_t>::max();
    OwnerSnapshot out;
    // Only owners are listed, and no names that no node can have (another program wrote them): one
    // of those would spoil the whole table.
    std::vector<std::uint16_t> listed(state_.nodes.size(), kUnlisted);
    const auto owner_of = [&](const PlacedMonitor& monitor) {
        const auto node = monitor.effective();
        if (node == kNoNode) return kUnlisted;
        auto& index = listed[static_cast<std::size_t>(node)];
        const auto& name = state_.nodes[static_cast<std::size_t>(node)].id.value;
        if (index == kUnlisted && out.names.size() < routing::kMaxNodes && is_valid_node_id(name)) {
            index = static_cast<std::uint16_t>(out.names.size());
            out.names.push_back(name);
        }
        return index;
    };
    out.owners.reserve(state_.monitors.size());
    for (const auto& monitor : state_.monitors) {
        const auto owner = owner_of(monitor);
        if (owner == kUnlisted) continue;
        out.owners.emplace_back(static_cast<std::uint64_t>(monitor.id), owner);
    }
    for (const auto& [id, token] : push_tokens_) {
        const auto* monitor = find(id);
        const auto owner = monitor ? owner_of(*monitor) : kUnlisted;
        if (owner != kUnlisted) out.push_tokens.emplace_back(token, owner);
    }
    return out;
}

}  // namespace higuma::cluster
