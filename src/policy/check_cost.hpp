// What one check costs the node that makes it, relative to an HTTP check: placement and rebalancing
// weigh checks per second by it. docs/decisions/0008-load-of-a-monitor.md says how it was measured.
#pragma once

#include <cstdint>
#include <string_view>

namespace higuma::policy {

// An index that fits into a byte, so that a controller can hold it for each of a million monitors.
using CostClass = std::uint8_t;

CostClass cost_class_of(std::string_view type);  // an unknown type counts as an HTTP check
float cost_of(CostClass kind);

// Checks per second, weighed.
float load_of(CostClass kind, int interval_seconds);

}  // namespace higuma::policy
