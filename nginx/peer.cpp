#include "peer.hpp"

#include <algorithm>
#include <new>
#include <type_traits>

#include "guard.hpp"

namespace higuma::nginx {
namespace {

constexpr std::string_view kFixedCookie = "KUMA_FIXED_NODE";
constexpr std::string_view kSessionCookie = "HIGUMA_NODE";
constexpr std::string_view kClearCookie =
    "KUMA_FIXED_NODE=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";

ngx_str_t no_peer_name = ngx_string("no node");

// For an answer of a node that is not known to serve, and for the rest of one that went offline.
constexpr ngx_msec_t kPatience = 1'000;

static_assert(std::is_trivially_destructible_v<RequestContext>);  // it lives in a pool

void leave(RequestContext& context) {
    if (!context.under_way) return;
    context.under_way = false;
    ngx_queue_remove(&context.queue);
    worker_state()->shared().leave((*context.peers)[context.node].slot, context.is_session);
}

void end_context(void* data) { leave(*static_cast<RequestContext*>(data)); }

void release_peers(void* data) { static_cast<PeerSet*>(data)->release(); }

// The set lives as long as the request: its log line names the peers' addresses.
bool hold_peers(ngx_http_request_t* request, PeerSet& peers) {
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(request->pool, 0);
    if (cleanup == nullptr) return false;
    cleanup->handler = guarded<release_peers>;
    cleanup->data = &peers;
    peers.acquire();
    return true;
}

RequestContext* create_context(ngx_http_request_t* request) {
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(request->pool, sizeof(RequestContext));
    if (cleanup == nullptr) return nullptr;
    auto* context = new (cleanup->data) RequestContext;
    context->request = request;
    cleanup->handler = guarded<end_context>;
    return context;
}

bool find_cookie(ngx_http_request_t* request, std::string_view cookie, ngx_str_t& value) {
    ngx_str_t name = str_of(cookie);
#if (nginx_version >= 1023000)
    return ngx_http_parse_multi_header_lines(request, request->headers_in.cookie, &name, &value) !=
           nullptr;
#else
    return ngx_http_parse_multi_header_lines(&request->headers_in.cookies, &name, &value) !=
           NGX_DECLINED;
#endif
}

void read_facts(RequestContext& context) {
    ngx_http_request_t* request = context.request;
    RequestFacts& facts = context.facts = {};
    ngx_str_t cookie = ngx_null_string;
    facts.has_fixed_cookie = find_cookie(request, kFixedCookie, cookie);
    facts.fixed_cookie = view_of(cookie);
    facts.target = routing::parse_target(view_of(request->uri));
    facts.socketio = routing::parse_socketio(view_of(request->uri), view_of(request->args));
    if (facts.socketio.is_socketio && find_cookie(request, kSessionCookie, cookie)) {
        facts.session_cookie = view_of(cookie);
    }
}

// Tries are counted per set; after a change of the nodes each may be tried again.
bool use_current_peers(RequestContext& context, RouteState& state) {
    if (context.peers == &state.peers()) return true;
    if (!hold_peers(context.request, state.peers())) return false;
    context.peers = &state.peers();
    context.facts.tried.reset();
    return true;
}

void begin_try(RequestContext& context, Peer& peer, RouteState& state) {
    state.shared().enter(peer.slot, context.is_session);
    if (!context.counted) state.shared().count_rule(context.rule);
    context.counted = true;
    state.note_sent(context.node, context.rule);
    ngx_queue_insert_tail(&peer.waiting, &context.queue);
    context.under_way = true;
    context.try_began = ngx_current_msec;
    context.last_resort = !state.serves(context.node);
    context.give_up_at = context.last_resort ? context.try_began + kPatience : 0;
}

ngx_int_t get_peer(ngx_peer_connection_t* connection, void* data) {
    auto& context = *static_cast<RequestContext*>(data);
    RouteState& state = *worker_state();
    connection->cached = 0;
    connection->connection = nullptr;
    if (!use_current_peers(context, state)) return NGX_ERROR;

    const policy::RouteChoice choice = state.choose(context.facts);
    if (choice.clear_cookie && !context.cookie_cleared) {
        context.cookie_cleared = add_header(context.request, "Set-Cookie", kClearCookie);
    }
    if (!choice.node) {
        connection->name = &no_peer_name;
        connection->tries = 0;
        return NGX_BUSY;
    }
    context.node = *choice.node;
    context.rule = choice.rule;
    context.chosen = true;
    Peer& peer = (*context.peers)[context.node];
    connection->sockaddr = reinterpret_cast<sockaddr*>(&peer.socket.storage);
    connection->socklen = peer.socket.length;
    connection->name = &peer.address_text;

    begin_try(context, peer, state);
    return NGX_OK;
}

// A kept connection that was closed in between says nothing: the node may be tried on a new one.
bool closed_while_idle(const ngx_http_upstream_t* upstream, const ngx_peer_connection_t* peer) {
    return peer->cached && upstream->headers_in.status_n == 0 &&
           !peer->connection->read->timedout && !peer->connection->write->timedout;
}

void note_failure(RequestContext& context, ngx_peer_connection_t* connection) {
    const ngx_http_upstream_t* upstream = context.request->upstream;
    const Peer& peer = (*context.peers)[context.node];
    if (connection->connection == nullptr || !upstream->request_sent) {
        context.facts.tried.set(context.node);
        worker_state()->note_failure(peer, RouteState::Failure::no_connection);
        return;
    }
    context.reached_a_node = true;
    if (closed_while_idle(upstream, connection)) return;
    context.facts.tried.set(context.node);
    worker_state()->note_failure(peer, RouteState::Failure::bad_answer);
}

void free_peer(ngx_peer_connection_t* connection, void* data, ngx_uint_t state) {
    auto& context = *static_cast<RequestContext*>(data);
    leave(context);
    RouteState& worker = *worker_state();
    Peer& peer = (*context.peers)[context.node];
    const ngx_uint_t status = context.request->upstream->headers_in.status_n;
    const bool server_error = status >= NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (status != 0) peer.answered_at = ngx_current_msec;
    if (server_error) worker.shared().count_5xx(peer.slot);
    if ((state & NGX_PEER_FAILED) != 0) {
        note_failure(context, connection);
    } else if (server_error) {
        worker.note_failure(peer, RouteState::Failure::bad_answer);
    } else if (status != 0) {
        worker.shared().note_success(peer.slot, context.try_began);
    }
    if (connection->tries > 0) --connection->tries;
}

#if (NGX_HTTP_SSL)
ngx_int_t set_session(ngx_peer_connection_t*, void*) { return NGX_OK; }
void save_session(ngx_peer_connection_t*, void*) {}
#endif

}  // namespace

RequestContext* context_of(ngx_http_request_t* request) {
    auto* context =
        static_cast<RequestContext*>(ngx_http_get_module_ctx(request, ngx_http_higuma_module));
    if (context != nullptr) return context;
    // An internal redirect forgets the modules' contexts, but not the pool's clean-ups.
    for (ngx_pool_cleanup_t* cleanup = request->pool->cleanup; cleanup != nullptr;
         cleanup = cleanup->next) {
        if (cleanup->handler != guarded<end_context>) continue;
        auto* found = static_cast<RequestContext*>(cleanup->data);
        if (found->request == request) return found;
    }
    return nullptr;
}

ngx_int_t init_peer(ngx_http_request_t* request, ngx_http_upstream_srv_conf_t*) {
    RouteState* state = worker_state();
    if (state == nullptr) return NGX_ERROR;
    RequestContext* context = context_of(request);
    if (context == nullptr) context = create_context(request);
    if (context == nullptr) return NGX_ERROR;
    ngx_http_set_ctx(request, context, ngx_http_higuma_module);
    read_facts(*context);
    context->is_session = request->headers_in.upgrade != nullptr;

    ngx_peer_connection_t& peer = request->upstream->peer;
    peer.data = context;
    peer.get = guarded<get_peer>;
    peer.free = guarded<free_peer>;
    peer.tries = std::max<ngx_uint_t>(state->peers().size(), 1);
#if (NGX_HTTP_SSL)
    peer.set_session = guarded<set_session>;
    peer.save_session = guarded<save_session>;
#endif
    return NGX_OK;
}

bool add_header(ngx_http_request_t* request, std::string_view name, std::string_view value) {
    auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&request->headers_out.headers));
    if (header == nullptr) return false;
    *header = {};
    header->hash = 1;
    header->key = str_of(name);
    header->value = str_of(value);
    return true;
}

