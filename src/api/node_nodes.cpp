#include <boost/json/array.hpp>

#include "api/json_nodes.hpp"
#include "api/node_handlers.hpp"
#include "store/nodes.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

json::object described(const Node& node, const std::vector<store::NodeCapacity>& capacities) {
    for (const auto& capacity : capacities) {
        if (capacity.node == node.id) return node_to_json(node, capacity);
    }
    return node_to_json(node, {.node = node.id});
}

Result<json::object> read_node(store::Connection& db, const NodeId& id, int default_limit) {
    auto node = store::get_node(db, id);
    if (!node) return node.error();
    auto capacities = store::capacities(db, default_limit);
    if (!capacities) return capacities.error();
    return described(*node, *capacities);
}

Result<json::object> apply_edit(store::Connection& db, const NodeId& id, NodeEdit edit,
                                const json::object& input, int default_limit) {
    auto stored = store::get_node(db, id);
    if (!stored) return stored.error();
    auto node = node_from_json(input, edit, *stored);
    if (!node) return node.error();
    if (auto written = store::update_node(db, *node); !written) return written.error();
    return read_node(db, id, default_limit);
}

Task<Response> edit_node(NodeApiPtr api, Request request, NodeEdit edit) {
    auto id = node_id(request.captures.at(0), "id");
    if (!id) co_return failure_response(id.error());
    auto input = parse_object(request.body);
    if (!input) co_return failure_response(input.error());
    auto job = [id = *id, edit, input = *input, limit = api->context->monitor_limit_per_node](
                   store::Connection& c) { return apply_edit(c, id, edit, input, limit); };
    auto node = co_await api->context->db.run(api->database_deadline(request), job);
    if (!node) co_return failure_response(node.error());
    co_return Response::json(*node);
}

}  // namespace

Task<Response> get_nodes(NodeApiPtr api, Request request, Principal) {
    auto job = [limit = api->context->monitor_limit_per_node](
                   store::Connection& c) -> Result<json::array> {
        auto nodes = store::list_nodes(c);
        if (!nodes) return nodes.error();
        auto capacities = store::capacities(c, limit);
        if (!capacities) return capacities.error();
        json::array list;
        for (const auto& node : *nodes) list.push_back(described(node, *capacities));
        return list;
    };
    auto list = co_await api->context->db.run(api->database_deadline(request), job);
    if (!list) co_return failure_response(list.error());
    const auto total = list->size();
    co_return Response::json(json::object{{"nodes", std::move(*list)}, {"total", total}});
}

Task<Response> get_one_node(NodeApiPtr api, Request request, Principal) {
    auto id = node_id(request.captures.at(0), "id");
    if (!id) co_return failure_response(id.error());
    auto job = [id = *id, limit = api->context->monitor_limit_per_node](store::Connection& c) {
        return read_node(c, id, limit);
    };
    auto node = co_await api->context->db.run(api->database_deadline(request), job);
    if (!node) co_return failure_response(node.error());
    co_return Response::json(*node);
}

Task<Response> get_node_monitors(NodeApiPtr api, Request request, Principal) {
    auto id = node_id(request.captures.at(0), "id");
    if (!id) co_return failure_response(id.error());
    auto job = [id = *id](store::Connection& c) { return store::get_node(c, id); };
    auto node = co_await api->context->db.run(api->database_deadline(request), job);
    if (!node) co_return failure_response(node.error());
    co_return co_await monitor_page(api, std::move(request), *id);
}

Task<Response> post_node(NodeApiPtr api, Request request, Principal) {
    auto input = parse_object(request.body);
    if (!input) co_return failure_response(input.error());
    auto node = node_from_json(*input, NodeEdit::create, {});
    if (!node) co_return failure_response(node.error());
    auto job = [node = *node, limit = api->context->monitor_limit_per_node](
                   store::Connection& c) -> Result<json::object> {
        if (auto created = store::create_node(c, node); !created) return created.error();
        return read_node(c, node.id, limit);
    };
    auto created = co_await api->context->db.run(api->database_deadline(request), job);
    if (!created) co_return failure_response(created.error());
    auto response = Response::json(*created, 201);
    response.headers.emplace_back("Location", "/api/v1/nodes/" + node->id.value);
    co_return response;
}

Task<Response> put_node(NodeApiPtr api, Request request, Principal) {
    co_return co_await edit_node(api, std::move(request), NodeEdit::replace);
}

Task<Response> patch_node(NodeApiPtr api, Request request, Principal) {
    co_return co_await edit_node(api, std::move(request), NodeEdit::patch);
}

Task<Response> delete_one_node(NodeApiPtr api, Request request, Principal) {
    auto id = node_id(request.captures.at(0), "id");
    if (!id) co_return failure_response(id.error());
    auto job = [id = *id](store::Connection& c) { return store::delete_node(c, id); };
    auto deleted = co_await api->context->db.run(api->database_deadline(request), job);
    if (!deleted) co_return failure_response(deleted.error());
    co_return Response::json(json::object{{"ok", true}, {"node_id", id->value}});
}

}  // namespace higuma::api
