// ICMP echo requests and replies as bytes. Pure; replies come from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace higuma::net {

enum class IcmpFamily { v4, v6 };

// `size` bytes of payload, at least 1, that begin with as much of `token` as fits. The checksum of
// an ICMPv6 packet is left to the kernel.
std::vector<unsigned char> echo_request(IcmpFamily family, std::uint16_t id, std::uint16_t sequence,
                                        std::uint64_t token, std::size_t size);

struct EchoReply {
    std::uint16_t id = 0;
    std::uint16_t sequence = 0;
    std::span<const unsigned char> payload;  // within the packet
};
// None: not an echo reply. `with_ip_header`: what raw IPv4 sockets receive.
std::optional<EchoReply> read_echo_reply(IcmpFamily family, std::span<const unsigned char> packet,
                                         bool with_ip_header);
bool carries_token(const EchoReply& reply, std::uint64_t token);

}  // namespace higuma::net
