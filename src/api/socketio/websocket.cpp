#include "api/socketio/websocket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <optional>

namespace higuma::api::socketio {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr Millis kHandshakeTime{5'000};
constexpr Millis kGoodbyeTime{2'000};  // for the other side to answer the closing frame

http::request<http::empty_body> head_of(const Request& request) {
    http::request<http::empty_body> head{http::verb::get, "/", 11};
    for (const auto& [name, value] : request.headers) head.insert(name, value);
    return head;
}

class WebSocket final : public Takeover, public std::enable_shared_from_this<WebSocket> {
  public:
    WebSocket(std::shared_ptr<Server> server, Request request, ConnectionPtr probed)
        : server_(std::move(server)),
          request_(std::move(request)),
          connection_(std::move(probed)),
          limit_(server_->executor()),
          probing_(connection_ != nullptr) {}

    Task<> run(AnySocket socket) override;
    void close() override;

  private:
    Task<bool> accept();
    Task<bool> probe();
    Task<bool> write(std::string text);
    Task<std::optional<EnginePacket>> read();
    Task<> read_all();
    Task<> write_all();
    Task<> say_goodbye();
    void arm(Duration span);
    void cut();

    std::shared_ptr<Server> server_;
    Request request_;
    ConnectionPtr connection_;
    asio::steady_timer limit_;  // of what must not take long; cuts the connection
    bool probing_, closing_ = false;
    std::optional<websocket::stream<AnySocket>> stream_;
};

void WebSocket::arm(Duration span) {
    limit_.expires_after(span);
    limit_.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (!error && self) self->cut();
    });
}

void WebSocket::cut() {
    error_code ignored;
    if (stream_) stream_->next_layer().close(ignored);
}

void WebSocket::close() {
    closing_ = true;
    if (connection_ && !probing_) return connection_->close();  // the writer says goodbye
    cut();
}

Task<> WebSocket::run(AnySocket socket) {
    const auto self = shared_from_this();
    stream_.emplace(std::move(socket));
    stream_->read_message_max(server_->limits().payload_bytes);
    arm(kHandshakeTime);
    if (closing_ || !co_await accept()) co_return;
    if (probing_) {
        arm(server_->limits().upgrade_timeout);
        const bool taken = co_await probe();
        if (!taken) co_return co_await say_goodbye();
    } else {
        connection_ = server_->open(request_.remote, Connection::Transport::websocket);
        if (!connection_) co_return co_await say_goodbye();
    }
    limit_.cancel();
    asio::co_spawn(server_->executor(), write_all(), asio::detached);
    co_await read_all();
    connection_->close();
}

Task<bool> WebSocket::accept() {
    error_code error;
    const auto head = head_of(request_);
    co_await stream_->async_accept(head, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

// The client asks whether the WebSocket carries ("2probe"), and on our answer changes over ("5").
Task<bool> WebSocket::probe() {
    auto packet = co_await read();
    if (!packet || packet->kind != EngineKind::ping || packet->data != "probe") co_return false;
    if (!connection_->begin_upgrade()) co_return false;
    bool good = co_await write(encode_engine_packet(EngineKind::pong, "probe"));
    if (good) {
        packet = co_await read();
        good = packet && packet->kind == EngineKind::upgrade;
    }
    probing_ = false;
    connection_->end_upgrade(good);
    co_return good && connection_->is_open();
}

Task<bool> WebSocket::write(std::string text) {
    error_code error;
    stream_->text(true);
    co_await stream_->async_write(asio::buffer(text),
                                  asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
}

// None: the end, or what is no packet.
Task<std::optional<EnginePacket>> WebSocket::read() {
    boost::beast::flat_buffer buffer;
    error_code error;
    co_await stream_->async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    std::optional<EnginePacket> packet;
    if (error) co_return packet;
    auto bytes = boost::beast::buffers_to_string(buffer.data());
    if (stream_->got_binary()) {
        packet = EnginePacket{EngineKind::message, std::move(bytes), true};
    } else if (!bytes.starts_with('b')) {  // base64 is for polling
        packet = decode_engine_packet(bytes);
    }
    co_return packet;
}

Task<> WebSocket::read_all() {
    while (connection_->is_open()) {
        auto packet = co_await read();
        if (!packet) co_return;
        connection_->receive(std::move(*packet));
    }
}

Task<> WebSocket::write_all() {
    const auto self = shared_from_this();
    while (auto text = co_await connection_->next_message()) {
        error_code error;
        stream_->text(true);
        co_await stream_->async_write(asio::buffer(*text),
                                      asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
    }
    connection_->close();
    co_await say_goodbye();
}

Task<> WebSocket::say_goodbye() {
    arm(kGoodbyeTime);
    error_code ignored;
    co_await stream_->async_close(websocket::close_code::normal,
                                  asio::redirect_error(asio::use_awaitable, ignored));
    limit_.cancel();
    cut();
}

}  // namespace

std::shared_ptr<Takeover> make_websocket(std::shared_ptr<Server> server, Request request,
                                         ConnectionPtr probed) {
    return std::make_shared<WebSocket>(std::move(server), std::move(request), std::move(probed));
}

}  // namespace higuma::api::socketio
