// What the gateway counted, as JSON on a socket of its own, for the controller beside it: requests
// by rule and what every worker knows of each node.
#pragma once

#include "nginx_headers.hpp"

namespace higuma::nginx {

// The location's handler.
ngx_int_t answer_status(ngx_http_request_t* request);

// Sends one whole body; `text` lives as long as the request. Headers but length and type are set.
ngx_int_t send_json(ngx_http_request_t* request, ngx_uint_t status, std::string_view text);

// nginx does not bind a Unix socket whose file an nginx that was killed has left: takes away those
// of this configuration that nobody listens on.
void remove_dead_sockets(ngx_conf_t* cf);

}  // namespace higuma::nginx
