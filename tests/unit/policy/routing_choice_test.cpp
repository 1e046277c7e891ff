#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "unit/policy/routing_support.hpp"

namespace higuma::policy {
namespace {

RoutedNode suspect(RoutedNode of) {
    of.suspect = true;
    return of;
}
RoutedNode ejected(RoutedNode of) {
    of.ejected = true;
    return of;
}
RoutedNode primary(RoutedNode of) {
    of.primary = true;
    return of;
}
RoutedNode unresolved(RoutedNode of) {
    of.reachable = false;
    return of;
}

RouteRequest fixed(std::optional<std::size_t> index) {
    RouteRequest request;
    request.has_fixed_cookie = true;
    request.fixed_node = index;
    return request;
}
RouteRequest owned(std::size_t owner, std::uint64_t id = 1) {
    RouteRequest request;
    request.monitor_id = id;
    request.owner = owner;
    return request;
}
RouteRequest unowned(std::uint64_t id) {
    RouteRequest request;
    request.monitor_id = id;
    return request;
}
RouteRequest session(std::size_t index, bool fresh = false) {
    RouteRequest request;
    request.session_node = index;
    request.new_session = fresh;
    return request;
}
RouteRequest tried(RouteRequest request, std::initializer_list<std::size_t> nodes) {
    for (const std::size_t i : nodes) request.tried.set(i);
    return request;
}

enum Tables { kCurrent, kSetup, kStale, kNoOwners, kForced1 };

struct Row {
    std::string name;
    std::vector<RoutedNode> nodes;
    RouteRequest request;
    std::optional<std::size_t> expected;
    RouteRule rule = RouteRule::load_balancer;
    bool clears = false;
    Tables tables = kCurrent;
};

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        RoutingView view{row.nodes};
        view.setup_complete = row.tables != kSetup;
        view.stale = row.tables == kStale;
        view.owners_known = row.tables != kNoOwners;
        if (row.tables == kForced1) view.forced = 1;
        const RouteChoice choice = choose_route(view, row.request);
        EXPECT_EQ(choice.node, row.expected) << row.name;
        EXPECT_EQ(to_string(choice.rule), to_string(row.rule)) << row.name;
        EXPECT_EQ(choice.clear_cookie, row.clears) << row.name;
    }
}

TEST(RoutingChoice, SetupGoesToThePrimary) {
    check({
        {"primary",
         {node(kOnline, 1), primary(node(kOnline, 9))},
         {},
         1,
         RouteRule::setup,
         false,
         kSetup},
        {"before the cookie",
         {node(kOnline), primary(node(kOnline))},
         fixed(0),
         1,
         RouteRule::setup,
         false,
         kSetup},
        {"primary away",
         {node(kOnline), primary(node(kOffline))},
         {},
         0,
         RouteRule::load_balancer,
         false,
         kSetup},
        {"no primary",
         {node(kOnline, 9), node(kOnline, 1)},
         {},
         1,
         RouteRule::load_balancer,
         false,
         kSetup},
        {"primary tried",
         {node(kOnline), primary(node(kOnline))},
         tried({}, {1}),
         0,
         RouteRule::load_balancer,
         false,
         kSetup},
        {"set-up done", {node(kOnline, 1), primary(node(kOnline, 9))}, {}, 0},
    });
}

TEST(RoutingChoice, FixedNodeWhileItIsOnline) {
    const std::vector<RoutedNode> two{node(kOnline, 1), node(kOnline, 900)};
    check({
        {"online", two, fixed(1), 1, RouteRule::fixed_node},
        {"unknown name", two, fixed(std::nullopt), 0, RouteRule::load_balancer, true},
        {"index out of range", two, fixed(99), 0, RouteRule::load_balancer, true},
        {"offline", {node(kOnline), node(kOffline)}, fixed(1), 0, RouteRule::load_balancer, true},
        {"recovering",
         {node(kOnline), node(NodeStatus::recovering)},
         fixed(1),
         0,
         RouteRule::load_balancer,
         true},
        {"draining", {node(kOnline), node(kDraining)}, fixed(1), 0, RouteRule::load_balancer, true},
        {"refused just now: kept", {node(kOnline), ejected(node(kOnline))}, fixed(1), 0},
        {"tried: kept", two, tried(fixed(1), {1}), 0},
    });
}

