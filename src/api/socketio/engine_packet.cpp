#include "api/socketio/engine_packet.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace higuma::api::socketio {
namespace {

constexpr char kSeparator = '\x1e';
constexpr char kBase64Mark = 'b';

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    bytes.resize(std::max(static_cast<std::size_t>(length), padding) - padding);
    return bytes;
}

}  // namespace

std::optional<EnginePacket> decode_engine_packet(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto data = text.substr(1);
    if (text.front() == kBase64Mark) {
        auto bytes = decode_base64(data);
        if (!bytes) return std::nullopt;
        return EnginePacket{EngineKind::message, std::move(*bytes), true};
    }
    if (text.front() < '0' || text.front() > '6') return std::nullopt;
    return EnginePacket{static_cast<EngineKind>(text.front()), std::string(data), false};
}

std::string encode_engine_packet(EngineKind kind, std::string_view data) {
    std::string text(1, static_cast<char>(kind));
    return text.append(data);
}

std::optional<std::vector<EnginePacket>> decode_polling_body(std::string_view body) {
    std::vector<EnginePacket> packets;
    while (true) {
        const auto end = std::min(body.find(kSeparator), body.size());
        auto packet = decode_engine_packet(body.substr(0, end));
        if (!packet || packets.size() == kMostPacketsInBody) return std::nullopt;
        packets.push_back(std::move(*packet));
        if (end == body.size()) return packets;
        body.remove_prefix(end + 1);
    }
}

void append_to_polling_body(std::string& body, std::string_view encoded) {
    if (!body.empty()) body += kSeparator;
    body += encoded;
}

}  // namespace higuma::api::socketio
