// Blocking clients of a Socket.IO server that send exactly what they are told: one that polls and
// one that speaks WebSocket. Every wait has a limit.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "contract/api/raw_client.hpp"

namespace higuma::test {

inline const std::string kPolling = "/socket.io/?EIO=4&transport=polling";
inline const std::string kWebSocket = "/socket.io/?EIO=4&transport=websocket";

inline boost::json::object handshake_of(const std::string& packet) {
    if (!packet.starts_with('0')) throw std::runtime_error("no handshake: " + packet);
    return boost::json::parse(packet.substr(1)).as_object();
}
inline std::string session_of(const std::string& packet) {
    return std::string(handshake_of(packet).at("sid").as_string());
}

class PollingClient {
  public:
    explicit PollingClient(const std::string& address) : address_(address) {
        hello = get(kPolling).body;
        session = session_of(hello);
        target = kPolling + "&sid=" + session;
    }
    Answer get(const std::string& what) {
        RawClient client(address_);
        return client.ask(request_text("GET", what));
    }
    Answer poll() { return get(target); }
    Answer post(const std::string& body, const std::vector<std::string>& headers = {}) {
        RawClient client(address_);
        return client.ask(request_text("POST", target, headers, body));
    }

    std::string hello, session, target;

  private:
    std::string address_;
};

class WebSocketClient {
  public:
    using Stream = boost::beast::websocket::stream<boost::asio::ip::tcp::socket>;

    // Throws when the server refuses; `refusal` has its answer then.
    explicit WebSocketClient(const std::string& address, const std::string& target = kWebSocket,
                             const std::string& origin = "") {
        namespace websocket = boost::beast::websocket;
        const auto port = std::stoi(address.substr(address.rfind(':') + 1));
        stream.next_layer().connect(
            {boost::asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)});
        timeval limit{20, 0};
        ::setsockopt(stream.next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit,
                     sizeof(limit));
        stream.set_option(
            websocket::stream_base::decorator([origin](websocket::request_type& request) {
                if (!origin.empty()) request.set("Origin", origin);
            }));
        stream.read_message_max(64 * 1024 * 1024);
        stream.handshake(address, target);
    }
    void send(const std::string& text) {
        stream.text(true);
        stream.write(boost::asio::buffer(text));
    }
    void send_bytes(const std::string& bytes) {
        stream.binary(true);
        stream.write(boost::asio::buffer(bytes));
    }
    // None: the server has closed.
    std::optional<std::string> read() {
        boost::beast::flat_buffer buffer;
        boost::system::error_code error;
        stream.read(buffer, error);
        if (error) return std::nullopt;
        return boost::beast::buffers_to_string(buffer.data());
    }
    // The next one that is no ping.
    std::string next() {
        while (true) {
            auto text = read();
            if (!text) throw std::runtime_error("the server has closed");
            if (*text != "2") return *text;
            send("3");
        }
    }

    boost::asio::io_context context;
    Stream stream{context};
};

}  // namespace higuma::test
