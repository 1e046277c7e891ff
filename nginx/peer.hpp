// A request at our upstream: what is known of it, and the peer callbacks that nginx calls for each
// try. proxy_next_upstream decides whether a try may be repeated; here is decided where.
#pragma once

#include <optional>
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

    bool counted = false;     // among the requests of its rule
    bool is_session = false;  // a WebSocket, or asks to become one

    bool under_way = false;    // in the queue of its peer, counted as in flight
    bool last_resort = false;  // the node did not serve when the try began
    ngx_msec_t try_began = 0;
    ngx_msec_t give_up_at = 0;  // 0: at nginx's own time-outs
    ngx_queue_t queue{};
};

// The upstream's init callback. `state` is the worker's.
ngx_int_t init_peer(ngx_http_request_t* request, ngx_http_upstream_srv_conf_t* upstream);

// Of this request, also after an internal redirect; null when it never came to our upstream.
RequestContext* context_of(ngx_http_request_t* request);

// Adds a header to the answer; false when there is no memory. `name` and `value` are not copied:
// they live as long as the request.
bool add_header(ngx_http_request_t* request, std::string_view name, std::string_view value);

// The `Set-Cookie` of a response that begins a Socket.IO session; empty when there is none to set.
// Lives in the request's pool.
std::string_view session_cookie_of(ngx_http_request_t* request);

// As nginx's proxy sees it: whether it may be carried out twice.
bool is_repeatable(const ngx_http_request_t* request);

// The node went offline. Tries that wait for an answer fail as if their time were up, so that nginx
// takes the next node or answers; WebSockets and event streams are closed, and other responses get
// a moment to end. Tries that began as a last resort have their own term.
void close_tries(Peer& peer);
// Fails the tries whose term is over.
void give_up_on_late(Peer& peer);

// When the oldest try began that waits for an answer and may be repeated elsewhere; none: there is
// no such try.
std::optional<ngx_msec_t> oldest_wait(Peer& peer);
bool has_tries(const Peer& peer);
// Such tries go elsewhere now: the peer is silent.
void move_waiting(Peer& peer);

// The worker's state; null in processes that serve no requests.
RouteState* worker_state();

}  // namespace higuma::nginx
