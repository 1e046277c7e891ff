#include "api/socketio/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "api/auth.hpp"
#include "base/json_text.hpp"
#include "base/log.hpp"

namespace higuma::api::socketio {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::system::error_code;

namespace {

constexpr std::size_t kIdLength = 20;

json::array upgrades_from(Connection::Transport transport) {
    if (transport == Connection::Transport::websocket) return {};
    return {"websocket"};
}

}  // namespace

Connection::Connection(asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                       const Limits& limits, std::shared_ptr<Stats> stats,
                       std::shared_ptr<const Handlers> handlers, std::string session_id,
                       std::string remote, Transport transport)
    : executor_(executor),
      clock_(std::move(clock)),
      limits_(limits),
      stats_(std::move(stats)),
      handlers_(std::move(handlers)),
      session_id_(std::move(session_id)),
      remote_(std::move(remote)),
      transport_(transport),
      heartbeat_(executor),
      connect_limit_(executor) {}

void Connection::start() {
    const json::object hello{{"sid", session_id_},
                             {"upgrades", upgrades_from(transport_)},
                             {"pingInterval", limits_.ping_interval.count()},
                             {"pingTimeout", limits_.ping_timeout.count()},
                             {"maxPayload", limits_.payload_bytes}};
    send(encode_engine_packet(EngineKind::open, json_text(hello)));
    arm(limits_.ping_interval, &Connection::ping);
    connect_limit_.expires_after(limits_.connect_timeout);
    connect_limit_.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (!error && self && !self->connected_) self->close();
    });
}

void Connection::arm(Duration span, void (Connection::*then)()) {
    heartbeat_.expires_after(span);
    heartbeat_.async_wait([weak = weak_from_this(), then](error_code error) {
        const auto self = weak.lock();
        if (!error && self && !self->closed_) (self.get()->*then)();
    });
}

void Connection::ping() {
    arm(limits_.ping_timeout, &Connection::miss_pong);
    send(encode_engine_packet(EngineKind::ping));
}

void Connection::emit(std::string_view name, const json::array& arguments) {
    if (connected_) send(encode_engine_packet(EngineKind::message, encode_event(name, arguments)));
}

void Connection::acknowledge(const Call& call, const json::array& arguments) {
    if (connected_ && call.id)
        send(encode_engine_packet(EngineKind::message, encode_ack(*call.id, arguments)));
}

void Connection::send(std::string text) {
    if (closed_) return;
    if (queue_.size() >= limits_.queued_packets ||
        queued_bytes_ + text.size() > limits_.queued_bytes) {
        return drop(&Stats::dropped_slow);
    }
    queued_bytes_ += text.size();
    queue_.push_back(std::make_shared<const std::string>(std::move(text)));
    if (sender_) sender_->cancel();
}

void Connection::receive(EnginePacket packet) {
    if (closed_) return;
    switch (packet.kind) {
        case EngineKind::pong:
            return arm(limits_.ping_interval, &Connection::ping);
        case EngineKind::message:
            return receive_message(std::move(packet));
        case EngineKind::close:
            return close();
        case EngineKind::ping:  // only the server pings
            return drop(&Stats::dropped_broken);
        case EngineKind::open:
        case EngineKind::upgrade:
        case EngineKind::noop:
            return;
    }
}

void Connection::receive_message(EnginePacket packet) {
    if (packet.binary != incomplete_.has_value()) return drop(&Stats::dropped_broken);
    if (packet.binary) {
        // No event of this interface takes bytes: they are read past, and null in the arguments.
        if (--incomplete_->attachments == 0) take_packet(*std::exchange(incomplete_, std::nullopt));
        return;
    }
    auto decoded = decode_packet(packet.data);
    if (!decoded) return drop(&Stats::dropped_broken);
    if (decoded->attachments > 0) {
        incomplete_ = std::move(*decoded);
    } else {
        take_packet(std::move(*decoded));
    }
}

void Connection::take_packet(Packet packet) {
    if (packet.kind == PacketKind::connect) return take_connect(packet);
    if (!connected_ || packet.name_space != "/" || packet.kind == PacketKind::connect_error) {
        return close();
    }
    if (packet.kind == PacketKind::disconnect) return leave();
    // This server asks for no acknowledgements; one that comes nevertheless means nothing.
    if (packet.kind == PacketKind::event || packet.kind == PacketKind::binary_event) {
        take_event(std::move(packet));
    }
}

