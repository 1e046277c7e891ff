#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "api/socketio/engine_packet.hpp"
#include "api/socketio/packet.hpp"
#include "api/socketio/server.hpp"

namespace higuma::api::socketio {
namespace {

namespace json = boost::json;

struct EngineRow {
    const char* text;
    std::optional<EnginePacket> packet;
};

TEST(EnginePackets, AreDecoded) {
    const EngineRow rows[] = {
        {"2", EnginePacket{EngineKind::ping, "", false}},
        {"2probe", EnginePacket{EngineKind::ping, "probe", false}},
        {"4hello", EnginePacket{EngineKind::message, "hello", false}},
        {"6", EnginePacket{EngineKind::noop, "", false}},
        {"bAQIDBA==", EnginePacket{EngineKind::message, "\x01\x02\x03\x04", true}},
        {"b", EnginePacket{EngineKind::message, "", true}},
        {"", std::nullopt},
        {"7", std::nullopt},
        {"x", std::nullopt},
        {"bAQ", std::nullopt},
        {"b!!!!", std::nullopt},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(decode_engine_packet(row.text), row.packet) << row.text;
    }
}

TEST(EnginePackets, ComeTogetherInABody) {
    const auto packets = decode_polling_body(
        "4a\x1e"
        "2\x1e"
        "bAA==");
    ASSERT_TRUE(packets);
    const std::vector<EnginePacket> expected{{EngineKind::message, "a", false},
                                             {EngineKind::ping, "", false},
                                             {EngineKind::message, std::string(1, '\0'), true}};
    EXPECT_EQ(*packets, expected);
    for (const char* bad : {"", "\x1e", "4a\x1e",
                            "\x1e"
                            "4a",
                            "4a\x1e\x1e"
                            "4b",
                            "4a\x1e"
                            "9"}) {
        EXPECT_FALSE(decode_polling_body(bad)) << bad;
    }
}

TEST(EnginePackets, AreBoundedInNumber) {
    std::string body = "3";
    for (std::size_t i = 1; i < kMostPacketsInBody; ++i) append_to_polling_body(body, "3");
    EXPECT_TRUE(decode_polling_body(body));
    append_to_polling_body(body, "3");
    EXPECT_FALSE(decode_polling_body(body));
}

TEST(EnginePackets, AreEncoded) {
    std::string body;
    append_to_polling_body(body, encode_engine_packet(EngineKind::message, "2[\"a\"]"));
    append_to_polling_body(body, encode_engine_packet(EngineKind::ping));
    EXPECT_EQ(body,
              "42[\"a\"]\x1e"
              "2");
}

TEST(Packets, AreDecodedAndEncodedBack) {
    const char* texts[] = {
        R"(0)",
        R"(0{"token":"x"})",
        R"(0/admin,)",
        R"(1)",
        R"(2["info",{"a":1}])",
        R"(213["needSetup"])",
        R"(2/admin,7["a",null,true])",
        R"(37[{"ok":true}])",
        R"(4{"message":"Invalid namespace"})",
    };
    for (const std::string text : texts) {
        const auto packet = decode_packet(text);
        ASSERT_TRUE(packet) << text;
        EXPECT_EQ(encode_packet(*packet), text);
    }
}

TEST(Packets, TellTheirParts) {
    const auto packet = decode_packet(R"(51-/x,12["up",{"_placeholder":true,"num":0}])");
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->kind, PacketKind::binary_event);
    EXPECT_EQ(packet->attachments, 1);
    EXPECT_EQ(packet->name_space, "/x");
    EXPECT_EQ(packet->id, 12u);
    EXPECT_EQ(packet->payload.at(0).as_string(), "up");
}

TEST(Packets, AreRefused) {
    const std::string deep =
        "2[\"a\"," + std::string(kDeepestPayload, '[') + std::string(kDeepestPayload, ']') + "]";
    const std::string texts[] = {
        "",
        "7",
        "x",
        "2",  // an event without a name
        "2[]",
        "2{}",
        "2[null]",
        "2[\"a\"",
        "2[\"a\"]x",        // broken JSON
        R"(2["connect"])",  // a name of the library's own
        R"(2["disconnect"])",
        "0[]",
        "0\"a\"",  // only an object joins
        "1[]",     // leaving says nothing
        "3[]",     // of no call
        "3{}",
        "31",
        "299999999999999999999[\"a\"]",  // no such number
        "5[\"a\"]",                      // how many attachments?
        "511-[\"a\"]",                   // too many
        "5-1-[\"a\"]",
        "4",
        "41",
        deep,
    };
    for (const auto& text : texts) EXPECT_FALSE(decode_packet(text)) << text;
}

TEST(Packets, CarryEventsAndAnswers) {
    EXPECT_EQ(encode_event("uptime", {7, "1y", 0.5}), R"(2["uptime",7,"1y",0.5])");
    EXPECT_EQ(encode_event("setup", {}), R"(2["setup"])");
    EXPECT_EQ(encode_ack(0, {false}), R"(30[false])");
    EXPECT_EQ(encode_ack(12, {}), R"(312[])");
}

struct OriginRow {
    const char* origin;
    const char* host;
    bool own;
};

TEST(Origins, OfOtherSitesAreKnown) {
    const OriginRow rows[] = {
        {"http://a.example", "a.example", true},
        {"http://a.example:80", "a.example", true},
        {"https://a.example:443", "a.example", true},
        {"https://A.example", "a.example", true},
        {"http://a.example:3001", "a.example:3001", true},
        {"http://[::1]:3001", "[::1]:3001", true},
        {"http://a.example:3001", "a.example", false},
        {"https://a.example:80", "a.example", false},
        {"http://evil.example", "a.example", false},
        {"http://a.example.evil.example", "a.example", false},
        {"http://a.example@evil.example", "a.example", false},
        {"null", "a.example", false},
        {"no url", "no url", false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(is_own_origin(row.origin, row.host), row.own) << row.origin << " at " << row.host;
    }
    EXPECT_TRUE(is_own_origin(std::nullopt, "a.example"));
    EXPECT_FALSE(is_own_origin("http://a.example", std::nullopt));
}

}  // namespace
}  // namespace higuma::api::socketio
