// One connection of the server: reads requests, has them answered and writes the answers in order.
// All connections of a server share its state and run on its loop.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "api/http/router.hpp"
#include "api/http/server.hpp"

namespace higuma::api {

// What the server may do to a connection from outside.
class OpenConnection {
  public:
    virtual ~OpenConnection() = default;
    virtual void close_if_idle() = 0;  // between two requests, or before the first
    virtual void close() = 0;
};

struct ServerState {
    std::shared_ptr<const Clock> clock;
    ServerLimits limits;
    Router router;
    ServerStats stats{};
    bool draining = false;
    std::size_t handlers_running = 0;
    std::size_t refusing = 0;  // connections over the limit that are being told so
    std::unordered_set<OpenConnection*> open{};
};

// `peer`: the other side's address. `trusted`: it may name the client in X-Real-IP. Throws nothing.
Task<> serve_connection(std::shared_ptr<ServerState> server, AnySocket socket, std::string peer,
                        bool trusted);
// Answers 503 and closes: the server has as many connections as it may.
Task<> refuse_connection(std::shared_ptr<ServerState> server, AnySocket socket);

// The head of an answer, up to and with the empty line.
std::string response_head(const Response& response, int http_minor_version, bool keep_alive,
                          WallTime now);

}  // namespace higuma::api