void Connection::take_connect(const Packet& packet) {
    Packet answer;
    answer.name_space = packet.name_space;
    if (packet.name_space != "/") {
        answer.kind = PacketKind::connect_error;
        answer.payload = json::object{{"message", "Invalid namespace"}};
        return send(encode_engine_packet(EngineKind::message, encode_packet(answer)));
    }
    if (connected_ || greeted_) return close();
    answer.kind = PacketKind::connect;
    answer.payload = json::object{{"sid", random_token(kIdLength)}};
    connected_ = true;
    connect_limit_.cancel();
    send(encode_engine_packet(EngineKind::message, encode_packet(answer)));
    running_ = true;
    asio::co_spawn(executor_, run_calls(), asio::detached);
}

void Connection::take_event(Packet packet) {
    if (calls_.size() >= limits_.waiting_calls) return drop(&Stats::dropped_broken);
    auto arguments = std::move(packet.payload.get_array());
    Call call;
    // A number as a name is legal and names no event of this interface.
    if (arguments.front().is_string()) call.name = std::string(arguments.front().get_string());
    for (auto& argument : arguments) {
        const auto* object = argument.if_object();
        if (object && object->contains("_placeholder")) argument = nullptr;
    }
    arguments.erase(arguments.begin());
    call.arguments = std::move(arguments);
    call.id = packet.id;
    calls_.push_back(std::move(call));
    if (running_) return;
    running_ = true;
    asio::co_spawn(executor_, run_calls(), asio::detached);
}

Task<> Connection::run_calls() {
    const auto self = shared_from_this();
    if (!greeted_) {
        greeted_ = true;
        co_await guarded(handlers_->connected(self));
    }
    while (connected_ && !calls_.empty()) {
        auto call = std::move(calls_.front());
        calls_.pop_front();
        co_await guarded(handlers_->event(self, std::move(call)));
    }
    running_ = false;
}

Task<> Connection::guarded(Task<> work) {
    try {
        co_await std::move(work);
    } catch (const std::exception& error) {
        spdlog::error("a Socket.IO handler threw: {}", error.what());
    }
}

void Connection::leave() {
    if (!connected_) return;
    connected_ = false;
    calls_.clear();
    handlers_->disconnected(shared_from_this());
}

void Connection::drop(std::uint64_t Stats::*counter) {
    ++(*stats_.*counter);
    close();
}

void Connection::close() {
    if (std::exchange(closed_, true)) return;
    const auto self = shared_from_this();
    heartbeat_.cancel();
    connect_limit_.cancel();
    queue_.clear();
    queued_bytes_ = 0;
    incomplete_.reset();
    leave();
    if (sender_) sender_->cancel();
    if (on_closed) std::exchange(on_closed, nullptr)();
}

// One sender at a time: the poll that is held, or the WebSocket's writer.
Task<> Connection::wait_to_send(Instant until) {
    asio::steady_timer timer(executor_, until);
    sender_ = &timer;
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (sender_ == &timer) sender_ = nullptr;
}

Task<std::string> Connection::next_body(Deadline deadline) {
    const auto self = shared_from_this();
    const auto nothing = [this] { return queue_.empty() && !closed_; };
    poll_held_ = true;
    while (nothing() && !upgrading_ && transport_ == Transport::polling &&
           !deadline.passed(clock_->now())) {
        co_await wait_to_send(deadline.at);
    }
    poll_held_ = false;
    if (closed_) co_return encode_engine_packet(EngineKind::close);
    std::string body;
    // What was queued since the upgrade belongs to the WebSocket.
    while (transport_ == Transport::polling && !queue_.empty()) {
        append_to_polling_body(body, *queue_.front());
        queued_bytes_ -= queue_.front()->size();
        queue_.pop_front();
    }
    if (body.empty()) body = encode_engine_packet(EngineKind::noop);
    co_return body;
}

Task<std::shared_ptr<const std::string>> Connection::next_message() {
    const auto self = shared_from_this();
    while (queue_.empty() && !closed_) {
        co_await wait_to_send(Instant::max());  // ended by the heartbeat's packets or close()
    }
    Text text;
    if (closed_) co_return text;
    text = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= text->size();
    co_return text;
}

bool Connection::begin_upgrade() {
    if (closed_ || upgrading_ || transport_ == Transport::websocket) return false;
    upgrading_ = true;
    if (sender_) sender_->cancel();
    return true;
}

void Connection::end_upgrade(bool done) {
    upgrading_ = false;
    if (!done || closed_) return;
    transport_ = Transport::websocket;
    ++stats_->upgraded;
    if (sender_) sender_->cancel();
}

}  // namespace higuma::api::socketio
