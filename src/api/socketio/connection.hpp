// One client's session, whichever transport carries it: what waits to be sent, the heartbeat, and
// the Socket.IO side with the calls that wait for their handler. Lives on the server's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/array.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/socketio/engine_packet.hpp"
#include "api/socketio/packet.hpp"
#include "base/clock.hpp"
#include "base/task.hpp"

namespace higuma::api::socketio {

struct Limits {
    Millis ping_interval{25'000};
    Millis ping_timeout{20'000};
    Millis connect_timeout{45'000};  // to join the namespace
    Millis upgrade_timeout{10'000};
    std::size_t payload_bytes = 1'000'000;  // of one message or polling body from a client
    std::size_t sessions = 2'000;
    std::size_t queued_packets = 20'000;  // for one client; one that reads slower is dropped
    std::size_t queued_bytes = 64 * 1024 * 1024;
    std::size_t waiting_calls = 200;  // of one client
};

struct Stats {
    std::size_t sessions = 0, limit = 0;
    std::uint64_t opened = 0, refused = 0, upgraded = 0;
    std::uint64_t dropped_slow = 0;    // their queue was full
    std::uint64_t dropped_silent = 0;  // no pong
    std::uint64_t dropped_broken = 0;  // malformed packets, or too many calls
};

// An event of a client.
struct Call {
    std::string name;
    boost::json::array arguments;     // without the name; bytes among them are null
    std::optional<std::uint64_t> id;  // of the acknowledgement that is asked for
};

class Connection;
using ConnectionPtr = std::shared_ptr<Connection>;

// What runs on top. `connected` ends before the first `event` begins; events of one client are
// handled one after the other, in their order.
struct Handlers {
    std::function<Task<>(ConnectionPtr)> connected;
    std::function<Task<>(ConnectionPtr, Call)> event;
    std::function<void(ConnectionPtr)> disconnected;  // after `connected` began; no more is sent
};

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    enum class Transport { polling, websocket };

    Connection(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
               const Limits& limits, std::shared_ptr<Stats> stats,
               std::shared_ptr<const Handlers> handlers, std::string session_id, std::string remote,
               Transport transport);

    // For handlers. Nothing is sent any more to one who has left.
    void emit(std::string_view name, const boost::json::array& arguments);
    void acknowledge(const Call& call, const boost::json::array& arguments);
    const std::string& remote() const { return remote_; }
    bool is_open() const { return !closed_; }

    // For the transports.
    const std::string& session_id() const { return session_id_; }
    Transport transport() const { return transport_; }
    void start();  // the handshake's answer, and the first ping's time
    void receive(EnginePacket packet);
    // What waits, taken off the queue as a polling body or one by one. With nothing to send it
    // waits; "close" once the session has ended, "noop" at the deadline or for the sake of an
    // upgrade.
    Task<std::string> next_body(Deadline deadline);
    // None: the session has ended.
    Task<std::shared_ptr<const std::string>> next_message();
    bool poll_is_held() const { return poll_held_; }
    bool begin_upgrade();  // false: it is a WebSocket already, or another one tries
    void end_upgrade(bool done);
    void close();
    std::function<void()> on_closed;  // once

  private:
    using Text = std::shared_ptr<const std::string>;
    void send(std::string text);
    void receive_message(EnginePacket packet);
    void take_packet(Packet packet);
    void take_connect(const Packet& packet);
    void take_event(Packet packet);
    void leave();
    void drop(std::uint64_t Stats::*counter);
    void arm(Duration span, void (Connection::*then)());
    void ping();
    void miss_pong() { drop(&Stats::dropped_silent); }
    void check_connected();
    Task<> wait_to_send(Instant until);
    Task<> run_calls();
    Task<> guarded(Task<> work);

    boost::asio::any_io_executor executor_;
    std::shared_ptr<const Clock> clock_;
    Limits limits_;
    std::shared_ptr<Stats> stats_;
    std::shared_ptr<const Handlers> handlers_;
    std::string session_id_, remote_;
    Transport transport_;
    boost::asio::steady_timer heartbeat_, connect_limit_;
    boost::asio::steady_timer* sender_ = nullptr;  // waits for something to send; in its own frame
    std::deque<Text> queue_;
    std::size_t queued_bytes_ = 0;
    std::deque<Call> calls_;
    std::optional<Packet> incomplete_;  // waits for its attachments
    bool connected_ = false, greeted_ = false, running_ = false, closed_ = false;
    bool upgrading_ = false, poll_held_ = false;
};

}  // namespace higuma::api::socketio
