#include "status.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "peer.hpp"

namespace higuma::nginx {
namespace {

template <class Number>
void add(std::string& json, std::string_view key, Number value) {
    json.append("\"").append(key).append("\":").append(std::to_string(value)).append(",");
}

void add(std::string& json, std::string_view key, bool value) {
    json.append("\"").append(key).append("\":").append(value ? "true," : "false,");
}

void open(std::string& json, std::string_view key) { json.append("\"").append(key).append("\":{"); }

// Ends an object; what follows it is another member or the end of the outer one.
void close(std::string& json) {
    if (json.back() == ',') json.pop_back();
    json.append("},");
}

void add_node(std::string& json, const Peer& peer, RouteState& state) {
    const SharedNode* node = state.shared().at(peer.slot);
    if (node == nullptr) return;
    open(json, peer.id);
    add(json, "requests", node->requests.load());
    add(json, "in_flight", std::max<std::int64_t>(node->in_flight, 0));
    add(json, "sessions", std::max<std::int64_t>(node->sessions, 0));
    add(json, "ejected", state.shared().is_ejected(peer.slot, ngx_current_msec));
    add(json, "failures_in_row", node->failures.load());
    add(json, "responses_5xx", node->responses_5xx.load());
    close(json);
}

// Names of nodes and rules need no escapes.
std::string status_of(RouteState& state) {
    std::string json = "{";
    open(json, "requests_by_rule");
    for (std::size_t i = 0; i < policy::kRouteRules; ++i) {
        const auto rule = static_cast<policy::RouteRule>(i);
        add(json, policy::to_string(rule), state.shared().requests_by(rule));
    }
    close(json);
    open(json, "nodes");
    for (const Peer& peer : state.peers().peers()) add_node(json, peer, state);
    close(json);
    open(json, "table");
    add(json, "generation", state.generation());
    add(json, "stale", state.stale());
    close(json);
    close(json);
    json.pop_back();
    return json;
}

bool nobody_listens(const ngx_sockaddr_t& address, socklen_t length) {
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return false;
    const bool refused = ::connect(probe, &address.sockaddr, length) != 0 && errno == ECONNREFUSED;
    ::close(probe);
    return refused;
}

}  // namespace

ngx_int_t send_json(ngx_http_request_t* request, ngx_uint_t status, std::string_view text) {
    request->headers_out.status = status;
    request->headers_out.content_length_n = static_cast<off_t>(text.size());
    request->headers_out.content_type = str_of("application/json; charset=utf-8");
    request->headers_out.content_type_len = request->headers_out.content_type.len;
    const ngx_int_t sent = ngx_http_send_header(request);
    if (sent == NGX_ERROR || sent > NGX_OK || request->header_only) return sent;

    auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(request->pool));
    if (buffer == nullptr) return NGX_ERROR;
    const ngx_str_t body = str_of(text);
    buffer->pos = buffer->start = body.data;
    buffer->last = buffer->end = body.data + body.len;
    buffer->memory = 1;
    buffer->last_buf = 1;
    ngx_chain_t chain{buffer, nullptr};
    return ngx_http_output_filter(request, &chain);
}

ngx_int_t answer_status(ngx_http_request_t* request) {
    if ((request->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) return NGX_HTTP_NOT_ALLOWED;
    if (const ngx_int_t left = ngx_http_discard_request_body(request); left != NGX_OK) return left;
    RouteState* state = worker_state();
    if (state == nullptr) return NGX_HTTP_SERVICE_UNAVAILABLE;
    const std::string json = status_of(*state);
    auto* text = static_cast<char*>(ngx_pnalloc(request->pool, json.size()));
    if (text == nullptr) return NGX_ERROR;
    std::copy(json.begin(), json.end(), text);
    return send_json(request, NGX_HTTP_OK, {text, json.size()});
}

void remove_dead_sockets(ngx_conf_t* cf) {
    const auto* main = static_cast<const ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    if (main->ports == nullptr) return;
    const auto* ports = static_cast<const ngx_http_conf_port_t*>(main->ports->elts);
    for (ngx_uint_t i = 0; i < main->ports->nelts; ++i) {
        if (ports[i].family != AF_UNIX) continue;
        const auto* addresses = static_cast<const ngx_http_conf_addr_t*>(ports[i].addrs.elts);
        for (ngx_uint_t j = 0; j < ports[i].addrs.nelts; ++j) {
            const ngx_http_listen_opt_t& listen = addresses[j].opt;
            ngx_sockaddr_t address{};
            ngx_memcpy(&address, listen.sockaddr, listen.socklen);
            if (nobody_listens(address, listen.socklen)) ::unlink(address.sockaddr_un.sun_path);
        }
    }
}

}  // namespace higuma::nginx
