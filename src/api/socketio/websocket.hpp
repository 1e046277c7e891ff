// A session's WebSocket: from the start, or taking over from polling after a probe.
#pragma once

#include <memory>

#include "api/socketio/server.hpp"

namespace higuma::api::socketio {

// `probed`: the session that polls so far; none: a new session begins with the WebSocket.
std::shared_ptr<Takeover> make_websocket(std::shared_ptr<Server> server, Request request,
                                         ConnectionPtr probed);

}  // namespace higuma::api::socketio
