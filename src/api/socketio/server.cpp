#include "api/socketio/server.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/json/object.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "api/auth.hpp"
#include "api/socketio/websocket.hpp"
#include "base/log.hpp"

namespace higuma::api::socketio {
namespace {

constexpr std::size_t kIdLength = 20;
constexpr Millis kAnswerTime{2'000};  // left of a request's time when a held poll is answered

enum class Refusal { transport, session, method, request, origin, version };

std::string_view text_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::transport:
            return "Transport unknown";
        case Refusal::session:
            return "Session ID unknown";
        case Refusal::method:
            return "Bad handshake method";
        case Refusal::request:
            return "Bad request";
        case Refusal::origin:
            return "Forbidden";
        case Refusal::version:
            return "Unsupported protocol version";
    }
    return "Bad request";
}

Response plain(std::string body, std::string content_type, int status) {
    auto response = Response::text(std::move(body), std::move(content_type), status);
    response.headers.emplace_back("cache-control", "no-store");
    return response;
}

bool wants_upgrade(const Request& request) {
    const auto upgrade = request.header("upgrade");
    return request.method == "GET" && upgrade && boost::beast::iequals(*upgrade, "websocket");
}

// As the real server: JSON for polling; words, and the end of the connection, for a WebSocket.
Response refuse(const Request& request, Refusal refusal) {
    if (wants_upgrade(request)) {
        auto response = Response::text(std::string(text_of(refusal)), "text/html", 400);
        response.close = true;
        return response;
    }
    const boost::json::object body{{"code", static_cast<int>(refusal)},
                                   {"message", text_of(refusal)}};
    auto response = Response::json(body, 400);
    response.content_type = "application/json";
    response.headers.clear();
    return response;
}

Response full() {
    return failure_response(
        {ErrorKind::unavailable, "Too many clients are connected; try again.", ""});
}

std::optional<Refusal> problem_of(const Request& request, const Server& server) {
    const auto transport = request.parameter("transport").value_or("");
    const bool websocket = transport == "websocket";
    if (!websocket && transport != "polling") return Refusal::transport;
    const auto session_id = request.parameter("sid").value_or("");
    if (!session_id.empty()) {
        const auto session = server.find(session_id);
        if (!session) return Refusal::session;
        const bool polls = session->transport() == Connection::Transport::polling;
        if (!wants_upgrade(request) && polls == websocket) return Refusal::request;
    } else {
        if (request.method != "GET") return Refusal::method;
        if (websocket && !wants_upgrade(request)) return Refusal::request;
        if (request.parameter("EIO").value_or("") != "4") return Refusal::version;
    }
    if (wants_upgrade(request)) {
        if (!websocket) return Refusal::request;
        if (!is_own_origin(request.header("origin"), request.header("host"))) {
            return Refusal::origin;
        }
    }
    return std::nullopt;
}

}  // namespace

bool is_own_origin(const std::optional<std::string>& origin,
                   const std::optional<std::string>& host) {
    if (!origin || origin->empty()) return true;
    const auto url = boost::urls::parse_uri(*origin);
    if (!url || !host) return false;
    std::string own(url->encoded_host());
    const bool is_default = (url->scheme() == "http" && url->port() == "80") ||
                            (url->scheme() == "https" && url->port() == "443");
    if (url->has_port() && !url->port().empty() && !is_default) {
        own.append(":").append(url->port());
    }
    return boost::beast::iequals(own, *host);
}

Server::Server(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
               NodeId self, Limits limits, Handlers handlers)
    : executor_(std::move(executor)),
      clock_(std::move(clock)),
      self_(std::move(self)),
      limits_(limits),
      handlers_(std::make_shared<const Handlers>(std::move(handlers))),
      stats_(std::make_shared<Stats>()) {
    stats_->limit = limits.sessions;
}

Endpoint Server::endpoint() {
    auto handler = [self = shared_from_this()](Request request) {
        return self->answer(std::move(request));
    };
    return {"*", "/socket.io/", std::move(handler)};
}

Stats Server::stats() const {
    auto stats = *stats_;
    stats.sessions = sessions_.size();
    return stats;
}

void Server::stop() {
    stopped_ = true;
    while (!sessions_.empty()) {
        const auto connection = sessions_.begin()->second;
        connection->close();
    }
}

ConnectionPtr Server::find(std::string_view session_id) const {
    const auto found = sessions_.find(std::string(session_id));
    return found == sessions_.end() ? nullptr : found->second;
}

ConnectionPtr Server::open(std::string remote, Connection::Transport transport) {
    if (stopped_ || sessions_.size() >= limits_.sessions) {
        ++stats_->refused;
        return nullptr;
    }
    ++stats_->opened;
    auto id = random_token(kIdLength) + "." + self_.value;
    auto connection = std::make_shared<Connection>(executor_, clock_, limits_, stats_, handlers_,
                                                   std::move(id), std::move(remote), transport);
    sessions_.emplace(connection->session_id(), connection);
    connection->on_closed = [weak = weak_from_this(), key = connection->session_id()] {
        if (const auto self = weak.lock()) self->sessions_.erase(key);
    };
    connection->start();
    return connection;
}

Task<Response> Server::answer(Request request) {
    if (const auto problem = problem_of(request, *this)) co_return refuse(request, *problem);
    if (wants_upgrade(request)) co_return upgrade(std::move(request));
    const auto session_id = request.parameter("sid").value_or("");
    if (session_id.empty()) co_return co_await begin_polling(std::move(request));
    auto connection = find(session_id);
    if (request.method == "GET") {
        co_return co_await poll(std::move(connection), request.deadline);
    }
    if (request.method == "POST") co_return take_body(std::move(connection), request);
    co_return plain("", "text/html", 500);
}

Task<Response> Server::begin_polling(Request request) {
    auto connection = open(request.remote, Connection::Transport::polling);
    if (!connection) co_return full();
    co_return co_await poll(std::move(connection), request.deadline);
}

Task<Response> Server::poll(ConnectionPtr connection, Deadline deadline) {
    if (connection->poll_is_held()) {
        connection->close();
        co_return plain("", "text/html", 400);
    }
    auto body = co_await connection->next_body({deadline.at - kAnswerTime});
    co_return plain(std::move(body), "text/plain; charset=UTF-8", 200);
}

Response Server::take_body(ConnectionPtr connection, const Request& request) {
    if (request.body.size() > limits_.payload_bytes) return plain("", "text/html", 413);
    auto packets = decode_polling_body(request.body);
    const bool bytes =
        request.header("content-type").value_or("").starts_with("application/octet-stream");
    if (!packets || bytes) {
        ++stats_->dropped_broken;
        connection->close();
        return plain("ok", "text/html", 200);
    }
    for (auto& packet : *packets) connection->receive(std::move(packet));
    return plain("ok", "text/html", 200);
}

Response Server::upgrade(Request request) {
    const auto session_id = request.parameter("sid").value_or("");
    auto probed = session_id.empty() ? nullptr : find(session_id);
    Response response;
    response.takeover = make_websocket(shared_from_this(), std::move(request), std::move(probed));
    return response;
}

}  // namespace higuma::api::socketio
