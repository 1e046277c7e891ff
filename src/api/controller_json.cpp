#include "api/controller_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <map>

namespace higuma::api {

namespace json = boost::json;
using cluster::ControllerView;
using cluster::NodeView;

namespace {

std::int64_t unix_seconds(WallTime time) {
    return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}

json::value time_or_null(const std::optional<WallTime>& time) {
    return time ? json::value(format_iso_time(*time)) : json::value(nullptr);
}

json::value millis_or_null(const std::optional<Millis>& span) {
    return span ? json::value(span->count()) : json::value(nullptr);
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

// An instant of the monotonic clock as the time of day that it was, or will be.
WallTime wall_of(Instant at, const ViewTime& time) {
    return time.wall + std::chrono::round<Millis>(at - time.now);
}

json::object database_json(const ControllerView& view) {
    return {{"reachable", view.database_reachable}, {"error", text_or_null(view.database_error)}};
}

json::object leader_json(const ControllerView& view, const std::string& self) {
    return {{"self", self},
            {"is_leader", view.leader},
            {"holder", text_or_null(view.leader_holder)},
            {"term", view.leader_term}};
}

json::array gateways_json(const ControllerView& view) {
    json::array rows;
    for (const auto& one : view.gateways) {
        rows.push_back(json::object{{"id", one.gateway.id},
                                    {"address", one.gateway.address},
                                    {"version", one.gateway.version},
                                    {"started", format_iso_time(one.gateway.started)},
                                    {"last_seen", format_iso_time(one.gateway.last_seen)},
                                    {"seen_lately", one.seen_lately},
                                    {"leads", one.leads},
                                    {"self", one.self}});
    }
    return rows;
}

json::object statistics_json(const ControllerView& view) {
    const auto& s = view.statistics;
    return {{"started", format_iso_time(s.started)},
            {"check_count", s.check_count},
            {"success_count", s.success_count},
            {"fail_count", s.fail_count},
            {"cycles", s.cycles},
            {"last_check", time_or_null(s.last_check)},
            {"last_cycle", time_or_null(s.last_cycle)}};
}

json::object detection_json(const ControllerView& view) {
    const auto& s = view.statistics;
    json::array suspects;
    for (const auto& suspect : view.suspects) {
        suspects.emplace_back(json::object{{"node_id", suspect.node}, {"reason", suspect.reason}});
    }
    return {{"scans", s.scans},
            {"last_scan", time_or_null(s.last_scan)},
            {"suspects", std::move(suspects)},
            {"connections_closed", s.liveness_closed},
            {"detections", s.detections},
            {"last_time_to_detect_ms", millis_or_null(s.last_time_to_detect)}};
}

json::object moves_json(const ControllerView& view) {
    const auto& s = view.statistics;
    return {{"state", view.moving ? "moving" : "idle"},
            {"running", view.moving},
            {"monitors_moved", s.monitors_moved},
            {"moves_refused", s.moves_refused},
            {"failovers", s.failovers},
            {"recoveries", s.recoveries},
            {"last_failover_took_ms", millis_or_null(s.last_failover_took)}};
}

json::object capacity_row(const NodeView& node) {
    return {{"node_id", node.node.id.value},
            {"current_count", node.monitors},
            {"limit_per_node", node.limit},
            {"usage_percent", usage_percent(node.monitors, node.limit)},
            {"checks_per_second", two_places(node.checks_per_second)}};
}

json::object node_row(const NodeView& node, const ViewTime& time) {
    const auto& h = node.health;
    json::object row{{"node_id", node.node.id.value},
                     {"name", node.node.name},
                     {"host", node.node.host},
                     {"status", to_string(node.node.status)},
                     {"status_since", time_or_null(node.node.status_since)},
                     {"last_seen", time_or_null(node.node.last_seen)},
                     {"is_primary", node.node.is_primary},
                     {"version", node.node.version},
                     {"monitor_count", node.monitors},
                     {"monitors_away", node.away},
                     {"limit", node.limit},
                     {"usage_percent", usage_percent(node.monitors, node.limit)},
                     {"checks_per_second", two_places(node.checks_per_second)}};
    row["consecutive_successes"] = h.consecutive_successes;
    row["consecutive_failures"] = h.consecutive_failures;
    row["last_error"] = text_or_null(h.last_error);
    row["since"] = format_iso_time(wall_of(h.since, time));
    row["own_status"] = to_string(h.status);
    row["suspect"] = h.consecutive_failures > 0;
    row["draining"] = h.draining;
    row["drain_strategy"] = text_or_null(node.node.drain_strategy);
    row["drain_target"] =
        node.node.drain_target ? json::value(node.node.drain_target->value) : json::value(nullptr);
    row["load"] = two_places(node.load);
    row["announced_load"] =
        node.announced_load ? json::value(*node.announced_load) : json::value(nullptr);
    row["pinned"] = node.pinned;
    row["slow_start_percent"] = node.ramp_permille / 10;
    row["held_until"] = h.held_until ? json::value(format_iso_time(wall_of(*h.held_until, time)))
                                     : json::value(nullptr);
    row["recent_failures"] = h.went_offline.size();
    row["address"] = text_or_null(node.address);
    row["address_error"] = text_or_null(node.address_error);
    row["last_check"] = time_or_null(node.last_check);
    row["last_latency_ms"] = millis_or_null(node.last_latency);
    row["checks_ok"] = node.checks_ok;
    row["checks_failed"] = node.checks_failed;
    return row;
}

json::object cluster_json(const ControllerView& view) {
    std::map<NodeStatus, int> by_status;
    for (const auto& node : view.nodes) ++by_status[node.node.status];
    return {{"nodes_total", view.nodes.size()},
            {"nodes_online", by_status[NodeStatus::online]},
            {"nodes_offline", by_status[NodeStatus::offline]},
            {"nodes_recovering", by_status[NodeStatus::recovering]},
            {"nodes_draining", by_status[NodeStatus::draining]},
            {"nodes_unknown", by_status[NodeStatus::unknown]},
            {"monitors_total", view.monitors_total},
            {"monitors_active", view.monitors_active},
            {"monitors_unplaced", view.monitors_unplaced},
            {"setup_complete", view.setup_complete},
            {"primary_node", text_or_null(view.primary_node)},
            {"route_generation", view.route_generation},
            {"database", database_json(view)}};
}

json::object event_row(const store::ClusterEvent& event) {
    return {{"id", event.id},
            {"time", format_iso_time(event.time)},
            {"kind", event.kind},
            {"node_id", event.node ? json::value(event.node->value) : json::value(nullptr)},
            {"monitors", event.monitors},
            {"took_ms", event.took_ms},
            {"detail", event.detail}};
}

json::array event_rows(const std::vector<store::ClusterEvent>& events) {
    json::array rows;
    for (const auto& event : events) rows.push_back(event_row(event));
    return rows;
}

}  // namespace

double two_places(double value) { return std::round(value * 100.0) / 100.0; }

double usage_percent(std::int64_t count, std::int64_t limit) {
    if (limit <= 0) return 0;
    return two_places(100.0 * static_cast<double>(count) / static_cast<double>(limit));
}

json::object liveness_json(const ControllerApiContext& context, WallTime now) {
    return {{"status", "healthy"},
            {"timestamp", unix_seconds(now)},
            {"service", "higuma-gateway"},
            {"version", context.version}};
}

json::object system_json(const ControllerApiContext& context, const ControllerView& view,
                         ViewTime time) {
    json::array capacity, nodes;
    std::int64_t total = 0, limit = 0;
    for (const auto& node : view.nodes) {
        capacity.push_back(capacity_row(node));
        nodes.push_back(node_row(node, time));
        total += node.monitors;
        limit += node.limit;
    }
    auto health = statistics_json(view);
    health["nodes"] = std::move(nodes);
    return {{"timestamp", unix_seconds(view.now)},
            {"cluster", cluster_json(view)},
            {"capacity",
             {{"limit_per_node", context.monitor_limit_per_node},
              {"current_count", total},
              {"limit", limit},
              {"usage_percent", usage_percent(total, limit)},
              {"nodes", std::move(capacity)}}},
            {"health", std::move(health)},
            {"fault_detection", detection_json(view)},
            {"rebalancing", moves_json(view)},
            {"leader", leader_json(view, context.self)},
            {"gateways", gateways_json(view)}};
}

json::object nodes_json(const ControllerView& view, ViewTime time) {
    json::array nodes;
    for (const auto& node : view.nodes) nodes.push_back(node_row(node, time));
    return {{"timestamp", unix_seconds(view.now)},
            {"total_count", view.nodes.size()},
            {"is_leader", view.leader},
            {"database", database_json(view)},
            {"nodes", std::move(nodes)}};
}

json::object health_status_json(const ControllerApiContext& context, const ControllerView& view) {
    auto out = statistics_json(view);
    out["timestamp"] = unix_seconds(view.now);
    out["debug_enabled"] = context.debug_enabled;
    out["is_leader"] = view.leader;
    out["database"] = database_json(view);
    return out;
}

json::object fault_detection_json(const ControllerView& view, ViewTime time) {
    auto out = detection_json(view);
    json::array suspects;
    for (const auto& node : view.nodes) {
        const auto& health = node.health;
        if (health.consecutive_failures == 0) continue;
        const auto first = health.first_failure.value_or(health.since);
        suspects.push_back(json::object{{"node_id", node.node.id.value},
                                        {"status", to_string(health.status)},
                                        {"failures_in_row", health.consecutive_failures},
                                        {"since", format_iso_time(wall_of(first, time))},
                                        {"last_error", text_or_null(health.last_error)}});
    }
    out["timestamp"] = unix_seconds(view.now);
    out["found_by_last_scan"] = out["suspects"];
    out["suspects"] = std::move(suspects);
    out["is_leader"] = view.leader;
    out["failovers"] = view.statistics.failovers;
    return out;
}

json::object history_json(const ControllerView& view,
                          const std::vector<store::ClusterEvent>& events) {
    json::array nodes;
    for (const auto& node : view.nodes) {
        const auto checks = node.checks_ok + node.checks_failed;
        nodes.push_back(json::object{
            {"node_id", node.node.id.value},
            {"status", to_string(node.node.status)},
            {"checks_ok", node.checks_ok},
            {"checks_failed", node.checks_failed},
            {"success_percent", usage_percent(static_cast<std::int64_t>(node.checks_ok),
                                              static_cast<std::int64_t>(checks))},
            {"last_check", time_or_null(node.last_check)},
            {"last_latency_ms", millis_or_null(node.last_latency)}});
    }
    std::vector<store::ClusterEvent> newest_first(events.rbegin(), events.rend());
    std::vector<store::ClusterEvent> failovers, recoveries;
    for (const auto& event : newest_first) {
        if (event.kind == "failover") failovers.push_back(event);
        if (event.kind == "recovery") recoveries.push_back(event);
    }
    auto statistics = statistics_json(view);
    statistics["failovers"] = view.statistics.failovers;
    statistics["recoveries"] = view.statistics.recoveries;
    statistics["nodes"] = std::move(nodes);
    return {{"timestamp", unix_seconds(view.now)},
            {"heartbeat", std::move(statistics)},
            {"failovers", event_rows(failovers)},
            {"recoveries", event_rows(recoveries)},
            {"history", event_rows(newest_first)}};
}

json::object setup_json(const ControllerView& view) {
    return {{"setup_complete", view.setup_complete},
            {"routing_mode", view.setup_complete ? "load-balancer" : "setup"},
            {"primary_node", text_or_null(view.primary_node)}};
}

json::object available_json(const ControllerView& view) {
    json::array nodes;
    for (const auto& node : view.nodes) {
        if (node.node.status != NodeStatus::online) continue;
        nodes.push_back(json::object{{"node_id", node.node.id.value},
                                     {"name", node.node.name},
                                     {"monitor_count", node.monitors},
                                     {"set_url", "/lb/fixed-node/" + node.node.id.value}});
    }
    const auto count = nodes.size();
    return {
        {"nodes", std::move(nodes)}, {"total_count", count}, {"clear_url", "/lb/clear-fixed-node"}};
}

json::object cycle_json(const cluster::CycleResult& result, WallTime now) {
    json::array nodes;
    std::int64_t healthy = 0;
    for (const auto& one : result.nodes) {
        healthy += one.ok ? 1 : 0;
        nodes.push_back(json::object{{"node_id", one.node.value},
                                     {"status", to_string(one.status)},
                                     {"ok", one.ok},
                                     {"error", text_or_null(one.error)},
                                     {"took_ms", one.took.count()}});
    }
    const auto total = static_cast<std::int64_t>(result.nodes.size());
    return {
        {"ok", true},         {"timestamp", unix_seconds(now)}, {"took_ms", result.took.count()},
        {"healthy", healthy}, {"unhealthy", total - healthy},   {"nodes", std::move(nodes)}};
}

json::object stored_health_json(const std::vector<Node>& nodes,
                                const std::vector<store::NodeCapacity>& counts, WallTime now) {
    std::map<std::string, std::int64_t> monitors;
    for (const auto& count : counts) monitors[count.node.value] = count.current_count;
    json::array rows;
    for (const auto& node : nodes) {
        rows.push_back(json::object{{"node_id", node.id.value},
                                    {"status", to_string(node.status)},
                                    {"last_seen", time_or_null(node.last_seen)},
                                    {"monitor_count", monitors[node.id.value]}});
    }
    return {{"timestamp", unix_seconds(now)}, {"nodes", std::move(rows)}};
}

json::object stored_capacity_json(const std::vector<store::NodeCapacity>& counts,
                                  int limit_per_node) {
    json::array rows;
    for (const auto& count : counts) {
        rows.push_back(
            json::object{{"node_id", count.node.value},
                         {"current_count", count.current_count},
                         {"limit_per_node", count.limit},
                         {"usage_percent", usage_percent(count.current_count, count.limit)}});
    }
    return {{"limit_per_node", limit_per_node}, {"nodes", std::move(rows)}};
}

json::object events_json(const std::vector<store::ClusterEvent>& events) {
    return {{"events", event_rows(events)}};
}

}  // namespace higuma::api
