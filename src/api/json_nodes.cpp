#include "api/json_nodes.hpp"

#include <array>
#include <set>

#include "api/json_input.hpp"
#include "net/resolver.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMostMonitors = 10'000'000;
constexpr std::int64_t kMostWeight = 100'000;

json::value time_or_null(const std::optional<WallTime>& time) {
    return time ? json::value(format_iso_time(*time)) : json::value(nullptr);
}

Result<void> read_name(const json::value& value, Node& into) {
    auto given = text(value, "name", 255);
    if (!given) return given.error();
    if (given->empty()) return invalid("name", "name must not be empty.");
    into.name = std::move(*given);
    return {};
}

Result<void> read_host(const json::value& value, Node& into) {
    auto given = text(value, "host", 255);
    if (!given) return given.error();
    if (auto parsed = net::parse_host_port(*given, "host"); !parsed) return parsed.error();
    into.host = std::move(*given);
    return {};
}

Result<void> read_primary(const json::value& value, Node& into) {
    const auto given = boolean(value, "is_primary");
    if (!given) return given.error();
    into.is_primary = *given;
    return {};
}

Result<void> read_limit(const json::value& value, Node& into) {
    into.monitor_limit.reset();
    if (value.is_null()) return {};
    const auto given = whole_number(value, "monitor_limit", 0, kMostMonitors);
    if (!given) return given.error();
    into.monitor_limit = static_cast<int>(*given);
    return {};
}

Result<void> read_weight(const json::value& value, Node& into) {
    into.weight.reset();
    if (value.is_null()) return {};
    const auto given = whole_number(value, "weight", 1, kMostWeight);
    if (!given) return given.error();
    into.weight = static_cast<int>(*given);
    return {};
}

struct NodeField {
    std::string_view name;
    Result<void> (*read)(const json::value&, Node&);
};
constexpr std::array kFields{NodeField{"name", read_name}, NodeField{"host", read_host},
                             NodeField{"is_primary", read_primary},
                             NodeField{"monitor_limit", read_limit},
                             NodeField{"weight", read_weight}};

// In answers only; a PUT may repeat them, and they say nothing there.
constexpr std::string_view kAnswered[] = {
    "status",  "status_since", "last_seen",     "lease_until",    "incarnation",
    "version", "last_error",   "monitor_count", "limit_per_node", "draining"};

Result<void> read_id(const json::value& value, NodeEdit edit, const Node& base, Node& into) {
    auto given = text(value, "node_id", 50);
    if (!given) return given.error();
    auto id = node_id(*given, "node_id");
    if (!id) return id.error();
    if (edit != NodeEdit::create && *id != base.id) {
        return invalid("node_id", "node_id cannot be changed.");
    }
    into.id = *id;
    return {};
}

Result<void> read_field(const std::string& name, const json::value& value, NodeEdit edit,
                        const Node& base, Node& into) {
    if (name == "node_id") return read_id(value, edit, base, into);
    for (const auto& field : kFields) {
        if (field.name == name) return field.read(value, into);
    }
    for (const auto answered : kAnswered) {
        if (answered == name && edit != NodeEdit::create) return {};
        if (answered == name) return invalid(name, name + " cannot be given: the system sets it.");
    }
    return unknown_field(name);
}

}  // namespace

json::object node_to_json(const Node& node, const store::NodeCapacity& capacity) {
    return {{"node_id", node.id.value},
            {"name", node.name},
            {"host", node.host},
            {"is_primary", node.is_primary},
            {"status", to_string(node.status)},
            {"status_since", time_or_null(node.status_since)},
            {"last_seen", time_or_null(node.last_seen)},
            {"lease_until", time_or_null(node.lease_until)},
            {"incarnation", node.incarnation.value},
            {"monitor_limit",
             node.monitor_limit ? json::value(*node.monitor_limit) : json::value(nullptr)},
            {"weight", node.weight ? json::value(*node.weight) : json::value(nullptr)},
            {"draining", node.draining},
            {"limit_per_node", capacity.limit},
            {"monitor_count", capacity.current_count},
            {"version", node.version},
            {"last_error", node.last_error}};
}

Result<Node> node_from_json(const json::object& input, NodeEdit edit, const Node& base) {
    Node node = base;
    if (edit == NodeEdit::replace) {
        node.is_primary = false;
        node.monitor_limit.reset();
        node.weight.reset();
    }
    std::set<std::string, std::less<>> seen;
    for (const auto& [key, value] : input) {
        const std::string name(key.data(), key.size());
        if (auto read = read_field(name, value, edit, base, node); !read) return read.error();
        seen.insert(name);
    }
    if (edit == NodeEdit::create && !seen.contains("node_id")) {
        return invalid("node_id", "node_id must be given.");
    }
    if (edit != NodeEdit::patch && !seen.contains("host")) {
        return invalid("host", "host must be given, as name:port.");
    }
    if (edit != NodeEdit::patch && !seen.contains("name")) node.name = node.id.value;
    return node;
}

}  // namespace higuma::api
