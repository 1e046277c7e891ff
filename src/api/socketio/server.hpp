// Socket.IO at /socket.io/: begins sessions, finds the session of a request, and carries it by
// polling or WebSocket. What is refused and how is what Uptime Kuma's server answers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/http/server.hpp"
#include "api/socketio/connection.hpp"
#include "base/ids.hpp"

namespace higuma::api::socketio {

class Server : public std::enable_shared_from_this<Server> {
  public:
    // `self` ends the ids of the sessions, so that a gateway knows where they are.
    Server(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock, NodeId self,
           Limits limits, Handlers handlers);

    Endpoint endpoint();
    void stop();  // ends all sessions, and begins none any more
    Stats stats() const;

    // For the WebSocket.
    const Limits& limits() const { return limits_; }
    const boost::asio::any_io_executor& executor() const { return executor_; }
    const std::shared_ptr<const Clock>& clock() const { return clock_; }
    ConnectionPtr find(std::string_view session_id) const;
    // None: there are as many as there may be, or the server stops.
    ConnectionPtr open(std::string remote, Connection::Transport transport);

  private:
    Task<Response> answer(Request request);
    Task<Response> begin_polling(Request request);
    Task<Response> poll(ConnectionPtr connection, Deadline deadline);
    Response take_body(ConnectionPtr connection, const Request& request);
    Response upgrade(Request request);

    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Clock> clock_;
    NodeId self_;
    Limits limits_;
    std::shared_ptr<const Handlers> handlers_;
    std::shared_ptr<Stats> stats_;
    std::unordered_map<std::string, ConnectionPtr> sessions_;
    bool stopped_ = false;
};

// A page of another site may not open a WebSocket here: `origin`, if there is one, must be of
// `host`.
bool is_own_origin(const std::optional<std::string>& origin,
                   const std::optional<std::string>& host);

}  // namespace higuma::api::socketio