std::string_view session_cookie_of(ngx_http_request_t* request) {
    constexpr std::string_view kName = "HIGUMA_NODE=";
    constexpr std::string_view kRest = "; Path=/socket.io/; HttpOnly; SameSite=Lax";
    const RequestContext* context = context_of(request);
    if (context == nullptr || !context->chosen) return {};
    const routing::SocketioRequest& socketio = context->facts.socketio;
    const ngx_uint_t status = request->headers_out.status;
    const bool begins = socketio.is_socketio && !socketio.has_session &&
                        (status == NGX_HTTP_OK || status == NGX_HTTP_SWITCHING_PROTOCOLS);
    const std::string& node = (*context->peers)[context->node].id;
    if (!begins || context->facts.session_cookie == node) return {};
    const std::size_t size = kName.size() + node.size() + kRest.size();
    auto* text = static_cast<char*>(ngx_pnalloc(request->pool, size));
    if (text == nullptr) return {};
    char* end = std::copy(kName.begin(), kName.end(), text);
    end = std::copy(node.begin(), node.end(), end);
    std::copy(kRest.begin(), kRest.end(), end);
    return {text, size};
}

bool is_repeatable(const ngx_http_request_t* request) {
    return (request->method & (NGX_HTTP_POST | NGX_HTTP_LOCK | NGX_HTTP_PATCH)) == 0;
}

