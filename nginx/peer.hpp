// A request at our upstream: what is known of it, and the peer callbacks that nginx calls for each
// try. proxy_next_upstream decides whether a try may be repeated; here is decided where.
#pragma once

#include <string_view>

#include "nginx_headers.hpp"
#include "peers.hpp"
#include "policy/routing_choice.hpp"
#include "route_state.hpp"

namespace higuma::nginx {

struct RequestContext {
    ngx_http_request_t* request = nullptr;
    RequestFacts facts;
    PeerSet* peers = nullptr;  // that `facts.tried` and `node` count in
    std::size_t node = 0;      // of the last try
    policy::RouteRule rule = policy::RouteRule::load_balancer;
    bool chosen = false;          // node and rule are set
    bool cookie_cleared = false;  // Set-Cookie was added
    bool reached_a_node = false;  // some node was sent the request, or a part of it

    bool under_way = false;  // in the queue of its peer, counted as in flight
    ngx_msec_t try_began = 0;
    ngx_queue_t queue{};
};

// The upstream's init callback. `state` is the worker's.
ngx_int_t init_peer(ngx_http_request_t* request, ngx_http_upstream_srv_conf_t* upstream);

// Of this request, also after an internal redirect; null when it never came to our upstream.
RequestContext* context_of(ngx_http_request_t* request);

// Every try that waits on this peer without a response header fails as if its time were up, so that
// nginx takes the next node or answers; upgraded connections are closed.
void time_out_waiting(Peer& peer);

// The worker's state; null in processes that serve no requests.
RouteState* worker_state();

}  // namespace higuma::nginx
