#include "policy/routing_choice.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace higuma::policy {
namespace {

constexpr unsigned kUnusable = std::numeric_limits<unsigned>::max();

bool serves(const RoutedNode& node) {
    return node.status == NodeStatus::online || node.status == NodeStatus::draining;
}

bool usable(const RoutedNode& node) { return node.reachable && serves(node) && !node.ejected; }

std::size_t count_usable(const RoutingView& view) {
    return static_cast<std::size_t>(std::count_if(view.nodes.begin(), view.nodes.end(), usable));
}

bool more_than_half(std::size_t unusable, std::size_t known) { return unusable * 2 > known; }

// More than half of the known nodes are unusable: rather all are tried, in the order of their
// ranks, than the few that are left are overrun, or nobody is answered.
bool panics(const RoutingView& view) {
    return more_than_half(view.nodes.size() - count_usable(view), view.nodes.size());
}

// 0: as it should be. Nodes of a higher rank are only used when there is none of a lower one: a
// node that is draining takes nothing new, a suspect one may be gone, an ejected one most likely
// is. A node that the controller calls offline is tried last of all, and only when nobody will say
// that it is back or when there is hardly another.
unsigned rank_of(const RoutedNode& node, bool stale, bool panic) {
    if (!node.reachable) return kUnusable;
    if (!serves(node) && !stale && !panic) return kUnusable;
    unsigned rank = 0;
    if (node.status == NodeStatus::draining) rank += 1;
    if (node.suspect) rank += 2;
    if (node.ejected && !panic) rank += 4;
    if (!serves(node)) rank += node.status == NodeStatus::recovering ? 8 : 16;
    return rank;
}

// The nodes that come into question: not tried, of the best rank there is.
struct Group {
    NodeSet members;
    std::uint64_t size = 0;
    std::uint64_t monitors = 0;
};

Group best_group(const RoutingView& view, const NodeSet& tried, bool panic) {
    Group group;
    unsigned best = kUnusable;
    for (std::size_t i = 0; i < view.nodes.size(); ++i) {
        const unsigned rank = tried.test(i) ? kUnusable : rank_of(view.nodes[i], view.stale, panic);
        if (rank == kUnusable || rank > best) continue;
        if (rank < best) group = {};
        best = rank;
        group.members.set(i);
        ++group.size;
        group.monitors += view.nodes[i].monitors;
    }
    return group;
}

// -- Scores: the lowest wins

// Slow start and what a node says of its own load leave it a part of its fair share.
constexpr std::uint64_t kFullShare = 1'000'000;
std::uint64_t share_of(const RoutedNode& node) {
    constexpr std::uint32_t kLeastRoom = 50;  // a node that calls itself full is not shut out
    const std::uint64_t ramp = std::clamp<std::uint32_t>(node.ramp_permille, 1, 1000);
    return ramp * (1000 - std::min(node.announced_load_permille, 1000 - kLeastRoom));
}

std::uint64_t weighted_share_of(const RoutedNode& node) {
    return share_of(node) * std::max<std::uint32_t>(node.weight, 1);
}

std::uint64_t pressure_of(const RoutedNode& node) {
    return std::uint64_t{1} + node.in_flight + node.recent;
}

// Monitors weigh what each further request costs. The softening keeps a node with none from taking
// all.
std::uint64_t monitors_score(const RoutedNode& node, const RoutingView&, const Group& group) {
    const std::uint64_t softening = 4 + group.monitors / group.size / 4;
    const std::uint64_t cost = pressure_of(node) * (node.monitors + softening);
    return cost * kFullShare / share_of(node);
}

constexpr std::uint64_t kTurn = kFullShare * 100'000'000;
std::uint64_t turn_of(const RoutedNode& node) { return kTurn / weighted_share_of(node); }

std::uint64_t connections_score(const RoutedNode& node, const RoutingView&, const Group&) {
    return (std::uint64_t{1} + node.in_flight) * turn_of(node);
}

std::uint64_t turn_begin(const RoutedNode& node, std::uint64_t turns_then) {
    const std::uint64_t turn = turn_of(node);
    return std::max(node.turns_used, turns_then - std::min(turn, turns_then));
}

// The middle of its next turn: turns of a heavy node lie between those of light ones.
std::uint64_t turns_score(const RoutedNode& node, const RoutingView& view, const Group&) {
    return turn_begin(node, view.turns_then) + turn_of(node) / 2;
}

struct Method {
    std::string_view name;
    std::uint64_t (*score)(const RoutedNode&, const RoutingView&, const Group&);
    bool near_ties;
};
constexpr std::array<Method, 3> kMethods{{{"least_monitors", monitors_score, true},
                                          {"least_connections", connections_score, true},
                                          {"weighted", turns_score, false}}};

std::optional<std::size_t> by_algorithm(const RoutingView& view, const Group& group) {
    const Method& method = kMethods[static_cast<std::size_t>(view.algorithm)];
    std::array<std::uint64_t, kMaxRoutedNodes> scores;
    std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t i = 0; i < view.nodes.size(); ++i) {
        if (!group.members.test(i)) continue;
        scores[i] = method.score(view.nodes[i], view, group);
        lowest = std::min(lowest, scores[i]);
    }
    const std::uint64_t near = lowest + (method.near_ties ? lowest / (100 / kNearTiePercent) : 0);
    std::optional<std::size_t> chosen;
    for (std::size_t step = 0; step < view.nodes.size(); ++step) {
        const std::size_t i = (view.rotation + step) % view.nodes.size();
        if (!group.members.test(i) || scores[i] > near) continue;
        if (!chosen || pressure_of(view.nodes[i]) < pressure_of(view.nodes[*chosen])) chosen = i;
    }
    return chosen;
}

