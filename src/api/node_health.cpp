#include <cmath>
#include <ctime>

#include "api/node_handlers.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

constexpr double kOverloadedShare = 0.8;  // of the beat queue

bool is_overloaded(const engine::EngineStats& stats) {
    return static_cast<double>(stats.beats_queued) >
           kOverloadedShare * static_cast<double>(stats.beat_queue_limit);
}

json::object queue(std::size_t length, std::size_t limit) {
    return {{"length", length}, {"limit", limit}};
}

json::object engine_to_json(const engine::EngineStats& stats) {
    return {{"monitors", stats.monitors},
            {"checks", stats.checks},
            {"checks_per_second", stats.checks_per_second},
            {"checks_in_flight", queue(stats.in_flight, stats.in_flight_limit)},
            {"slow_checks_in_flight", queue(stats.slow_in_flight, stats.slow_limit)},
            {"checks_of_a_host_limit", stats.host_limit},
            {"full_hosts", stats.full_hosts},
            {"checks_due_waiting", stats.due_waiting},
            {"groups_waiting", stats.groups_waiting},
            {"findings_waiting", stats.findings_waiting},
            {"findings_written", stats.findings_written},
            {"findings_dropped", stats.findings_dropped},
            {"beat_queue", queue(stats.beats_queued, stats.beat_queue_limit)},
            {"beats_stored", stats.beats_stored},
            {"beats_fenced", stats.beats_fenced},
            {"beats_dropped", stats.beats_dropped},
            {"write_errors", stats.write_errors},
            {"batches", stats.batches},
            {"statements", stats.statements},
            {"flush_interval_ms", stats.flush_interval.count()},
            {"responses_dropped", stats.responses_dropped},
            {"worst_lateness_ms", stats.worst_lateness.count()},
            {"lateness_p99_ms", stats.p99_lateness.count()}};
}

json::value time_or_null(const std::optional<WallTime>& time) {
    return time ? json::value(format_iso_time(*time)) : json::value(nullptr);
}

json::object push_lookup_to_json(const PushLookup::Stats& stats) {
    return {{"waiting", queue(stats.waiting, stats.limit)},
            {"tokens", stats.tokens},
            {"statements", stats.statements}};
}

json::object agent_to_json(const cluster::NodeAgentStats& stats) {
    return {{"registered", stats.registered},
            {"lease_held", stats.lease_held},
            {"incarnation", stats.incarnation.value},
            {"reconciles", stats.reconciles},
            {"failures", stats.failures},
            {"hints", stats.hints},
            {"change_seq", stats.change_seq},
            {"last_reconcile", time_or_null(stats.last_reconcile)},
            {"last_error", stats.last_error}};
}

json::object database_to_json(const store::DatabaseStats& stats) {
    return {{"reachable", stats.reachable}, {"queue", queue(stats.queued, stats.queue_limit)},
            {"threads", stats.threads},     {"jobs", stats.jobs},
            {"refused", stats.refused},     {"timed_out", stats.timed_out},
            {"lost", stats.lost},           {"last_error", stats.last_error}};
}

json::object http_to_json(const ServerStats& stats) {
    return {{"connections", queue(stats.connections, stats.limit)},
            {"requests", stats.requests},
            {"refused", stats.refused},
            {"client_errors", stats.client_errors},
            {"server_errors", stats.server_errors},
            {"accept_errors", stats.accept_errors}};
}

json::object hints_to_json(const PeerHints::Stats& stats) {
    return {{"under_way", queue(stats.under_way, stats.limit)},
            {"sent", stats.sent},
            {"failed", stats.failed},
            {"dropped", stats.dropped}};
}

// What the thread of the loop has computed: handlers run on it.
Duration thread_busy() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return Seconds(time.tv_sec) + Duration(time.tv_nsec);
}

double two_places(double value) { return std::round(value * 100.0) / 100.0; }

std::int64_t uptime_seconds(const NodeApiContext& context) {
    return std::chrono::floor<Seconds>(context.clock->wall_now() - context.started).count();
}

}  // namespace

// Asked many times a second by gateways: from memory alone, so that a slow database does not make a
// healthy node look dead.
Task<Response> get_health(NodeApiPtr api, Request, Principal) {
    const auto& context = *api->context;
    const auto stats = context.engine.stats();
    const bool overloaded = is_overloaded(stats);
    const double load = api->load.sample(context.clock->now(), thread_busy(), stats);
    const json::object body{{"status", overloaded ? "overloaded" : "ok"},
                            {"load", two_places(load)},
                            {"node_id", context.self.value},
                            {"version", context.version},
                            {"timestamp", format_iso_time(context.clock->wall_now())},
                            {"uptime_seconds", uptime_seconds(context)},
                            {"database", json::object{{"reachable", context.db.stats().reachable}}},
                            {"monitors", stats.monitors},
                            {"checks_per_second", stats.checks_per_second},
                            {"engine", engine_to_json(stats)}};
    auto response = Response::json(body, overloaded ? 429 : 200);
    if (overloaded) response.headers.emplace_back("Retry-After", "5");
    co_return response;
}

Task<Response> get_status(NodeApiPtr api, Request, Principal) {
    const auto& context = *api->context;
    const auto stats = context.engine.stats();
    json::object node{{"node_id", context.self.value},
                      {"version", context.version},
                      {"started", format_iso_time(context.started)},
                      {"uptime_seconds", uptime_seconds(context)},
                      {"overloaded", is_overloaded(stats)}};
    json::object body{{"node", std::move(node)},
                      {"engine", engine_to_json(stats)},
                      {"agent", agent_to_json(context.agent.stats())},
                      {"database", database_to_json(context.db.stats())},
                      {"hints", hints_to_json(api->hints->stats())},
                      {"push_tokens", queue(api->push_cache.size(), PushCache::kLimit)},
                      {"push_look_ups", push_lookup_to_json(api->push_lookup->stats())},
                      {"http", nullptr}};
    if (context.http_stats) body["http"] = http_to_json(context.http_stats());
    co_return Response::json(body);
}

}  // namespace higuma::api
