// Writes route tables for tests and benchmarks from lines on standard input:
//
//   generation N | setup yes|no | forced ID | algorithm least_monitors|least_connections|weighted
//   node ID ADDRESS|- STATE MONITORS [suspect] [primary] [ramp=PERMILLE] [weight=PERCENT]
//        [load=PERMILLE]                                                       for `nodes`
//   owners ID…                the nodes, then:                                 for `owners`
//   monitor ID NODE | token TEXT NODE | monitors COUNT (1 to COUNT, over the nodes in turn)
//
// Usage: route_table_tool nodes|owners FILE
#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "routing/table.hpp"

namespace {

using namespace higuma::routing;

constexpr std::array<std::string_view, 5> kStates{"unknown", "online", "recovering", "draining",
                                                  "offline"};
constexpr std::array<std::string_view, 3> kAlgorithms{"least_monitors", "least_connections",
                                                      "weighted"};

template <class Enum, std::size_t Size>
Enum enum_from(const std::array<std::string_view, Size>& names, const std::string& text) {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) throw std::runtime_error("unknown word " + text);
    return static_cast<Enum>(found - names.begin());
}

std::uint32_t number_from(const std::string& text) {
    return static_cast<std::uint32_t>(std::stoul(text));
}

RouteNode node_from(std::istringstream& words) {
    RouteNode node;
    std::string state, word;
    words >> node.id >> node.address >> state >> node.monitors;
    if (node.address == "-") node.address.clear();
    node.state = enum_from<NodeState>(kStates, state);
    while (words >> word) {
        node.suspect |= word == "suspect";
        node.primary |= word == "primary";
        if (word.starts_with("ramp=")) node.ramp_permille = number_from(word.substr(5));
        if (word.starts_with("weight=")) node.weight = number_from(word.substr(7));
        if (word.starts_with("load=")) node.announced_load_permille = number_from(word.substr(5));
    }
    return node;
}

std::uint16_t index_of(const OwnerTable& owners, const std::string& id) {
    const auto found = std::find(owners.node_ids.begin(), owners.node_ids.end(), id);
    if (found == owners.node_ids.end()) throw std::runtime_error("unknown node " + id);
    return static_cast<std::uint16_t>(found - owners.node_ids.begin());
}

void add_line(const std::string& line, NodeTable& nodes, OwnerTable& owners) {
    std::istringstream words(line);
    std::string kind, text, node;
    std::uint64_t number = 0;
    if (!(words >> kind)) return;
    if (kind == "generation") {
        words >> number;
        nodes.generation = owners.generation = number;
    } else if (kind == "setup") {
        words >> text;
        nodes.setup_complete = text == "yes";
    } else if (kind == "forced") {
        words >> nodes.forced;
    } else if (kind == "algorithm") {
        words >> text;
        nodes.algorithm = enum_from<Algorithm>(kAlgorithms, text);
    } else if (kind == "node") {
        nodes.nodes.push_back(node_from(words));
    } else if (kind == "owners") {
        owners.node_ids.assign(std::istream_iterator<std::string>(words), {});
    } else if (kind == "monitor") {
        words >> number >> node;
        owners.monitors.emplace_back(number, index_of(owners, node));
    } else if (kind == "token") {
        words >> text >> node;
        owners.push_tokens.emplace_back(text, index_of(owners, node));
    } else if (kind == "monitors") {
        words >> number;
        for (std::uint64_t id = 1; id <= number; ++id) {
            owners.monitors.emplace_back(id, id % owners.node_ids.size());
        }
    } else {
        throw std::runtime_error("unknown line: " + line);
    }
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) throw std::runtime_error("usage: route_table_tool nodes|owners FILE");
    NodeTable nodes;
    nodes.setup_complete = true;
    OwnerTable owners;
    for (std::string line; std::getline(std::cin, line);) add_line(line, nodes, owners);
    const std::string error = std::string_view(argv[1]) == "nodes"
                                  ? write_node_table(argv[2], nodes)
                                  : write_owner_table(argv[2], owners);
    if (!error.empty()) throw std::runtime_error(error);
    return 0;
} catch (const std::exception& error) {
    std::cerr << "route_table_tool: " << error.what() << '\n';
    return 1;
}
