#include "checks/mqtt_protocol.hpp"

#include <fmt/format.h>

namespace higuma::checks {

namespace {

constexpr std::size_t kLongestText = 0xffff;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }
Failure malformed(std::string_view what) {
    return failure(fmt::format("Malformed {} packet from the broker", what));
}

void put_number(std::string& out, std::size_t number) {
    out += static_cast<char>(number >> 8);
    out += static_cast<char>(number);
}

void put_text(std::string& out, std::string_view text) {
    text = text.substr(0, kLongestText);
    put_number(out, text.size());
    out += text;
}

std::string packet(MqttPacket type, int flags, std::string_view body) {
    std::string out{static_cast<char>(static_cast<int>(type) << 4 | flags)};
    std::size_t length = body.size();
    do {
        const std::size_t more = length >> 7;
        out += static_cast<char>((length & 0x7f) | (more > 0 ? 0x80 : 0));
        length = more;
    } while (length > 0);
    return out.append(body);
}

std::size_t number_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8 |
           static_cast<unsigned char>(bytes[at + 1]);
}

}  // namespace

std::string mqtt_connect(const MqttLogin& login) {
    constexpr int kCleanSession = 0x02, kHasPassword = 0x40, kHasUser = 0x80;
    int flags = kCleanSession;
    if (login.user) flags |= kHasUser;
    if (login.password) flags |= kHasPassword;
    std::string body;
    put_text(body, "MQTT");
    body += '\x04';  // the protocol's level: 3.1.1
    body += static_cast<char>(flags);
    put_number(body, login.keep_alive_seconds);
    put_text(body, login.client_id);
    if (login.user) put_text(body, *login.user);
    if (login.password) put_text(body, *login.password);
    return packet(MqttPacket::connect, 0, body);
}

std::string mqtt_subscribe(std::uint16_t packet_id, std::string_view topic) {
    std::string body;
    put_number(body, packet_id);
    put_text(body, topic);
    body += '\0';  // quality of service 0: each message at most once
    return packet(MqttPacket::subscribe, 0x02, body);
}

std::string mqtt_disconnect() { return packet(MqttPacket::disconnect, 0, ""); }

Result<void> parse_mqtt_connack(std::string_view body) {
    constexpr std::string_view kRefusals[] = {"Unacceptable protocol version",
                                              "Identifier rejected", "Server unavailable",
                                              "Bad username or password", "Not authorized"};
    if (body.size() != 2) return malformed("CONNACK");
    const auto code = static_cast<unsigned char>(body[1]);
    if (code == 0) return {};
    if (code > std::size(kRefusals)) {
        return failure(fmt::format("Connection refused: code {}", code));
    }
    return failure(fmt::format("Connection refused: {}", kRefusals[code - 1]));
}

Result<void> parse_mqtt_suback(std::string_view body, std::uint16_t packet_id) {
    if (body.size() != 3 || number_at(body, 0) != packet_id) return malformed("SUBACK");
    const auto code = static_cast<unsigned char>(body[2]);
    if (code == 0x80) return failure("Cannot subscribe topic");
    return code <= 2 ? Result<void>() : malformed("SUBACK");
}

Result<MqttMessage> parse_mqtt_publish(std::string_view body, int flags) {
    const int quality = flags >> 1 & 3;
    if (body.size() < 2 || quality == 3) return malformed("PUBLISH");
    const std::size_t topic = number_at(body, 0);
    const std::size_t payload = 2 + topic + (quality > 0 ? 2 : 0);
    if (body.size() < payload) return malformed("PUBLISH");
    return MqttMessage{std::string(body.substr(2, topic)), std::string(body.substr(payload))};
}

}  // namespace higuma::checks
