#include "api/socketio/packet.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <charconv>

#include "base/json_text.hpp"

namespace higuma::api::socketio {
namespace {

namespace json = boost::json;

// Names that mean something to the library on either side; nobody sends them as events.
constexpr std::array<std::string_view, 6> kReserved{
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The number that `text` begins with, which is taken off it. None: too long, or not one at all.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

bool is_event_payload(const json::value& payload) {
    if (!payload.is_array() || payload.get_array().empty()) return false;
    const auto& name = payload.get_array().front();
    if (name.is_number()) return true;
    if (!name.is_string()) return false;
    const auto& text = name.get_string();
    return std::find(kReserved.begin(), kReserved.end(), std::string_view(text)) == kReserved.end();
}

bool fits(const Packet& packet) {
    const auto& payload = packet.payload;
    switch (packet.kind) {
        case PacketKind::connect:
            return payload.is_null() || payload.is_object();
        case PacketKind::disconnect:
            return payload.is_null();
        case PacketKind::connect_error:
            return payload.is_string() || payload.is_object();
        case PacketKind::event:
        case PacketKind::binary_event:
            return is_event_payload(payload);
        case PacketKind::ack:
        case PacketKind::binary_ack:
            return payload.is_array() && packet.id.has_value();
    }
    return false;
}

std::string with_payload(std::string text, const json::value& payload) {
    return text + json_text(payload);
}

}  // namespace

std::optional<Packet> decode_packet(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '6') return std::nullopt;
    Packet packet;
    packet.kind = static_cast<PacketKind>(text.front());
    text.remove_prefix(1);
    if (packet.kind == PacketKind::binary_event || packet.kind == PacketKind::binary_ack) {
        const auto count = take_number<int>(text);
        if (!count || *count < 0 || *count > kMostAttachments || !text.starts_with('-')) {
            return std::nullopt;
        }
        packet.attachments = *count;
        text.remove_prefix(1);
    }
    if (text.starts_with('/')) {
        const auto end = std::min(text.find(','), text.size());
        packet.name_space = std::string(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!text.empty() && is_digit(text.front())) {
        packet.id = take_number<std::uint64_t>(text);
        if (!packet.id) return std::nullopt;
    }
    if (!text.empty()) {
        json::parse_options options;
        options.max_depth = kDeepestPayload;
        boost::system::error_code error;
        packet.payload = json::parse({text.data(), text.size()}, error, {}, options);
        if (error) return std::nullopt;
    }
    if (!fits(packet)) return std::nullopt;
    return packet;
}

std::string encode_packet(const Packet& packet) {
    std::string text(1, static_cast<char>(packet.kind));
    if (packet.name_space != "/") text += packet.name_space + ",";
    if (packet.id) text += std::to_string(*packet.id);
    return packet.payload.is_null() ? text : with_payload(std::move(text), packet.payload);
}

std::string encode_event(std::string_view name, const json::array& arguments) {
    json::array payload;
    payload.reserve(arguments.size() + 1);
    payload.emplace_back(name);
    payload.insert(payload.end(), arguments.begin(), arguments.end());
    return with_payload("2", payload);
}

std::string encode_ack(std::uint64_t id, const json::array& arguments) {
    return with_payload("3" + std::to_string(id), arguments);
}

}  // namespace higuma::api::socketio
