#include "net/icmp_packet.hpp"

#include <algorithm>
#include <cstring>

namespace higuma::net {

namespace {

constexpr std::size_t kHeader = 8;
constexpr unsigned char kRequest4 = 8, kReply4 = 0, kRequest6 = 128, kReply6 = 129;

void put16(unsigned char* at, std::uint16_t value) {
    at[0] = static_cast<unsigned char>(value >> 8);
    at[1] = static_cast<unsigned char>(value);
}
std::uint16_t get16(const unsigned char* at) {
    return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

// RFC 1071.
std::uint16_t checksum_of(std::span<const unsigned char> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += get16(&bytes[i]);
    if (bytes.size() % 2 != 0) sum += static_cast<std::uint32_t>(bytes.back() << 8);
    while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::vector<unsigned char> echo_request(IcmpFamily family, std::uint16_t id, std::uint16_t sequence,
                                        std::uint64_t token, std::size_t size) {
    std::vector<unsigned char> packet(kHeader + std::max<std::size_t>(size, 1), 0);
    packet[0] = family == IcmpFamily::v4 ? kRequest4 : kRequest6;
    put16(&packet[4], id);
    put16(&packet[6], sequence);
    std::memcpy(&packet[kHeader], &token, std::min(sizeof(token), packet.size() - kHeader));
    if (family == IcmpFamily::v4) put16(&packet[2], checksum_of(packet));
    return packet;
}

std::optional<EchoReply> read_echo_reply(IcmpFamily family, std::span<const unsigned char> packet,
                                         bool with_ip_header) {
    if (with_ip_header) {
        if (packet.empty()) return std::nullopt;
        const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0F) * 4;
        if (packet.size() < header) return std::nullopt;
        packet = packet.subspan(header);
    }
    if (packet.size() < kHeader) return std::nullopt;
    if (packet[0] != (family == IcmpFamily::v4 ? kReply4 : kReply6) || packet[1] != 0) {
        return std::nullopt;
    }
    return EchoReply{get16(&packet[4]), get16(&packet[6]), packet.subspan(kHeader)};
}

bool carries_token(const EchoReply& reply, std::uint64_t token) {
    const std::size_t size = std::min(sizeof(token), reply.payload.size());
    return size > 0 && std::memcmp(reply.payload.data(), &token, size) == 0;
}

}  // namespace higuma::net