namespace {

// Handled later in this turn of the event loop; closing the connection takes it back.
void time_out(const RequestContext& context) {
    ngx_connection_t* connection = context.request->upstream->peer.connection;
    if (connection == nullptr) return;
    connection->read->timedout = 1;
    ngx_post_event(connection->read, &ngx_posted_events);
}

bool waits(const RequestContext& context) {
    return context.request->upstream->headers_in.status_n == 0;
}

// The action may take its try out of the queue.
template <class Action>
void for_each_in(ngx_queue_t& queue, Action act) {
    for (ngx_queue_t* each = ngx_queue_head(&queue); each != ngx_queue_sentinel(&queue);) {
        auto& context = *ngx_queue_data(each, RequestContext, queue);
        each = ngx_queue_next(each);
        act(context);
    }
}

template <class Action>
void for_each_try(Peer& peer, Action act) {
    for_each_in(peer.waiting, act);
    for_each_in(peer.answered, act);
}

}  // namespace

std::optional<ngx_msec_t> oldest_wait(Peer& peer) {
    std::optional<ngx_msec_t> oldest;
    for_each_in(peer.waiting, [&](RequestContext& context) {
        if (!waits(context)) {
            ngx_queue_remove(&context.queue);
            ngx_queue_insert_tail(&peer.answered, &context.queue);
        } else if (!oldest && is_repeatable(context.request)) {
            oldest = context.try_began;
        }
    });
    return oldest;
}

bool has_tries(const Peer& peer) {
    return !ngx_queue_empty(&peer.waiting) || !ngx_queue_empty(&peer.answered);
}

void move_waiting(Peer& peer) {
    for_each_try(peer, [](RequestContext& context) {
        if (waits(context) && is_repeatable(context.request)) time_out(context);
    });
}

void close_tries(Peer& peer) {
    for_each_try(peer, [](RequestContext& context) {
        if (context.last_resort) return;
        const ngx_http_upstream_t* upstream = context.request->upstream;
        const bool may_end_by_itself =
            upstream->header_sent && !upstream->upgrade && upstream->buffering;
        if (may_end_by_itself) {
            context.give_up_at = ngx_current_msec + kPatience;
        } else {
            time_out(context);
        }
    });
}

void give_up_on_late(Peer& peer) {
    for_each_try(peer, [](RequestContext& context) {
        const bool answers = context.last_resort && context.request->upstream->header_sent;
        if (context.give_up_at == 0 || answers || ngx_current_msec < context.give_up_at) return;
        context.give_up_at = 0;
        time_out(context);
    });
}

}  // namespace higuma::nginx
