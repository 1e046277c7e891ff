// One conversation with an MQTT broker over TCP, TLS or a WebSocket.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"
#include "checks/mqtt_protocol.hpp"
#include "net/tls_stream.hpp"
#include "net/websocket.hpp"

namespace higuma::checks {

class MqttClient {
  public:
    // A larger message is an error.
    static constexpr std::size_t kLargestPacket = 256 * 1024;

    // `stream`: connected, encrypted if it is to be, and outlives this.
    explicit MqttClient(net::TlsStream& stream) : stream_(stream) {}

    // Before all else, where the broker listens for WebSockets.
    Task<Result<void>> open_websocket(std::string host, std::string target);
    Task<Result<void>> sign_in(MqttLogin login);
    // The first message of the topic.
    Task<Result<MqttMessage>> receive(std::string topic);

  private:
    struct Packet {
        MqttPacket type{};
        int flags = 0;
        std::string body;
    };
    Task<Result<void>> write(std::string bytes);
    Task<Result<std::string>> read_exactly(std::size_t bytes);
    Task<Result<Packet>> read_packet();

    net::TlsStream& stream_;
    std::optional<net::WebSocket> websocket_;
    bool signed_in_ = false;
};

}  // namespace higuma::checks
