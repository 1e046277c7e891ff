// Which node a request goes to: the selection rules as a pure function from what is known of the
// nodes and of the request to a node and the rule that chose it. No I/O, no clock, no allocation.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/node.hpp"

namespace higuma::policy {

inline constexpr std::size_t kMaxRoutedNodes = 256;
using NodeSet = std::bitset<kMaxRoutedNodes>;

// Two scores closer than this are a tie, which requests in flight decide.
inline constexpr std::uint64_t kNearTiePercent = 10;

// How the last rule spreads requests: by active monitors, by requests in flight for each unit of
// weight, or in proportion to the weights.
enum class Algorithm : std::uint8_t { least_monitors, least_connections, weighted };
std::string_view to_string(Algorithm algorithm);
std::optional<Algorithm> algorithm_from(std::string_view text);

struct RoutedNode {
    NodeStatus status = NodeStatus::unknown;
    bool suspect = false;  // a check has failed and the threshold has not decided yet
    bool ejected = false;  // this gateway saw it fail a moment ago
    bool primary = false;
    bool reachable = false;                     // it has an address
    std::uint32_t monitors = 0;                 // active monitors
    std::uint32_t ramp_permille = 1000;         // slow start: share of its fair load
    std::uint32_t weight = 100;                 // stated capacity, percent
    std::uint32_t announced_load_permille = 0;  // its own statement; 0: none
    std::uint32_t in_flight = 0;                // requests under way through this gateway
    std::uint32_t recent = 0;      // requests that were sent to it within a moment: a burst
    std::uint64_t turns_used = 0;  // weighted: as note_turn() counts them
};

struct RoutingView {
    std::span<const RoutedNode> nodes;  // ordered by id; at most kMaxRoutedNodes
    bool setup_complete = true;
    bool owners_known = true;  // there is a table of owners
    bool stale = false;        // nobody keeps the tables up to date: the controller is gone
    std::optional<std::size_t> forced = {};  // the node that all requests go to while it is online
    Algorithm algorithm = Algorithm::least_monitors;
    std::uint32_t rotation = 0;    // counts requests; decides between equals
    std::uint64_t turns_then = 0;  // weighted: turns_used of the node that was chosen last
};

struct RouteRequest {
    bool has_fixed_cookie = false;
    std::optional<std::size_t> fixed_node;    // the known node that the cookie names
    std::optional<std::size_t> session_node;  // that a Socket.IO session is at, or its client was
    bool new_session = false;                 // the session only begins
    std::optional<std::uint64_t> monitor_id;  // of a request about one monitor
    std::optional<std::size_t> owner;         // of that monitor or push token
    NodeSet tried;                            // nodes that failed this request already
};

enum class RouteRule : std::uint8_t {
    load_balancer,
    fixed_node,
    monitor_owner,
    session,
    setup,
    forced,
    hash,
};
inline constexpr std::size_t kRouteRules = 7;
std::string_view to_string(RouteRule rule);  // as X-Routed-Via says it

struct RouteChoice {
    std::optional<std::size_t> node;  // none: no node is left
    RouteRule rule = RouteRule::load_balancer;
    bool clear_cookie = false;  // the cookie names no online node
};

// Rules in order: set-up, fixed node, forced node, session, owner, hash (only without a current
// table of owners), the algorithm. A choice of the earlier rules that cannot take the request falls
// to the next one.
RouteChoice choose_route(const RoutingView& view, const RouteRequest& request);

// Whether a node that fails here may be ejected: afterwards no more than half of the known nodes
// are unusable.
bool may_eject(const RoutingView& view, std::size_t index);

// Weighted: counts the turn of a node that the algorithm chose. A node that was away does not make
// up for what it missed.
void note_turn(RoutedNode& node, std::uint64_t& turns_then);

}  // namespace higuma::policy
