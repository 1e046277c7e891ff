// Engine.IO 4 packets as bytes: one kind and its data, in a WebSocket frame each or several in the
// body of a polling request, separated by 0x1e. Pure; whatever is malformed is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace higuma::api::socketio {

enum class EngineKind : char {
    open = '0',
    close = '1',
    ping = '2',
    pong = '3',
    message = '4',
    upgrade = '5',
    noop = '6',
};

struct EnginePacket {
    EngineKind kind = EngineKind::message;
    std::string data;
    bool binary = false;  // a message of bytes; its kind is always `message`

    bool operator==(const EnginePacket&) const = default;
};

// The packet of a WebSocket's text frame, or of one part of a polling body, where "b" and base64
// stand for bytes. None: not a packet.
std::optional<EnginePacket> decode_engine_packet(std::string_view text);
// As a text frame, or one part of a polling body.
std::string encode_engine_packet(EngineKind kind, std::string_view data = {});

// At most this many packets come in one body.
constexpr std::size_t kMostPacketsInBody = 1'000;

// All packets of a polling body, in order. None: one of them is malformed, or there are too many.
std::optional<std::vector<EnginePacket>> decode_polling_body(std::string_view body);
// Joins encoded packets to one body.
void append_to_polling_body(std::string& body, std::string_view encoded);

}  // namespace higuma::api::socketio
