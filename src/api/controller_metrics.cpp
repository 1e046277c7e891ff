// The gateway's and its controller's own figures for Prometheus. Everything is from memory, so that
// it answers also while the database is away; nginx's counters are left out when it does not
// answer.
#include <boost/json/value.hpp>

#include "api/controller_handlers.hpp"
#include "api/prometheus.hpp"
#include "base/process_stats.hpp"

namespace higuma::api {

namespace json = boost::json;
using cluster::ControllerView;
using cluster::NodeView;

namespace {

constexpr double kPermille = 1'000;
constexpr double kFullWeight = 100;  // percent
constexpr std::array kStates{NodeStatus::online, NodeStatus::recovering, NodeStatus::draining,
                             NodeStatus::offline, NodeStatus::unknown};

double seconds(Millis span) { return std::chrono::duration<double>(span).count(); }

double count(std::uint64_t value) { return static_cast<double>(value); }

void add_identity(PrometheusText& out, const ControllerApiContext& context,
                  const ControllerView& view) {
    out.gauge("higuma_build_info", "The running version; always 1.")
        .add(1, {{"version", context.version}, {"gateway", context.self}});
    auto gateways =
        out.gauge("higuma_gateways", "Gateways of the cluster, by whether they were seen lately.");
    const auto lately = std::count_if(view.gateways.begin(), view.gateways.end(),
                                      [](const auto& one) { return one.seen_lately; });
    gateways.add(static_cast<double>(lately), {{"seen", "lately"}})
        .add(count(view.gateways.size()) - static_cast<double>(lately), {{"seen", "not_lately"}});
    out.gauge("higuma_leader", "1 while this gateway's controller leads.").add(view.leader);
    out.gauge("higuma_leader_known", "1 while some controller holds the leader's lease.")
        .add(!view.leader_holder.empty() && view.database_reachable);
    out.gauge("higuma_leader_term", "Grows with each change of the leader.")
        .add(count(view.leader_term));
}

void add_nodes(PrometheusText& out, const ControllerView& view) {
    auto nodes = out.gauge("higuma_nodes", "Nodes by state.");
    for (const auto state : kStates) {
        const auto found = std::count_if(view.nodes.begin(), view.nodes.end(),
                                         [&](const auto& one) { return one.node.status == state; });
        nodes.add(static_cast<double>(found), {{"state", to_string(state)}});
    }
    auto states = out.gauge("higuma_node_state", "1 for the state that the node is in.");
    for (const auto& node : view.nodes) {
        for (const auto state : kStates) {
            states.add(node.node.status == state,
                       {{"node", node.node.id.value}, {"state", to_string(state)}});
        }
    }
}

// Gauges that each node has one of.
struct NodeGauge {
    std::string_view name;
    std::string_view help;
    double (*value)(const NodeView&);
};

const std::array kNodeGauges{
    NodeGauge{"higuma_node_monitors", "Active monitors that run on the node.",
              [](const NodeView& n) { return double(n.monitors); }},
    NodeGauge{"higuma_node_monitor_limit", "Monitors that the node has room for.",
              [](const NodeView& n) { return double(n.limit); }},
    NodeGauge{"higuma_node_pinned_monitors", "Active monitors that are pinned to the node.",
              [](const NodeView& n) { return double(n.pinned); }},
    NodeGauge{"higuma_node_checks_per_second", "Checks that the node's monitors ask for.",
              [](const NodeView& n) { return n.checks_per_second; }},
    NodeGauge{"higuma_node_load", "Checks per second, weighed by what one costs.",
              [](const NodeView& n) { return n.load; }},
    NodeGauge{"higuma_node_weight_ratio", "The node's stated capacity; 1 is the ordinary one.",
              [](const NodeView& n) { return n.node.weight.value_or(kFullWeight) / kFullWeight; }},
    NodeGauge{"higuma_node_slow_start_ratio",
              "The share of requests that the node gets after it came online; 1 is all.",
              [](const NodeView& n) { return n.ramp_permille / kPermille; }},
    NodeGauge{"higuma_node_failures_in_row", "Health checks that failed in a row.",
              [](const NodeView& n) { return double(n.health.consecutive_failures); }},
    NodeGauge{"higuma_node_held_back", "1 while the node flaps and is not taken back.",
              [](const NodeView& n) { return double(n.health.held_until.has_value()); }},
    NodeGauge{"higuma_node_health_check_seconds", "What the last health check took.",
              [](const NodeView& n) { return seconds(n.last_latency.value_or(Millis{0})); }},
};

void add_each_node(PrometheusText& out, const ControllerView& view) {
    for (const auto& gauge : kNodeGauges) {
        auto metric = out.gauge(gauge.name, gauge.help);
        for (const auto& node : view.nodes) {
            metric.add(gauge.value(node), {{"node", node.node.id.value}});
        }
    }
    auto checks = out.counter("higuma_node_health_checks_total", "Health checks by result.");
    for (const auto& node : view.nodes) {
        checks.add(count(node.checks_ok), {{"node", node.node.id.value}, {"result", "ok"}})
            .add(count(node.checks_failed), {{"node", node.node.id.value}, {"result", "failed"}});
    }
}

void add_health(PrometheusText& out, const ControllerView& view) {
    const auto& s = view.statistics;
    out.counter("higuma_health_checks_total", "Health checks of all nodes, by result.")
        .add(count(s.success_count), {{"result", "ok"}})
        .add(count(s.fail_count), {{"result", "failed"}});
    out.counter("higuma_health_cycles_total", "Full cycles of health checks.").add(count(s.cycles));
    out.counter("higuma_fault_scans_total", "Scans for suspect nodes.").add(count(s.scans));
    out.gauge("higuma_suspects", "Nodes that the last scan found suspect.")
        .add(count(view.suspects.size()));
    out.counter("higuma_connections_closed_total", "Kept connections that nodes closed.")
        .add(count(s.liveness_closed));
    out.counter("higuma_detections_total", "Nodes that were found to be offline.")
        .add(count(s.detections));
    out.summary("higuma_time_to_detect_seconds", "From a node's first failure to the decision.",
                seconds(s.time_to_detect_sum), count(s.detections));
}

// How uneven the load of the online nodes is.
double imbalance(const ControllerView& view) {
    double sum = 0, most = 0, capacity = 0;
    for (const auto& node : view.nodes) {
        if (node.node.status != NodeStatus::online) continue;
        const auto weight = node.node.weight.value_or(kFullWeight) / kFullWeight;
        sum += node.load;
        capacity += weight;
        most = std::max(most, node.load / weight);
    }
    return sum > 0 && capacity > 0 ? most / (sum / capacity) : 1;
}

void add_placement(PrometheusText& out, const ControllerView& view) {
    const auto& s = view.statistics;
    out.gauge("higuma_monitors", "Monitors of the cluster.").add(count(view.monitors_total));
    out.gauge("higuma_monitors_active", "Monitors that are not paused.")
        .add(count(view.monitors_active));
    out.gauge("higuma_monitors_unplaced", "Active monitors without a node.")
        .add(count(view.monitors_unplaced));
    out.counter("higuma_failovers_total", "Failovers of a node.").add(count(s.failovers));
    out.counter("higuma_recoveries_total", "Nodes whose monitors went home.")
        .add(count(s.recoveries));
    out.summary("higuma_failover_seconds", "From a node's loss until every monitor had moved.",
                seconds(s.failovers_took_sum), count(s.failovers));
    out.counter("higuma_moves_total", "Moves of monitors, by what the database said to them.")
        .add(count(s.monitors_moved), {{"result", "applied"}})
        .add(count(s.moves_refused), {{"result", "refused"}});
    out.gauge("higuma_moving", "1 while a failover, drain or recovery is being applied.")
        .add(view.moving);
    out.gauge("higuma_load_imbalance_ratio",
              "The busiest online node's load over the mean, by stated capacity.")
        .add(imbalance(view));
    const auto& plan = view.rebalancing;
    out.gauge("higuma_rebalancing_running", "1 while a rebalancing is asked for or runs.")
        .add(plan.active());
    out.gauge("higuma_rebalancing_moves", "Moves of the running or last rebalancing.")
        .add(count(plan.planned), {{"state", "planned"}})
        .add(count(plan.done), {{"state", "done"}})
        .add(count(plan.failed), {{"state", "failed"}});
    out.counter("higuma_hints_total", "Hints to nodes that their monitors changed, by result.")
        .add(count(view.hints_sent - std::min(view.hints_failed, view.hints_sent)),
             {{"result", "ok"}})
        .add(count(view.hints_failed), {{"result", "failed"}});
}

void add_database(PrometheusText& out, const store::DatabaseStats& stats,
                  const ControllerView& view) {
    out.gauge("higuma_database_reachable", "1 while the database answers.")
        .add(view.database_reachable);
    out.counter("higuma_database_jobs_total", "Jobs that were given to the database's threads.")
        .add(count(stats.jobs));
    out.counter("higuma_database_failures_total", "Jobs that were not done, by why.")
        .add(count(stats.refused), {{"reason", "queue_full"}})
        .add(count(stats.timed_out), {{"reason", "timeout"}})
        .add(count(stats.lost), {{"reason", "connection_lost"}});
}

void add_routes(PrometheusText& out, const ControllerView& view) {
    out.gauge("higuma_route_table_generation", "Generation of the route table written last.")
        .add(count(view.route_generation));
    out.counter("higuma_route_table_write_failures_total", "Route tables that were not written.")
        .add(count(view.route_write_failures));
    auto forced = out.gauge("higuma_forced_route", "1 for the node that all requests go to.");
    for (const auto& node : view.nodes) {
        forced.add(node.node.id.value == view.forced_node, {{"node", node.node.id.value}});
    }
}

double number_of(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    if (!found) return 0;
    if (found->is_bool()) return found->get_bool();
    boost::system::error_code no_number;
    const auto value = found->to_number<double>(no_number);
    return no_number ? 0 : value;
}

json::object member(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    return found && found->is_object() ? found->get_object() : json::object{};
}

struct NginxFigure {
    std::string_view name;
    std::string_view help;
    std::string_view key;  // as nginx calls it
    bool counter = false;
};

constexpr std::array kNginxNodeFigures{
    NginxFigure{"higuma_node_requests_total", "Requests that were sent to the node.", "requests",
                true},
    NginxFigure{"higuma_node_responses_5xx_total", "Answers of the node with a status from 500 on.",
                "responses_5xx", true},
    NginxFigure{"higuma_node_requests_in_flight", "Requests that the node has not answered yet.",
                "in_flight"},
    NginxFigure{"higuma_node_sessions", "Open sessions on the node.", "sessions"},
    NginxFigure{"higuma_node_ejected", "1 while nginx gives the node a rest after failures.",
                "ejected"},
    NginxFigure{"higuma_node_failed_requests_in_row", "Requests that failed in a row.",
                "failures_in_row"},
};

void add_traffic(PrometheusText& out, const Result<json::object>& counters) {
    out.gauge("higuma_nginx_up", "1 while the nginx beside this controller answers.")
        .add(counters.has_value());
    if (!counters) return;
    auto rules = out.counter("higuma_requests_total", "Requests by the rule that chose the node.");
    for (const auto& [rule, value] : member(*counters, "requests_by_rule")) {
        rules.add(number_of(member(*counters, "requests_by_rule"), rule), {{"rule", rule}});
    }
    const auto nodes = member(*counters, "nodes");
    for (const auto& figure : kNginxNodeFigures) {
        auto metric = figure.counter ? out.counter(figure.name, figure.help)
                                     : out.gauge(figure.name, figure.help);
        for (const auto& [node, values] : nodes) {
            metric.add(number_of(member(nodes, node), figure.key), {{"node", node}});
        }
    }
    const auto table = member(*counters, "table");
    out.gauge("higuma_nginx_table_generation", "Generation of the route table that nginx uses.")
        .add(number_of(table, "generation"));
    out.gauge("higuma_nginx_table_stale", "1 while nginx's route table is not confirmed any more.")
        .add(number_of(table, "stale"));
}

std::vector<cluster::QueueView> all_queues(const ControllerApiContext& context,
                                           const ControllerView& view) {
    auto queues = view.queues;
    const auto database = context.db.stats();
    queues.push_back({"database", database.queued, database.queue_limit, database.refused});
    if (context.log) queues.push_back({"log_lines", context.log->size(), LogRing::kLines, 0});
    if (context.limited_clients) {
        for (auto& queue : context.limited_clients()) queues.push_back(std::move(queue));
    }
    if (context.server) {
        const auto server = context.server->stats();
        queues.push_back({"http_connections", server.connections, server.limit, server.refused});
    }
    return queues;
}

void add_queues(PrometheusText& out, const std::vector<cluster::QueueView>& queues) {
    auto length = out.gauge("higuma_queue_length", "How much is in each bounded queue or table.");
    for (const auto& queue : queues) length.add(count(queue.length), {{"queue", queue.name}});
    auto limit = out.gauge("higuma_queue_limit", "How much each may hold.");
    for (const auto& queue : queues) limit.add(count(queue.limit), {{"queue", queue.name}});
    auto dropped =
        out.counter("higuma_queue_dropped_total", "What did not fit or was turned away.");
    for (const auto& queue : queues) dropped.add(count(queue.dropped), {{"queue", queue.name}});
}

void add_server(PrometheusText& out, const ServerStats& stats) {
    out.counter("higuma_http_requests_total", "Requests that the controller answered.")
        .add(count(stats.requests));
    out.counter("higuma_http_errors_total", "Answers with an error, and connections not accepted.")
        .add(count(stats.client_errors), {{"kind", "client"}})
        .add(count(stats.server_errors), {{"kind", "server"}})
        .add(count(stats.accept_errors), {{"kind", "accept"}});
}

void add_process(PrometheusText& out, const ProcessStats& stats) {
    out.counter("process_cpu_seconds_total", "Processor time of the controller.")
        .add(stats.cpu_seconds);
    out.gauge("process_resident_memory_bytes", "Memory that the controller holds.")
        .add(count(stats.resident_bytes));
    out.gauge("process_virtual_memory_bytes", "Addresses that the controller uses.")
        .add(count(stats.virtual_bytes));
    out.gauge("process_open_fds", "Open files of the controller.").add(count(stats.open_files));
    out.gauge("process_max_fds", "Files that it may open.").add(count(stats.most_files));
    out.gauge("process_start_time_seconds", "When it started, in seconds since 1970.")
        .add(stats.started_unix_seconds);
}

}  // namespace

Task<Response> get_metrics(ControllerContext context, Request) {
    const auto counters = co_await nginx_counters(context);
    const auto view = context->controller.view();
    PrometheusText out;
    add_identity(out, *context, view);
    add_nodes(out, view);
    add_each_node(out, view);
    add_health(out, view);
    add_placement(out, view);
    add_database(out, context->db.stats(), view);
    add_routes(out, view);
    add_traffic(out, counters);
    add_queues(out, all_queues(*context, view));
    if (context->server) add_server(out, context->server->stats());
    add_process(out, process_stats());
    co_return Response::text(out.text(), std::string(PrometheusText::kContentType));
}

}  // namespace higuma::api
