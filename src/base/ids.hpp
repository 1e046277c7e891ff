// Distinct types for every id, so that a monitor's id cannot be passed where a user's is meant.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace higuma {

template <class Tag>
struct Id {
    std::int64_t value{};
    auto operator<=>(const Id&) const = default;
};

using MonitorId = Id<struct MonitorTag>;
using UserId = Id<struct UserTag>;
using ApiKeyId = Id<struct ApiKeyTag>;

// Counts changes of a monitor's effective node; only the current one may write beats.
struct Epoch {
    std::uint64_t value{};
    auto operator<=>(const Epoch&) const = default;
};

// Counts starts of processes under one node id; only the newest one may write beats.
struct Incarnation {
    std::uint64_t value{};
    auto operator<=>(const Incarnation&) const = default;
};

// A position in the cluster-wide sequence of changes of monitors.
struct ChangeSeq {
    std::uint64_t value{};
    auto operator<=>(const ChangeSeq&) const = default;
};

// A node's name in the cluster, such as "node1": 1 to 50 of [A-Za-z0-9._-].
struct NodeId {
    std::string value;
    auto operator<=>(const NodeId&) const = default;
};

bool is_valid_node_id(std::string_view text);

}  // namespace higuma

template <class Tag>
struct std::hash<higuma::Id<Tag>> {
    std::size_t operator()(const higuma::Id<Tag>& id) const noexcept {
        return std::hash<std::int64_t>{}(id.value);
    }
};
template <>
struct std::hash<higuma::NodeId> {
    std::size_t operator()(const higuma::NodeId& id) const noexcept {
        return std::hash<std::string>{}(id.value);
    }
};
