// The handlers behind the node's table of endpoints, and what they share. Each takes the request
// and who asks, and answers; none of them blocks the loop.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "api/json_input.hpp"
#include "api/node_api.hpp"
#include "api/push_lookup.hpp"
#include "engine/load_meter.hpp"
#include "model/node.hpp"

namespace higuma::api {

// Tells other nodes to reconcile now, in the background: at most one request a node at a time, and
// one more after it when another hint came meanwhile. A lost hint costs a poll interval, no more.
class PeerHints : public std::enable_shared_from_this<PeerHints> {
  public:
    explicit PeerHints(std::shared_ptr<NodeApiContext> context) : context_(std::move(context)) {}
    // The own agent at once; another node over HTTP. None: nobody runs the monitor yet.
    void send(boost::asio::any_io_executor executor, const std::optional<NodeId>& node);

    struct Stats {
        std::size_t under_way = 0, limit = 0;
        std::uint64_t sent = 0, failed = 0, dropped = 0;
    };
    Stats stats() const;

  private:
    Task<> deliver(NodeId node);
    Task<bool> deliver_once(NodeId node);

    std::shared_ptr<NodeApiContext> context_;
    std::unordered_map<NodeId, bool> under_way_;  // node -> another one is wanted after this
    Stats stats_;
};

// Push tokens that were looked up before, so that pushes go on while the database is away.
class PushCache {
  public:
    std::optional<MonitorId> find(const std::string& token) const;
    void put(const std::string& token, MonitorId id);
    void forget(const std::string& token);
    std::size_t size() const { return ids_.size(); }
    static constexpr std::size_t kLimit = 100'000;

  private:
    std::unordered_map<std::string, MonitorId> ids_;
};

struct NodeApi {
    std::shared_ptr<NodeApiContext> context;
    std::shared_ptr<PeerHints> hints;
    PushCache push_cache;
    std::shared_ptr<PushLookup> push_lookup;
    engine::LoadMeter load;

    // For one database job of a request.
    Deadline database_deadline(const Request& request) const;
};
using NodeApiPtr = std::shared_ptr<NodeApi>;
using NodeHandler = Task<Response> (*)(NodeApiPtr, Request, Principal);

// node_health.cpp
Task<Response> get_health(NodeApiPtr api, Request request, Principal principal);
Task<Response> get_status(NodeApiPtr api, Request request, Principal principal);
// node_session.cpp
Task<Response> post_login(NodeApiPtr api, Request request, Principal principal);
Task<Response> post_reconcile(NodeApiPtr api, Request request, Principal principal);
// node_monitors.cpp
Task<Response> get_monitors(NodeApiPtr api, Request request, Principal principal);
Task<Response> get_one_monitor(NodeApiPtr api, Request request, Principal principal);
Task<Response> get_heartbeats(NodeApiPtr api, Request request, Principal principal);
// node_monitor_writes.cpp
Task<Response> post_monitor(NodeApiPtr api, Request request, Principal principal);
Task<Response> put_monitor(NodeApiPtr api, Request request, Principal principal);
Task<Response> patch_monitor(NodeApiPtr api, Request request, Principal principal);
Task<Response> delete_one_monitor(NodeApiPtr api, Request request, Principal principal);
// node_check_now.cpp
Task<Response> post_check(NodeApiPtr api, Request request, Principal principal);
// node_nodes.cpp
Task<Response> get_nodes(NodeApiPtr api, Request request, Principal principal);
Task<Response> get_one_node(NodeApiPtr api, Request request, Principal principal);
Task<Response> get_node_monitors(NodeApiPtr api, Request request, Principal principal);
Task<Response> post_node(NodeApiPtr api, Request request, Principal principal);
Task<Response> put_node(NodeApiPtr api, Request request, Principal principal);
Task<Response> patch_node(NodeApiPtr api, Request request, Principal principal);
Task<Response> delete_one_node(NodeApiPtr api, Request request, Principal principal);
// node_push.cpp
Task<Response> push(NodeApiPtr api, Request request, Principal principal);

// A page of monitors, as `filter` and the request's parameters `limit`, `after` and `search` say.
Task<Response> monitor_page(NodeApiPtr api, Request request, std::optional<NodeId> effective_node);

}  // namespace higuma::api
