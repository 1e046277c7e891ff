// Cells of a result as the model's types.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "store/database.hpp"

namespace higuma::store {

inline std::optional<NodeId> node_of(Cell cell) {
    if (!cell) return std::nullopt;
    return NodeId{std::string(*cell)};
}

inline std::optional<WallTime> time_of(Cell cell) {
    return cell ? parse_time(*cell) : std::nullopt;
}

}  // namespace higuma::store