// -- The rules that name one node

class Rules {
  public:
    Rules(const RoutingView& view, const RouteRequest& request, bool panic)
        : view_(view), request_(request), panic_(panic) {}

    std::optional<std::size_t> setup() const {
        if (view_.setup_complete) return std::nullopt;
        const auto found = std::find_if(view_.nodes.begin(), view_.nodes.end(),
                                        [](const RoutedNode& node) { return node.primary; });
        const auto index = static_cast<std::size_t>(found - view_.nodes.begin());
        return takes(index) ? std::optional(index) : std::nullopt;
    }
    bool fixed_is_valid() const { return is_online(request_.fixed_node); }
    std::optional<std::size_t> fixed() const { return if_online(request_.fixed_node); }
    std::optional<std::size_t> forced() const { return if_online(view_.forced); }

    // A session lives at its node alone, so a mere suspicion does not end it; a new one is not
    // begun at a node that is about to go.
    std::optional<std::size_t> session() const {
        const auto node = request_.session_node;
        if (request_.new_session) return if_online(node);
        return node && available(*node) ? node : std::nullopt;
    }
    std::optional<std::size_t> owner() const {
        const auto node = request_.owner;
        return node && takes(*node) ? node : std::nullopt;
    }
    // The original counts nodes from 1: (id mod node count) + 1. Here they are counted from 0.
    std::optional<std::size_t> hash() const {
        const bool current = view_.owners_known && !view_.stale;
        if (current || !request_.monitor_id || request_.owner || view_.nodes.empty()) {
            return std::nullopt;
        }
        const std::size_t node = *request_.monitor_id % view_.nodes.size();
        return takes(node) ? std::optional(node) : std::nullopt;
    }

  private:
    bool available(std::size_t index) const {
        if (index >= view_.nodes.size() || request_.tried.test(index)) return false;
        const RoutedNode& node = view_.nodes[index];
        return node.reachable && serves(node) && (!node.ejected || panic_);
    }
    bool takes(std::size_t index) const { return available(index) && !view_.nodes[index].suspect; }
    bool is_online(std::optional<std::size_t> node) const {
        return node && *node < view_.nodes.size() &&
               view_.nodes[*node].status == NodeStatus::online;
    }
    std::optional<std::size_t> if_online(std::optional<std::size_t> node) const {
        return is_online(node) && takes(*node) ? node : std::nullopt;
    }

    const RoutingView& view_;
    const RouteRequest& request_;
    bool panic_;
};

struct NamedRule {
    RouteRule rule;
    std::optional<std::size_t> (Rules::*node)() const;
};
constexpr std::array<NamedRule, 6> kNamedRules{{{RouteRule::setup, &Rules::setup},
                                                {RouteRule::fixed_node, &Rules::fixed},
                                                {RouteRule::forced, &Rules::forced},
                                                {RouteRule::session, &Rules::session},
                                                {RouteRule::monitor_owner, &Rules::owner},
                                                {RouteRule::hash, &Rules::hash}}};

constexpr std::array<std::string_view, kRouteRules> kRuleNames{
    "load-balancer", "fixed-node", "monitor-owner", "session", "setup", "forced", "hash"};

}  // namespace

std::string_view to_string(RouteRule rule) { return kRuleNames[static_cast<std::size_t>(rule)]; }

std::string_view to_string(Algorithm algorithm) {
    return kMethods[static_cast<std::size_t>(algorithm)].name;
}

std::optional<Algorithm> algorithm_from(std::string_view text) {
    const auto found = std::find_if(kMethods.begin(), kMethods.end(),
                                    [&](const Method& method) { return method.name == text; });
    if (found == kMethods.end()) return std::nullopt;
    return static_cast<Algorithm>(found - kMethods.begin());
}

RouteChoice choose_route(const RoutingView& view, const RouteRequest& request) {
    const bool panic = panics(view);
    const Rules rules(view, request, panic);
    RouteChoice choice;
    for (const NamedRule& named : kNamedRules) {
        if (named.rule == RouteRule::fixed_node) {
            choice.clear_cookie = request.has_fixed_cookie && !rules.fixed_is_valid();
        }
        choice.node = (rules.*named.node)();
        choice.rule = named.rule;
        if (choice.node) return choice;
    }
    choice.rule = RouteRule::load_balancer;
    const Group group = best_group(view, request.tried, panic);
    if (group.size > 0) choice.node = by_algorithm(view, group);
    return choice;
}

bool may_eject(const RoutingView& view, std::size_t index) {
    if (!usable(view.nodes[index])) return false;
    return !more_than_half(view.nodes.size() - count_usable(view) + 1, view.nodes.size());
}

void note_turn(RoutedNode& node, std::uint64_t& turns_then) {
    turns_then = turn_begin(node, turns_then);
    node.turns_used = turns_then + turn_of(node);
}

}  // namespace higuma::policy
