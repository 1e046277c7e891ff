#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "api/auth.hpp"
#include "api/monitor_json.hpp"
#include "api/node_handlers.hpp"
#include "checks/check.hpp"
#include "policy/placement.hpp"
#include "store/cluster.hpp"
#include "store/monitors.hpp"
#include "store/nodes.hpp"

namespace higuma::api {
namespace {

constexpr std::size_t kPushTokenLength = 32;
constexpr int kPlacementTries = 3;  // when others fill the chosen node meanwhile

// Placement's snapshot from counts: it looks at how many monitors a node has, not at which.
policy::ClusterState snapshot(const std::vector<Node>& nodes,
                              const std::vector<store::NodeCapacity>& capacities) {
    policy::ClusterState state;
    for (const auto& capacity : capacities) {
        policy::PlacedNode placed{.id = capacity.node, .limit = capacity.limit};
        for (const auto& node : nodes) {
            if (node.id == capacity.node) placed.status = node.status;
        }
        policy::PlacedMonitor monitor;
        monitor.home = static_cast<policy::NodeIndex>(state.nodes.size());
        // A full node is full however far it is past its limit.
        const auto counted = std::clamp<std::int64_t>(capacity.current_count, 0, capacity.limit);
        state.monitors.insert(state.monitors.end(), static_cast<std::size_t>(counted), monitor);
        state.nodes.push_back(std::move(placed));
    }
    return state;
}

Result<NodeId> choose_node(store::Connection& db, int default_limit) {
    auto nodes = store::list_nodes(db);
    if (!nodes) return nodes.error();
    auto capacities = store::capacities(db, default_limit);
    if (!capacities) return capacities.error();
    const auto state = snapshot(*nodes, *capacities);
    if (const auto chosen = policy::choose_node_for_new(state)) {
        return state.nodes[static_cast<std::size_t>(*chosen)].id;
    }
    const bool any_online = std::any_of(nodes->begin(), nodes->end(), [](const Node& node) {
        return node.status == NodeStatus::online;
    });
    if (!any_online) {
        return Failure{ErrorKind::unavailable, "No node is online to take the monitor.", ""};
    }
    return Failure{ErrorKind::conflict,
                   "Every online node has as many monitors as it may: add a node, raise a limit or "
                   "delete monitors.",
                   "node_id"};
}

Result<void> check_push_token_is_free(store::Connection& db, const Monitor& monitor) {
    if (monitor.push_token.empty()) return {};
    auto holder = store::get_monitor_by_push_token(db, monitor.push_token);
    if (!holder) {
        if (holder.error().kind == ErrorKind::not_found) return {};
        return holder.error();
    }
    if (holder->id == monitor.id) return {};
    return Failure{ErrorKind::conflict, "Another monitor has this push_token.", "push_token"};
}

// A reference in the body that is not there is the body's fault, not the address's.
Failure as_bad_reference(Failure failure) {
    if (failure.kind == ErrorKind::not_found) failure.kind = ErrorKind::invalid_input;
    return failure;
}

Result<Monitor> place_and_create(store::Connection& db, Monitor monitor, int default_limit) {
    if (auto free = check_push_token_is_free(db, monitor); !free) return free.error();
    const bool chosen_here = !monitor.assignment.home;
    if (!chosen_here) {
        auto node = store::get_node(db, *monitor.assignment.home);
        if (!node && node.error().kind == ErrorKind::not_found) {
            return invalid("node_id", "There is no such node.");
        }
        if (!node) return node.error();
    }
    for (int tries_left = kPlacementTries;; --tries_left) {
        if (chosen_here) {
            auto node = choose_node(db, default_limit);
            if (!node) return node.error();
            monitor.assignment.home = *node;
        }
        auto id = store::create_monitor(db, monitor, default_limit);
        if (id) return store::get_monitor(db, *id);
        const bool filled_meanwhile = id.error().kind == ErrorKind::conflict && chosen_here;
        if (!filled_meanwhile || tries_left <= 1) return as_bad_reference(id.error());
    }
}

Result<Monitor> apply_edit(store::Connection& db, MonitorId id, MonitorEdit edit,
                           const boost::json::object& input) {
    auto stored = store::get_monitor(db, id);
    if (!stored) return stored.error();
    auto monitor = monitor_from_json(input, edit, *stored, checks::known_types());
    if (!monitor) return monitor.error();
    if (monitor->type == "push" && monitor->push_token.empty()) {
        monitor->push_token = random_token(kPushTokenLength);
    }
    if (monitor->push_token != stored->push_token) {
        if (auto free = check_push_token_is_free(db, *monitor); !free) return free.error();
    }
    if (monitor->parent && monitor->parent != stored->parent) {
        auto parent = store::get_monitor(db, *monitor->parent);
        if (!parent && parent.error().kind == ErrorKind::not_found) {
            return invalid("parent", "There is no such monitor.");
        }
        if (!parent) return parent.error();
    }
    if (auto written = store::update_monitor(db, *monitor); !written) return written.error();
    return store::get_monitor(db, id);
}

Task<Response> edit_monitor(NodeApiPtr api, Request request, MonitorEdit edit) {
    const auto id = monitor_id(request.captures.at(0));
    if (!id) co_return failure_response(id.error());
    auto input = parse_object(request.body);
    if (!input) co_return failure_response(input.error());
    auto job = [id = *id, edit, input = *input](store::Connection& c) {
        return apply_edit(c, id, edit, input);
    };
    auto monitor = co_await api->context->db.run(api->database_deadline(request), job);
    if (!monitor) co_return failure_response(monitor.error());
    api->hints->send(co_await boost::asio::this_coro::executor, monitor->assignment.effective());
    co_return Response::json(monitor_to_json(*monitor));
}

}  // namespace

Task<Response> post_monitor(NodeApiPtr api, Request request, Principal principal) {
    auto input = parse_object(request.body);
    if (!input) co_return failure_response(input.error());
    Monitor fresh;
    fresh.user = principal.user;
    auto monitor = monitor_from_json(*input, MonitorEdit::create, fresh, checks::known_types());
    if (!monitor) co_return failure_response(monitor.error());
    if (monitor->type == "push" && monitor->push_token.empty()) {
        monitor->push_token = random_token(kPushTokenLength);
    }
    auto job = [monitor = *monitor, limit = api->context->monitor_limit_per_node](
                   store::Connection& c) { return place_and_create(c, monitor, limit); };
    auto created = co_await api->context->db.run(api->database_deadline(request), job);
    if (!created) co_return failure_response(created.error());
    api->hints->send(co_await boost::asio::this_coro::executor, created->assignment.effective());
    auto response = Response::json(monitor_to_json(*created), 201);
    response.headers.emplace_back("Location",
                                  "/api/v1/monitors/" + std::to_string(created->id.value));
    co_return response;
}

Task<Response> put_monitor(NodeApiPtr api, Request request, Principal) {
    co_return co_await edit_monitor(api, std::move(request), MonitorEdit::replace);
}

Task<Response> patch_monitor(NodeApiPtr api, Request request, Principal) {
    co_return co_await edit_monitor(api, std::move(request), MonitorEdit::patch);
}

Task<Response> delete_one_monitor(NodeApiPtr api, Request request, Principal) {
    const auto id = monitor_id(request.captures.at(0));
    if (!id) co_return failure_response(id.error());
    auto job = [id = *id](store::Connection& c) -> Result<Monitor> {
        auto monitor = store::get_monitor(c, id);
        if (!monitor) return monitor.error();
        if (auto deleted = store::delete_monitor(c, id); !deleted) return deleted.error();
        return monitor;
    };
    auto deleted = co_await api->context->db.run(api->database_deadline(request), job);
    if (!deleted) co_return failure_response(deleted.error());
    api->push_cache.forget(deleted->push_token);
    api->hints->send(co_await boost::asio::this_coro::executor, deleted->assignment.effective());
    co_return Response::json(boost::json::object{{"ok", true}, {"id", deleted->id.value}});
}

}  // namespace higuma::api
