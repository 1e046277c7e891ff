// MQTT 3.1.1 packets, as far as a check needs them: sign in, subscribe, receive one message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace higuma::checks {

enum class MqttPacket : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    subscribe = 8,
    suback = 9,
    disconnect = 14,
};

struct MqttLogin {
    std::string client_id;
    std::optional<std::string> user, password;
    std::uint16_t keep_alive_seconds = 0;
};
// Texts longer than 65,535 bytes are cut: the protocol has two bytes for a length.
std::string mqtt_connect(const MqttLogin& login);
std::string mqtt_subscribe(std::uint16_t packet_id, std::string_view topic);
std::string mqtt_disconnect();

// The bytes of a packet's "remaining length", least first: seven bits each, the eighth bit set when
// another follows. At most four.
constexpr int kMqttLengthBytes = 4;
inline std::uint32_t mqtt_length_part(unsigned char byte, int position) {
    return static_cast<std::uint32_t>(byte & 0x7f) << (7 * position);
}

// The bodies of packets, without their heads. Failures: unavailable, the message for a beat.
Result<void> parse_mqtt_connack(std::string_view body);
Result<void> parse_mqtt_suback(std::string_view body, std::uint16_t packet_id);
struct MqttMessage {
    std::string topic, payload;
};
Result<MqttMessage> parse_mqtt_publish(std::string_view body, int flags);

}  // namespace higuma::checks
