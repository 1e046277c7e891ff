// The route table: the controller's snapshot that nginx workers map and read. Two files of one
// container format, replaced by rename: `nodes` (small, written at each change of state or load)
// and `owners` (monitor -> node, push token -> node; written when assignments change). Plain C++,
// no dependency.
//
// A file is: a fixed header (magic, format version, kind, total size, generation, XXH3-64 checksums
// of itself and of everything behind it, entry counts), then arrays. Readers accept it only when
// magic, version, kind, size, bounds of every section and checksum verify; otherwise the last good
// table stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace higuma::routing {

inline constexpr std::size_t kMaxNodes = 256;
inline constexpr std::size_t kMaxNodeName = 50;

inline constexpr std::uint32_t kMaxWeight = 100'000;

enum class NodeState : std::uint8_t { unknown, online, recovering, draining, offline };

// How requests that no rule sends to a certain node are spread.
enum class Algorithm : std::uint8_t { least_monitors, least_connections, weighted };

struct RouteNode {
    std::string id;  // "node1"
    std::string
        address;  // resolved "ip:port" (IPv6 in brackets), or "unix:/path"; empty: not reachable
    NodeState state = NodeState::unknown;
    bool suspect = false;  // a check has failed and the threshold has not decided yet
    bool primary = false;
    std::uint32_t monitors = 0;                 // active monitors
    std::uint32_t ramp_permille = 1000;         // slow start: share of its fair load, 1000 = all
    std::uint32_t weight = 100;                 // stated capacity in percent, up to kMaxWeight
    std::uint32_t announced_load_permille = 0;  // as the node says of itself; 0: it says nothing
};

struct NodeTable {
    std::uint64_t generation = 0;
    bool setup_complete = false;
    std::string forced;  // id of the node that all requests go to while it is online; empty: none
    Algorithm algorithm = Algorithm::least_monitors;
    std::vector<RouteNode> nodes;  // in the order of hash routing: sorted by id
};

struct OwnerTable {
    std::uint64_t generation = 0;
    std::vector<std::string> node_ids;                              // owners index into this
    std::vector<std::pair<std::uint64_t, std::uint16_t>> monitors;  // id, index of node
    std::vector<std::pair<std::string, std::uint16_t>> push_tokens;
};

// Writes `path` by a temporary file, fsync-free rename in the same folder. Returns an error text or
// "".
std::string write_node_table(const std::string& path, const NodeTable& table);
std::string write_owner_table(const std::string& path, const OwnerTable& table);

// Says "still current" of an unchanged file. A reader holds a nodes file that was neither written
// nor touched for some seconds for stale (its controller is gone), so call one of the two every
// second.
std::string touch_table(const std::string& path);

// The bytes: table_format.hpp. Verified views over them: table_view.hpp. Reading a file in slices:
// table_loader.hpp.

}  // namespace higuma::routing
