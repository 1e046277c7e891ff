// What all gateways must agree on and what survives restarts: `cluster_setting`, a name and a value
// each. Read by every poll, so keep values small.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "store/cluster.hpp"
#include "store/database.hpp"

namespace higuma::store {

inline constexpr const char* kForcedNodeSetting = "forced_node";
inline constexpr const char* kRebalancingSetting = "rebalancing";  // JSON

using ClusterSettings = std::map<std::string, std::string>;
Result<ClusterSettings> list_cluster_settings(Connection& db);

// Replaces a value after `allowed` has seen the present one, in one transaction: of two who ask at
// once the second sees what the first wrote. None removes it. Failures: what `allowed` says.
using SettingGuard = std::function<Result<void>(const std::optional<std::string>& present)>;
Result<void> replace_cluster_setting(Connection& db, const std::string& name,
                                     const std::optional<std::string>& value,
                                     const SettingGuard& allowed);

// Within the caller's transaction.
Result<void> put_cluster_setting(Connection& db, const std::string& name, const std::string& value);

// The leader's own write. Failures: stale when the term is no longer current.
Result<void> write_cluster_setting(Connection& db, const LeaderTerm& leader,
                                   const std::string& name, const std::string& value);

}  // namespace higuma::store
