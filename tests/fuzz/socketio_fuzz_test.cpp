#include <gtest/gtest.h>

#include "api/socketio/engine_packet.hpp"
#include "api/socketio/packet.hpp"
#include "fuzz/driver.hpp"

namespace higuma::api::socketio {
namespace {

using Complaint = std::optional<std::string>;

Complaint take_body(std::string_view body) {
    const auto packets = decode_polling_body(body);
    if (!packets) return {};
    if (packets->empty()) return "a body without packets";
    std::size_t bytes = 0;
    for (const auto& packet : *packets) {
        bytes += packet.data.size() + 1;
        if (packet.binary && packet.kind != EngineKind::message) return "bytes of another kind";
    }
    if (bytes > body.size() + 1) return "more came out than went in";
    return {};
}

// What was taken means the same after a round trip; but for attachments, which are never sent.
Complaint take_packet(std::string_view text) {
    const auto packet = decode_packet(text);
    if (!packet) return {};
    if (packet->attachments < 0 || packet->attachments > kMostAttachments) return "attachments";
    if (packet->kind == PacketKind::binary_event || packet->kind == PacketKind::binary_ack) {
        return {};
    }
    const auto again = decode_packet(encode_packet(*packet));
    if (!again) return "cannot be read back";
    if (again->kind != packet->kind || again->id != packet->id ||
        again->name_space != packet->name_space) {
        return "means something else when read back";
    }
    return {};
}

TEST(Fuzz, PollingBodies) {
    fuzz::run({"polling_body", "0123456b=\x1e[]\"aAQ", 100'000, 6, {}}, take_body);
}

TEST(Fuzz, SocketioPackets) {
    fuzz::run({"socketio_packet", "0123456-/,[]{}\":\\anul._", 100'000, 7, {}}, take_packet);
}

}  // namespace
}  // namespace higuma::api::socketio
