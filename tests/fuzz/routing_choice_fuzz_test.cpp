#include <gtest/gtest.h>

#include <random>

#include "policy/routing_choice.hpp"

namespace higuma::policy {
namespace {

using Random = std::mt19937_64;

std::optional<std::size_t> some_index(std::size_t nodes, Random& random) {
    if (random() % 3 == 0) return std::nullopt;
    return random() % (nodes + 2);  // now and then one that is not there
}

RoutedNode some_node(Random& random) {
    const auto some = [&](std::initializer_list<std::uint32_t> values) {
        return *(values.begin() + random() % values.size());
    };
    RoutedNode node;
    node.status = static_cast<NodeStatus>(random() % 5);
    node.suspect = random() % 4 == 0;
    node.ejected = random() % 4 == 0;
    node.primary = random() % 4 == 0;
    node.reachable = random() % 8 != 0;
    node.monitors = some({0, 1, 1000, 4'000'000, 0xFFFFFFFF});
    node.ramp_permille = some({0, 1, 500, 1000, 0xFFFFFFFF});
    node.weight = some({0, 1, 100, 100'000});
    node.announced_load_permille = some({0, 1, 999, 1000, 0xFFFFFFFF});
    node.in_flight = some({0, 1, 1'000'000});
    node.recent = some({0, 7});
    node.turns_used = random() % 3 == 0 ? random() >> 8 : random() % 1000;
    return node;
}

// Whatever the tables and the request say: a choice is a node that is there, was not tried, and has
// an address; and there is a choice while an online node is left.
TEST(Fuzz, RoutingChoice) {
    for (std::uint64_t seed = 1; seed <= 50'000; ++seed) {
        Random random(seed);
        std::vector<RoutedNode> nodes(random() % 6);
        for (RoutedNode& node : nodes) node = some_node(random);
        RoutingView view{nodes};
        view.setup_complete = random() % 4 != 0;
        view.owners_known = random() % 4 != 0;
        view.stale = random() % 4 == 0;
        view.forced = some_index(nodes.size(), random);
        view.algorithm = static_cast<Algorithm>(random() % 3);
        view.rotation = static_cast<std::uint32_t>(random());
        view.turns_then = random() >> 8;
        RouteRequest request;
        request.has_fixed_cookie = random() % 2 == 0;
        request.fixed_node = some_index(nodes.size(), random);
        request.session_node = some_index(nodes.size(), random);
        request.new_session = random() % 2 == 0;
        if (random() % 2 == 0) request.monitor_id = random();
        request.owner = some_index(nodes.size(), random);
        for (std::size_t i = 0; i < nodes.size(); ++i) request.tried.set(i, random() % 3 == 0);

        const RouteChoice choice = choose_route(view, request);
        bool left = false;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            left |= nodes[i].status == NodeStatus::online && nodes[i].reachable &&
                    !request.tried.test(i);
        }
        ASSERT_TRUE(choice.node || !left) << "seed " << seed;
        if (!choice.node) continue;
        ASSERT_LT(*choice.node, nodes.size()) << "seed " << seed;
        ASSERT_FALSE(request.tried.test(*choice.node)) << "seed " << seed;
        ASSERT_TRUE(nodes[*choice.node].reachable) << "seed " << seed;
        note_turn(nodes[*choice.node], view.turns_then);
        may_eject(view, *choice.node);
    }
}

}  // namespace
}  // namespace higuma::policy