TEST(RoutingChoice, AMonitorsRequestGoesToItsOwner) {
    check({
        {"owner", {node(kOnline, 1), node(kOnline, 900)}, owned(1), 1, RouteRule::monitor_owner},
        {"owner draining", {node(kOnline), node(kDraining)}, owned(1), 1, RouteRule::monitor_owner},
        {"owner offline: any other", {node(kOnline), node(kOffline)}, owned(1), 0},
        {"owner suspect: another", {node(kOnline), suspect(node(kOnline))}, owned(1), 0},
        {"owner refused just now", {node(kOnline), ejected(node(kOnline))}, owned(1), 0},
        {"owner tried", {node(kOnline), node(kOnline)}, tried(owned(1), {1}), 0},
        {"owner suspect, but alone", {node(kOffline), suspect(node(kOnline))}, owned(1), 1},
        {"unknown monitor", {node(kOnline, 1), node(kOnline, 900)}, unowned(7), 0},
        {"owner not among the nodes", {node(kOnline)}, owned(5), 0},
    });
}

TEST(RoutingChoice, HashOnlyWithoutACurrentTable) {
    const std::vector<RoutedNode> three{node(kOnline, 1), node(kOnline, 900), node(kOnline, 900)};
    check({
        {"current table", three, unowned(7), 0},
        {"no table", three, unowned(7), 1, RouteRule::hash, false, kNoOwners},
        {"stale table", three, unowned(8), 2, RouteRule::hash, false, kStale},
        {"stale, but known", three, owned(1, 6), 1, RouteRule::monitor_owner, false, kStale},
        {"hash node offline",
         {node(kOnline), node(kOffline), node(kOffline)},
         unowned(7),
         0,
         RouteRule::load_balancer,
         false,
         kStale},
        {"not about a monitor", three, {}, 0, RouteRule::load_balancer, false, kStale},
        {"no nodes", {}, unowned(7), std::nullopt, RouteRule::load_balancer, false, kStale},
    });
}

TEST(RoutingChoice, OnlyUsableNodesAndTheBestFirst) {
    check({
        {"offline and unknown are not used",
         {node(kOffline), node(NodeStatus::unknown), node(kOnline), node(kOnline)},
         tried({}, {2, 3}),
         std::nullopt},
        {"most are away: a recovering one",
         {node(kOffline), node(NodeStatus::unknown), node(NodeStatus::recovering)},
         {},
         2},
        {"most are away: the one that is there",
         {node(kOffline), node(kOffline), node(kOnline, 900)},
         {},
         2},
        {"most are away and it failed: any other",
         {node(kOffline), node(kOffline, 1), node(kOnline, 900)},
         tried({}, {2}),
         1},
        {"most are ejected: as if none were",
         {ejected(node(kOnline, 1)), ejected(node(kOnline, 900)), node(kOnline, 900)},
         {},
         0},
        {"stale: offline as the last resort",
         {node(kOffline)},
         {},
         0,
         RouteRule::load_balancer,
         false,
         kStale},
        {"stale: online before offline",
         {node(kOffline, 1), ejected(node(kOnline, 900))},
         {},
         1,
         RouteRule::load_balancer,
         false,
         kStale},
        {"no address", {unresolved(node(kOnline)), node(kDraining)}, {}, 1},
        {"draining takes nothing new", {node(kDraining, 0), node(kOnline, 900)}, {}, 1},
        {"draining when nothing else", {node(kDraining), node(kOffline)}, {}, 0},
        {"draining before suspect", {suspect(node(kOnline)), node(kDraining)}, {}, 1},
        {"suspect before refused", {ejected(node(kOnline)), suspect(node(kOnline))}, {}, 1},
        {"all refused: tried anyway", {ejected(node(kOnline)), ejected(node(kOnline))}, {}, 0},
        {"all tried", {node(kOnline), node(kOnline)}, tried({}, {0, 1}), std::nullopt},
        {"the rest", {node(kOnline), node(kOnline)}, tried({}, {0}), 1},
    });
}

