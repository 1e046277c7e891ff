// The types that look at nothing themselves: a group is as bad as the worst of its children, a
// manual monitor is what somebody said. Texts and rules are those of Uptime Kuma 2.5.3.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "policy/beat_machine.hpp"

namespace higuma::policy {

struct GroupChild {
    MonitorId id;
    std::string name;
    std::optional<BeatStatus> status;  // of its last beat; none: it has none yet
};

struct GroupState {
    MonitorId group;
    std::size_t children = 0;  // paused ones too
    std::vector<GroupChild>
        troubled;  // of those that are not paused: DOWN, PENDING or without beat
};

CheckOutcome group_outcome(const GroupState& state);

// What `manual_status` of the monitor says.
CheckOutcome manual_outcome(const Monitor& monitor);

}  // namespace higuma::policy
