#include "api/live_json.hpp"

#include <boost/json.hpp>

#include "api/controller_json.hpp"
#include "store/sql.hpp"

namespace higuma::api {

namespace json = boost::json;

namespace {

constexpr std::size_t kMessageBytes = 300;

json::value text_or_null(const std::optional<WallTime>& time) {
    if (!time) return nullptr;
    return json::value(format_iso_time(*time));
}

json::value node_or_null(const std::optional<NodeId>& node) {
    if (!node) return nullptr;
    return json::value(node->value);
}

// When the controller's state of the node began: as stored, or by its own clock before it was
// stored.
std::optional<WallTime> since_of(const cluster::NodeView& view, WallTime wall, Instant now) {
    if (view.node.status_since) return view.node.status_since;
    if (view.health.since == Instant{}) return std::nullopt;
    return wall - std::chrono::duration_cast<Millis>(now - view.health.since);
}

json::value held_until(const cluster::NodeView& view, WallTime wall, Instant now) {
    if (!view.health.held_until || *view.health.held_until <= now) return nullptr;
    const auto left = std::chrono::duration_cast<Millis>(*view.health.held_until - now);
    return json::value(format_iso_time(wall + left));
}

json::object beat_json(const store::StoredBeat& stored) {
    const auto& beat = stored.beat;
    json::object out;
    out["id"] = stored.id;
    out["status"] = static_cast<int>(beat.status);
    out["ping"] = beat.ping ? json::value(beat.ping->count()) : json::value(nullptr);
    out["time"] = format_iso_time(beat.time);
    out["msg"] = store::clean_text(beat.msg, kMessageBytes);
    out["node_id"] = node_or_null(stored.node);
    out["important"] = beat.important;
    return out;
}

}  // namespace

json::array live_nodes_json(const cluster::ControllerView& view, const LiveIndex* index,
                            Instant now) {
    json::array out;
    for (const auto& one : view.nodes) {
        const auto& node = one.node;
        const auto guests = index != nullptr ? index->node(node.id.value) : LiveNodeCounts{};
        json::object item;
        item["node_id"] = node.id.value;
        item["name"] = node.name;
        item["host"] = node.host;
        item["status"] = to_string(node.status);
        item["since"] = text_or_null(since_of(one, view.now, now));
        item["last_seen"] = text_or_null(node.last_seen);
        item["monitor_count"] = one.monitors;
        item["limit"] = one.limit;
        item["usage_percent"] = usage_percent(one.monitors, one.limit);
        item["checks_per_second"] = two_places(one.checks_per_second);
        item["moved_in"] = guests.moved_in;
        item["moved_out"] = guests.moved_out;
        item["consecutive_failures"] = one.health.consecutive_failures;
        const auto& error = one.health.last_error.empty() ? node.last_error : one.health.last_error;
        item["last_error"] = store::clean_text(error, kMessageBytes);
        item["is_primary"] = node.is_primary;
        item["held_until"] = held_until(one, view.now, now);
        out.push_back(std::move(item));
    }
    return out;
}

json::object live_cluster_json(const cluster::ControllerView& view, const LiveIndex* index) {
    const auto count = [index](LiveStatus status) -> std::int64_t {
        return index != nullptr ? static_cast<std::int64_t>(index->count(status)) : 0;
    };
    std::int64_t online = 0;
    double rate = 0;
    for (const auto& one : view.nodes) {
        online += one.node.status == NodeStatus::online ? 1 : 0;
        rate += one.checks_per_second;
    }
    const auto total = index != nullptr ? index->size() : view.monitors_total;
    json::object out;
    out["nodes"] = view.nodes.size();
    out["online"] = online;
    out["monitors"] = total;
    out["active"] = index != nullptr ? static_cast<std::int64_t>(total) - count(LiveStatus::paused)
                                     : static_cast<std::int64_t>(view.monitors_active);
    for (const auto status : {LiveStatus::up, LiveStatus::down, LiveStatus::pending,
                              LiveStatus::maintenance, LiveStatus::unknown, LiveStatus::paused}) {
        out[to_string(status)] = count(status);
    }
    out["checks_per_second"] = two_places(rate);
    return out;
}

json::object live_monitor_json(const LiveRow& row, const LiveBars* bars, std::int64_t beats_after) {
    const auto& monitor = row.monitor;
    json::object out;
    out["id"] = monitor.id.value;
    out["name"] = store::clean_text(monitor.name, kMessageBytes * 2);
    out["type"] = monitor.type;
    out["target"] = monitor.target;
    out["active"] = monitor.active;
    out["status"] = to_string(row.status);
    out["ping"] = monitor.last.ping_ms ? json::value(*monitor.last.ping_ms) : json::value(nullptr);
    out["node_id"] = monitor.node;
    out["home_node_id"] = monitor.home;
    out["since"] = text_or_null(bars != nullptr ? bars->since : std::nullopt);
    json::array beats;
    if (bars != nullptr) {
        for (const auto& beat : bars->beats) {
            if (beat.id > beats_after) beats.push_back(beat_json(beat));
        }
    }
    out["beats"] = std::move(beats);
    return out;
}

json::array live_events_json(const std::vector<store::ClusterEvent>& events) {
    json::array out;
    for (const auto& event : events) {
        json::object item;
        item["id"] = event.id;
        item["time"] = format_iso_time(event.time);
        item["kind"] = event.kind;
        item["node_id"] = node_or_null(event.node);
        item["monitors"] = event.monitors;
        item["took_ms"] = event.took_ms;
        item["detail"] = event.detail;
        out.push_back(std::move(item));
    }
    return out;
}

json::array live_changes_json(const std::vector<store::LiveChange>& changes,
                              const LiveIndex* index) {
    json::array out;
    for (const auto& change : changes) {
        const auto* row = index != nullptr ? index->find(change.beat.monitor) : nullptr;
        if (row == nullptr) continue;
        json::object item;
        item["id"] = change.beat.id;
        item["time"] = format_iso_time(change.beat.time);
        item["monitor_id"] = change.beat.monitor.value;
        item["name"] = store::clean_text(row->monitor.name, kMessageBytes * 2);
        item["status"] = to_string(change.beat.status);
        item["msg"] = store::clean_text(change.msg, kMessageBytes);
        item["node_id"] = change.node;
        out.push_back(std::move(item));
    }
    return out;
}

}  // namespace higuma::api
