// What a Socket.IO request says of its session, read from path and query alone. Our nodes end the
// ids of their sessions with their own name, "<random>.<node id>"; a stock node's id says nothing.
#pragma once

#include <string_view>

namespace higuma::routing {

struct SocketioRequest {
    bool is_socketio = false;
    bool has_session = false;    // it brings a session id; without one it begins a session
    std::string_view node_name;  // of the session, points into the query; empty: the id names none

    bool operator==(const SocketioRequest&) const = default;
};

// `path` is decoded and normalised; `query` is as it came, without the question mark.
SocketioRequest parse_socketio(std::string_view path, std::string_view query);

}  // namespace higuma::routing
