#include "policy/routing_choice.hpp"

#include <algorithm>
#include <limits>

namespace higuma::policy {
namespace {

constexpr unsigned kUnusable = std::numeric_limits<unsigned>::max();

// 0: as it should be. Nodes of a higher rank are only used when there is none of a lower one: a
// node that is draining takes nothing new, a suspect one may be gone, one that refused a moment ago
// most likely is. With the controller gone nobody will say that an offline node is back, so it is
// tried last of all.
unsigned rank_of(const RoutedNode& node, bool stale) {
    if (!node.reachable) return kUnusable;
    unsigned rank = 0;
    if (node.status != NodeStatus::online) {
        if (node.status != NodeStatus::draining && !stale) return kUnusable;
        rank += node.status == NodeStatus::draining ? 1 : 8;
    }
    if (node.suspect) rank += 2;
    if (node.locally_failed) rank += 4;
    return rank;
}

bool serves(const RoutedNode& node) {
    return node.status == NodeStatus::online || node.status == NodeStatus::draining;
}

// Whether a rule that names one node may send the request there.
bool takes(const RoutingView& view, const RouteRequest& request, std::size_t index) {
    if (index >= view.nodes.size() || request.tried.test(index)) return false;
    const RoutedNode& node = view.nodes[index];
    return node.reachable && serves(node) && !node.suspect && !node.locally_failed;
}

std::uint64_t pressure_of(const RoutedNode& node) {
    return std::uint64_t{1} + node.in_flight + node.recent;
}

// Monitors weigh what each further request costs. `softening` keeps a node with none from taking
// all.
std::uint64_t score_of(const RoutedNode& node, std::uint64_t softening) {
    const std::uint64_t ramp = std::clamp<std::uint32_t>(node.ramp_permille, 1, 1000);
    return pressure_of(node) * (node.monitors + softening) * 1000 / ramp;
}

// The nodes that come into question: not tried, of the best rank there is.
struct Group {
    NodeSet members;
    std::uint64_t monitors = 0;
};

Group best_group(const RoutingView& view, const NodeSet& tried) {
    Group group;
    unsigned best = kUnusable;
    for (std::size_t i = 0; i < view.nodes.size(); ++i) {
        const unsigned rank = tried.test(i) ? kUnusable : rank_of(view.nodes[i], view.stale);
        if (rank == kUnusable || rank > best) continue;
        if (rank < best) group = {};
        best = rank;
        group.members.set(i);
        group.monitors += view.nodes[i].monitors;
    }
    return group;
}

std::optional<std::size_t> least_monitors(const RoutingView& view, const NodeSet& tried) {
    const Group group = best_group(view, tried);
    if (group.members.none()) return std::nullopt;
    const std::uint64_t softening = 4 + group.monitors / group.members.count() / 4;
    std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t i = 0; i < view.nodes.size(); ++i) {
        if (group.members.test(i)) lowest = std::min(lowest, score_of(view.nodes[i], softening));
    }
    const std::uint64_t near = lowest + lowest * kNearTiePercent / 100;
    std::optional<std::size_t> chosen;
    for (std::size_t step = 0; step < view.nodes.size(); ++step) {
        const std::size_t i = (view.rotation + step) % view.nodes.size();
        if (!group.members.test(i) || score_of(view.nodes[i], softening) > near) continue;
        if (!chosen || pressure_of(view.nodes[i]) < pressure_of(view.nodes[*chosen])) chosen = i;
    }
    return chosen;
}

std::optional<std::size_t> primary_of(const RoutingView& view) {
    const auto found = std::find_if(view.nodes.begin(), view.nodes.end(),
                                    [](const RoutedNode& node) { return node.primary; });
    if (found == view.nodes.end()) return std::nullopt;
    return static_cast<std::size_t>(found - view.nodes.begin());
}

// The original counts nodes from 1: (id mod node count) + 1. Here they are counted from 0.
std::optional<std::size_t> hash_node(const RoutingView& view, const RouteRequest& request) {
    const bool current = view.owners_known && !view.stale;
    if (current || !request.monitor_id || request.owner || view.nodes.empty()) return std::nullopt;
    return *request.monitor_id % view.nodes.size();
}

}  // namespace

std::string_view to_string(RouteRule rule) {
    switch (rule) {
        case RouteRule::load_balancer:
            return "load-balancer";
        case RouteRule::fixed_node:
            return "fixed-node";
        case RouteRule::monitor_owner:
            return "monitor-owner";
        case RouteRule::session:
            return "session";
        case RouteRule::setup:
            return "setup";
        case RouteRule::forced:
            return "forced";
        case RouteRule::hash:
            return "hash";
    }
    return "";
}

RouteChoice choose_route(const RoutingView& view, const RouteRequest& request) {
    RouteChoice choice;
    const auto chosen = [&](std::optional<std::size_t> node, RouteRule rule) {
        if (!node || !takes(view, request, *node)) return false;
        choice.node = node;
        choice.rule = rule;
        return true;
    };
    if (!view.setup_complete && chosen(primary_of(view), RouteRule::setup)) return choice;
    if (request.has_fixed_cookie) {
        const auto node = request.fixed_node;
        const bool valid =
            node && *node < view.nodes.size() && view.nodes[*node].status == NodeStatus::online;
        choice.clear_cookie = !valid;
        if (valid && chosen(node, RouteRule::fixed_node)) return choice;
    }
    if (chosen(request.owner, RouteRule::monitor_owner)) return choice;
    if (chosen(hash_node(view, request), RouteRule::hash)) return choice;
    choice.node = least_monitors(view, request.tried);
    return choice;
}

}  // namespace higuma::policy
