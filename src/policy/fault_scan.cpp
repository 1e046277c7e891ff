#include "policy/fault_scan.hpp"

namespace higuma::policy {

namespace {

std::optional<Suspicion> suspicion_of(const ScanLimits& limits, const ScannedNode& node) {
    if (node.status == NodeStatus::offline) return std::nullopt;
    if (node.consecutive_failures > 0) return Suspicion::failing;
    if (node.since_check > limits.check_overdue) return Suspicion::unchecked;
    if (node.lease_lapsed && *node.lease_lapsed > limits.lease_grace) {
        return Suspicion::lease_lapsed;
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Suspicion suspicion) {
    switch (suspicion) {
        case Suspicion::failing:
            return "its checks fail";
        case Suspicion::unchecked:
            return "no check of it has ended";
        case Suspicion::lease_lapsed:
            return "it does not renew its lease in the database";
    }
    return "";
}

std::vector<Suspect> scan_for_faults(const ScanLimits& limits, std::span<const ScannedNode> nodes) {
    std::vector<Suspect> suspects;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (const auto why = suspicion_of(limits, nodes[i])) suspects.push_back({i, *why});
    }
    return suspects;
}

}  // namespace higuma::policy
