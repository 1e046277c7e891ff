#include "checks/mqtt_client.hpp"

#include <fmt/format.h>

namespace higuma::checks {

namespace {

constexpr std::uint16_t kSubscription = 1;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

}  // namespace

Task<Result<void>> MqttClient::open_websocket(std::string host, std::string target) {
    websocket_.emplace(stream_);
    net::WebSocketRequest request;
    request.host = std::move(host);
    request.target = std::move(target);
    request.protocols = {"mqtt"};
    co_return co_await websocket_->open(std::move(request));
}

Task<Result<void>> MqttClient::write(std::string bytes) {
    if (websocket_) {
        co_return co_await websocket_->send(net::WebSocket::kBinary, std::move(bytes));
    }
    co_return co_await stream_.write(std::move(bytes));
}

Task<Result<std::string>> MqttClient::read_exactly(std::size_t bytes) {
    if (websocket_) co_return co_await websocket_->read_exactly(bytes);
    co_return co_await stream_.read_exactly(bytes);
}

Task<Result<MqttClient::Packet>> MqttClient::read_packet() {
    const auto head = co_await read_exactly(1);
    if (!head) co_return head.error();
    const auto first = static_cast<unsigned char>((*head)[0]);
    // Other servers are told apart before their words are taken for a length.
    if (!signed_in_ && first >> 4 != static_cast<int>(MqttPacket::connack)) {
        co_return failure("The server does not answer as an MQTT broker");
    }
    std::uint32_t length = 0;
    for (int position = 0;; ++position) {
        if (position == kMqttLengthBytes) co_return failure("Malformed packet from the broker");
        const auto byte = co_await read_exactly(1);
        if (!byte) co_return byte.error();
        const auto value = static_cast<unsigned char>((*byte)[0]);
        length |= mqtt_length_part(value, position);
        if ((value & 0x80) == 0) break;
    }
    if (length > kLargestPacket) {
        co_return failure(fmt::format("The broker sends a packet of {} bytes", length));
    }
    auto body = co_await read_exactly(length);
    if (!body) co_return body.error();
    co_return Packet{static_cast<MqttPacket>(first >> 4), first & 15, std::move(*body)};
}

Task<Result<void>> MqttClient::sign_in(MqttLogin login) {
    auto sent = co_await write(mqtt_connect(login));
    if (!sent) co_return sent;
    const auto packet = co_await read_packet();
    if (!packet) co_return packet.error();
    signed_in_ = true;
    co_return parse_mqtt_connack(packet->body);
}

Task<Result<MqttMessage>> MqttClient::receive(std::string topic) {
    auto sent = co_await write(mqtt_subscribe(kSubscription, topic));
    if (!sent) co_return sent.error();
    for (;;) {
        const auto packet = co_await read_packet();
        if (!packet) co_return packet.error();
        if (packet->type == MqttPacket::suback) {
            const auto granted = parse_mqtt_suback(packet->body, kSubscription);
            if (!granted) co_return granted.error();
        } else if (packet->type == MqttPacket::publish) {
            auto message = parse_mqtt_publish(packet->body, packet->flags);
            if (message) (void)co_await write(mqtt_disconnect());
            co_return message;
        }
    }
}

}  // namespace higuma::checks
