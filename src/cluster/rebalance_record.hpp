// The running or last rebalancing as the database keeps it: a request by any gateway, carried out
// by whoever leads. Pure values and their JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "policy/rebalancing.hpp"

namespace higuma::cluster {

enum class RebalanceKind : std::uint8_t { balance, all };
enum class RebalanceState : std::uint8_t { idle, requested, running, done, failed };

std::string_view to_string(RebalanceKind kind);    // "balance", "all"
std::string_view to_string(RebalanceState state);  // "idle", "requested", ...

struct RebalanceRecord {
    std::int64_t id = 0;  // grows with each request
    RebalanceKind kind = RebalanceKind::balance;
    RebalanceState state = RebalanceState::idle;
    std::string actor;
    std::uint64_t planned = 0, done = 0, failed = 0;  // moves
    std::optional<WallTime> requested, started, finished;
    policy::BalanceFigures figures;  // of the plan
    std::string error;               // why it waits or failed

    bool active() const {
        return state == RebalanceState::requested || state == RebalanceState::running;
    }
};

std::string to_text(const RebalanceRecord& record);  // JSON
// Text that another version wrote: unknown members are skipped, what cannot be read is idle.
RebalanceRecord rebalance_record_from(std::string_view text);

}  // namespace higuma::cluster
