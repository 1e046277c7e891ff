// The JSON of GET /lb/live from what the controller, the index and the database's last answers say.
// Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include "api/live_beats.hpp"
#include "api/live_index.hpp"
#include "cluster/controller.hpp"

namespace higuma::api {

// `index` may be null: nothing is loaded.
boost::json::array live_nodes_json(const cluster::ControllerView& view, const LiveIndex* index,
                                   Instant now);
boost::json::object live_cluster_json(const cluster::ControllerView& view, const LiveIndex* index);
// `bars` may be null; beats with an id up to `beats_after` are left out.
boost::json::object live_monitor_json(const LiveRow& row, const LiveBars* bars,
                                      std::int64_t beats_after);
boost::json::array live_events_json(const std::vector<store::ClusterEvent>& events);
boost::json::array live_changes_json(const std::vector<store::LiveChange>& changes,
                                     const LiveIndex* index);

}  // namespace higuma::api
