// What the controller's endpoints answer, made from its view and from rows: pure functions, so that
// each field has one place.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "api/controller_api.hpp"

namespace higuma::api {

// What every answer about time is made from.
struct ViewTime {
    WallTime wall{};
    Instant now{};
};

boost::json::object liveness_json(const ControllerApiContext& context, WallTime now);  // /health
boost::json::object system_json(const ControllerApiContext& context,
                                const cluster::ControllerView& view, ViewTime time);
boost::json::object nodes_json(const cluster::ControllerView& view, ViewTime time);
boost::json::object health_status_json(const ControllerApiContext& context,
                                       const cluster::ControllerView& view);
boost::json::object fault_detection_json(const cluster::ControllerView& view, ViewTime time);
boost::json::object history_json(const cluster::ControllerView& view,
                                 const std::vector<store::ClusterEvent>& events);
boost::json::object setup_json(const cluster::ControllerView& view);
boost::json::object available_json(const cluster::ControllerView& view);
boost::json::object cycle_json(const cluster::CycleResult& result, WallTime now);

boost::json::object stored_health_json(const std::vector<Node>& nodes,
                                       const std::vector<store::NodeCapacity>& counts,
                                       WallTime now);  // /lb/health
boost::json::object stored_capacity_json(const std::vector<store::NodeCapacity>& counts,
                                         int limit_per_node);
boost::json::object events_json(const std::vector<store::ClusterEvent>& events);

double two_places(double value);  // rounded, for people
// 12.35: of `limit`, rounded to two places; 0 without a limit.
double usage_percent(std::int64_t count, std::int64_t limit);

}  // namespace higuma::api
