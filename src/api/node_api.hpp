// The node's HTTP endpoints: health, REST at /api/v1, push.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/auth.hpp"
#include "api/http/server.hpp"
#include "cluster/node_agent.hpp"
#include "engine/engine.hpp"

namespace higuma::api {

struct NodeApiContext {
    NodeId self;
    std::string version;
    int monitor_limit_per_node = 1000;
    std::shared_ptr<const Clock> clock;
    WallTime started{};
    store::Database& db;
    engine::Engine& engine;
    cluster::NodeAgent& agent;
    Authenticator& auth;
    net::HttpClient& http;  // to hand a push to the node that owns the monitor
    std::function<std::string()> service_token;
    std::function<ServerStats()> http_stats =
        {};  // for /api/v1/status; may be set after the server is made
};

std::vector<Endpoint> node_endpoints(std::shared_ptr<NodeApiContext> context);

}  // namespace higuma::api
