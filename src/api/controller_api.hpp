// The controller's HTTP endpoints behind the gateway: /health, /lb/*, /api/*-status, and the live
// page.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/http/server.hpp"
#include "api/live_view.hpp"
#include "base/log_ring.hpp"
#include "cluster/controller.hpp"

namespace higuma::api {

struct ControllerApiContext {
    std::string self;
    std::string version;
    std::shared_ptr<const Clock> clock;
    int monitor_limit_per_node = 1000;
    bool debug_enabled = false;
    std::string admin_token;               // empty: actions need only an allowed address
    std::vector<std::string> admin_allow;  // CIDRs
    store::Database& db;
    cluster::Controller& controller;
    LiveView& live;
    int api_rate_limit = 100;                // actions of one client in 15 minutes; 0: no limit
    net::HttpClient* http = nullptr;         // asks nginx for its counters
    std::string nginx_status_socket = {};    // where; empty: there is no nginx
    std::shared_ptr<LogRing> log = nullptr;  // this process's last lines
    const HttpServer* server = nullptr;      // what answers; for its figures
    // The tables of clients whose requests are counted; set by controller_endpoints.
    std::function<std::vector<cluster::QueueView>()> limited_clients = {};
};

std::vector<Endpoint> controller_endpoints(std::shared_ptr<ControllerApiContext> context);

}  // namespace higuma::api
