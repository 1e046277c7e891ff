#include "net/icmp_packet.hpp"

#include <gtest/gtest.h>

namespace higuma::net {
namespace {

std::vector<unsigned char> reply_to(std::vector<unsigned char> packet, IcmpFamily family) {
    packet[0] = family == IcmpFamily::v4 ? 0 : 129;
    return packet;
}

TEST(IcmpPacket, TheChecksumOfAnIpv4RequestSumsUp) {
    for (const std::size_t size : {1u, 2u, 56u, 1473u}) {
        const auto packet = echo_request(IcmpFamily::v4, 0x1234, 7, 0x0102030405060708u, size);
        ASSERT_EQ(packet.size(), 8 + size);
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < packet.size(); ++i) sum += packet[i] << (i % 2 == 0 ? 8 : 0);
        while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
        EXPECT_EQ(sum, 0xFFFFu) << size;
    }
}

TEST(IcmpPacket, ARepliesIdSequenceAndTokenAreRead) {
    for (const auto family : {IcmpFamily::v4, IcmpFamily::v6}) {
        for (const std::size_t size : {1u, 8u, 56u}) {
            const auto bytes = reply_to(echo_request(family, 0xABCD, 0x0102, 42, size), family);
            const auto reply = read_echo_reply(family, bytes, false);
            ASSERT_TRUE(reply);
            EXPECT_EQ(reply->id, 0xABCD);
            EXPECT_EQ(reply->sequence, 0x0102);
            EXPECT_TRUE(carries_token(*reply, 42));
            EXPECT_FALSE(carries_token(*reply, 43));
        }
    }
}

TEST(IcmpPacket, RawIpv4PacketsHaveAHeaderBefore) {
    auto bytes = reply_to(echo_request(IcmpFamily::v4, 1, 2, 3, 8), IcmpFamily::v4);
    bytes.insert(bytes.begin(), 24, 0);
    bytes[0] = 0x46;  // six words
    const auto reply = read_echo_reply(IcmpFamily::v4, bytes, true);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->sequence, 2);
}

TEST(IcmpPacket, OtherPacketsAndPiecesAreNone) {
    const auto request = echo_request(IcmpFamily::v4, 1, 2, 3, 8);
    EXPECT_FALSE(read_echo_reply(IcmpFamily::v4, request, false));
    const auto reply = reply_to(request, IcmpFamily::v4);
    for (std::size_t size = 0; size < 8; ++size) {
        EXPECT_FALSE(read_echo_reply(IcmpFamily::v4, std::span(reply).first(size), false));
        EXPECT_FALSE(read_echo_reply(IcmpFamily::v4, std::span(reply).first(size), true));
    }
    EXPECT_FALSE(read_echo_reply(IcmpFamily::v6, reply, false));
    auto coded = reply;
    coded[1] = 1;
    EXPECT_FALSE(read_echo_reply(IcmpFamily::v4, coded, false));
}

}  // namespace
}  // namespace higuma::net
