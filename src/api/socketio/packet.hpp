// Socket.IO 5 packets, the text of Engine.IO messages: kind, namespace, id of the acknowledgement
// that is asked for, and a JSON payload. Pure; depth and shape are checked here once for all
// events.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace higuma::api::socketio {

enum class PacketKind : char {
    connect = '0',
    disconnect = '1',
    event = '2',
    ack = '3',
    connect_error = '4',
    binary_event = '5',
    binary_ack = '6',
};

struct Packet {
    PacketKind kind = PacketKind::event;
    std::string name_space = "/";
    std::optional<std::uint64_t> id = std::nullopt;
    int attachments = 0;         // messages of bytes that belong to it and follow it
    boost::json::value payload;  // null: none

    bool operator==(const Packet&) const = default;
};

constexpr int kMostAttachments = 10;
constexpr std::size_t kDeepestPayload = 64;

// None: malformed, or not what such a packet may carry.
std::optional<Packet> decode_packet(std::string_view text);
// Packets without attachments only: this server sends no bytes.
std::string encode_packet(const Packet& packet);

// `42["name",argument…]`.
std::string encode_event(std::string_view name, const boost::json::array& arguments);
std::string encode_ack(std::uint64_t id, const boost::json::array& arguments);

}  // namespace higuma::api::socketio
