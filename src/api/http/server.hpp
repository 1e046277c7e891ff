// A small HTTP/1.1 server on Boost.Beast for the node's and the controller's endpoints: keep-alive,
// limits on header, body, connections and time, and a table from path pattern to handler.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace higuma::api {

struct Request {
    std::string method;  // upper case
    std::string path;    // decoded, without query; "/api/v1/monitors/7"
    std::vector<std::pair<std::string, std::string>> query;    // decoded
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::vector<std::string> captures;  // of the pattern's {…} parts, in order
    std::string body;
    std::string remote;  // the client's address; X-Real-IP only from a trusted peer (Unix socket)
    Deadline deadline;

    std::optional<std::string> header(std::string_view lower_case_name) const;
    std::optional<std::string> parameter(std::string_view name) const;
};

using AnySocket = boost::asio::generic::stream_protocol::socket;

// Speaks another protocol on a connection after a request that asked for it (WebSocket). Keeps its
// own limits of time; counts as one of the server's connections as long as it runs.
class Takeover {
  public:
    virtual ~Takeover() = default;
    virtual Task<> run(AnySocket socket) = 0;
    virtual void close() = 0;  // the server stops; may come before run()
};

struct Response {
    int status = 200;
    std::string content_type = "application/json; charset=utf-8";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    bool close = false;                            // the connection, after this answer
    std::shared_ptr<Takeover> takeover = nullptr;  // instead of an answer

    static Response json(const boost::json::value& value, int status = 200);
    static Response text(std::string body, std::string content_type, int status = 200);
};

// {"ok":false,"msg":…,"field":…} with the status that fits the kind; 503 carries Retry-After.
Response failure_response(const Failure& failure);

using Handler = std::function<Task<Response>(Request)>;

struct Endpoint {
    std::string method;   // "GET", or "*" for a handler that decides itself
    std::string pattern;  // exact path, "{name}" matches one segment
    Handler handler;
};

struct ServerLimits {
    std::size_t connections = 4096;
    std::size_t header_bytes = 16 * 1024;
    std::size_t body_bytes = 1024 * 1024;
    Millis idle{75'000};
    Millis request{30'000};  // from its first byte to the answer's last
};

struct ServerStats {
    std::size_t connections = 0, limit = 0;
    std::uint64_t requests = 0, refused = 0, client_errors = 0, server_errors = 0;
    std::uint64_t accept_errors = 0;  // no file descriptor left, and the like
};

class HttpServer {
  public:
    // A known path with another method answers 405 with Allow; an unknown one 404; a handler that
    // throws answers 500 and is logged. HEAD is answered by the GET handler.
    HttpServer(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
               ServerLimits limits, std::vector<Endpoint> endpoints);
    ~HttpServer();

    // "127.0.0.1:3001" or "unix:/path" (replaced if stale). Throws StartupError when it cannot
    // listen. Returns the address it listens on (the port, when 0 was asked).
    std::string listen(const std::string& address);

    // Stops accepting, lets running requests end (Connection: close), by the deadline at most.
    Task<> drain(Deadline deadline);
    ServerStats stats() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::api
