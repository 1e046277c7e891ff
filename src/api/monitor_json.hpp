// Monitors as JSON: one table of fields says each one's name, Uptime Kuma's name for it, its type
// and its range. Reading checks against it; writing answers the database's column names.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/beat.hpp"
#include "model/monitor.hpp"
#include "store/monitors.hpp"

namespace higuma::api {

boost::json::object monitor_to_json(const Monitor& monitor);
boost::json::object beat_to_json(const store::StoredBeat& stored);

enum class MonitorEdit {
    create,   // `base` is a fresh monitor; node_id may be given
    replace,  // PUT: settings that are not given get their defaults
    patch,    // PATCH: settings that are not given stay
};

// `base` with the settings of `input`, checked as a whole. `types`: those that a node can run.
// Failures: invalid_input naming the field, also for an unknown one and for one that cannot be
// changed.
Result<Monitor> monitor_from_json(const boost::json::object& input, MonitorEdit edit,
                                  const Monitor& base, const std::vector<std::string_view>& types);

// What must hold between the fields of one monitor, by its type.
Result<void> check_monitor(const Monitor& monitor, const std::vector<std::string_view>& types);

}  // namespace higuma::api