TEST(RoutingChoice, AForcedNodeTakesAllWhileItIsOnline) {
    const std::vector<RoutedNode> two{node(kOnline, 1), node(kOnline, 900)};
    constexpr auto kForcedRule = RouteRule::forced;
    check({
        {"online", two, {}, 1, kForcedRule, false, kForced1},
        {"before a session", two, session(0), 1, kForcedRule, false, kForced1},
        {"before the owner", two, owned(0), 1, kForcedRule, false, kForced1},
        {"after the cookie", two, fixed(0), 0, RouteRule::fixed_node, false, kForced1},
        {"offline",
         {node(kOnline), node(kOffline)},
         {},
         0,
         RouteRule::load_balancer,
         false,
         kForced1},
        {"draining",
         {node(kOnline), node(kDraining)},
         {},
         0,
         RouteRule::load_balancer,
         false,
         kForced1},
        {"ejected",
         {node(kOnline), ejected(node(kOnline))},
         {},
         0,
         RouteRule::load_balancer,
         false,
         kForced1},
        {"tried", two, tried({}, {1}), 0, RouteRule::load_balancer, false, kForced1},
    });
}

TEST(RoutingChoice, ASessionStaysAtItsNode) {
    const std::vector<RoutedNode> two{node(kOnline, 1), node(kOnline, 900)};
    check({
        {"online", two, session(1), 1, RouteRule::session},
        {"draining finishes", {node(kOnline), node(kDraining)}, session(1), 1, RouteRule::session},
        {"suspected only",
         {node(kOnline), suspect(node(kOnline))},
         session(1),
         1,
         RouteRule::session},
        {"ejected", {node(kOnline), ejected(node(kOnline))}, session(1), 0},
        {"offline", {node(kOnline), node(kOffline)}, session(1), 0},
        {"unknown node", two, session(9), 0},
        {"new, where its client was", two, session(1, true), 1, RouteRule::session},
        {"new, not at a draining one", {node(kOnline), node(kDraining)}, session(1, true), 0},
        {"new, not at a suspect one", {node(kOnline), suspect(node(kOnline))}, session(1, true), 0},
        {"after the cookie", two,
         [] {
             auto request = session(1);
             request.has_fixed_cookie = true;
             request.fixed_node = 0;
             return request;
         }(),
         0, RouteRule::fixed_node},
    });
}

TEST(RoutingChoice, NeverMoreThanHalfOfTheNodesIsEjected) {
    const auto may = [](std::vector<RoutedNode> nodes, std::size_t index) {
        return may_eject(RoutingView{nodes}, index);
    };
    const RoutedNode well = node(kOnline);
    EXPECT_FALSE(may({well}, 0)) << "never the last one";
    EXPECT_TRUE(may({well, well}, 0));
    EXPECT_FALSE(may({ejected(well), well}, 1));
    EXPECT_FALSE(may({ejected(well), well, well}, 1));
    EXPECT_TRUE(may({ejected(well), well, well, well}, 1));
    EXPECT_FALSE(may({ejected(well), node(kOffline), well, well}, 2));
    EXPECT_FALSE(may({ejected(well), well, well, well}, 0)) << "it is already";
    EXPECT_FALSE(may({node(kOffline), well, well, well}, 0)) << "the controller knows";
}

TEST(RoutingChoice, RulesHaveTheNamesOfTheHeader) {
    const std::array<std::string_view, 7> names{
        "load-balancer", "fixed-node", "monitor-owner", "session", "setup", "forced", "hash"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        EXPECT_EQ(to_string(static_cast<RouteRule>(i)), names[i]);
    }
}

}  // namespace
}  // namespace higuma::policy
