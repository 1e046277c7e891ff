#include <ares.h>
#include <gtest/gtest.h>

#include "checks/conditions.hpp"
#include "fuzz/driver.hpp"
#include "net/dns_records.hpp"
#include "net/icmp_packet.hpp"

namespace higuma {
namespace {

using Complaint = std::optional<std::string>;

// The first byte says which type was asked for; the rest is the message.
Complaint take_dns_answer(std::string_view input) {
    if (input.empty()) return std::nullopt;
    constexpr int kTypes = 10;
    const auto type = static_cast<net::DnsType>(static_cast<unsigned char>(input[0]) % kTypes);
    const auto* bytes = reinterpret_cast<const unsigned char*>(input.data()) + 1;
    const auto reading = net::read_dns_answer(type, {bytes, input.size() - 1});
    if (reading.status != ARES_SUCCESS) return std::nullopt;
    if (reading.records.text.empty()) return "a good answer without words";
    const bool may_be_none = type == net::DnsType::caa;  // other properties than `issue`
    if (reading.records.values.empty() && !may_be_none) return "a good answer without records";
    return std::nullopt;
}

// The first byte says the family and whether an IP header stands before.
Complaint take_echo_reply(std::string_view input) {
    if (input.empty()) return std::nullopt;
    const auto family = (input[0] & 1) != 0 ? net::IcmpFamily::v6 : net::IcmpFamily::v4;
    const auto* bytes = reinterpret_cast<const unsigned char*>(input.data()) + 1;
    const std::span packet(bytes, input.size() - 1);
    const auto reply = net::read_echo_reply(family, packet, (input[0] & 2) != 0);
    if (!reply) return std::nullopt;
    net::carries_token(*reply, 42);
    return reply->payload.size() + 8 <= packet.size() ? Complaint() : "a payload out of nothing";
}

Complaint take_conditions(std::string_view input) {
    const auto conditions = checks::Conditions::parse(input);
    if (!conditions) {
        return conditions.error().field == "conditions" ? Complaint() : "names another field";
    }
    const auto met = conditions->met_by({{"v", "a"}});
    return met || !conditions->empty() ? Complaint() : "no conditions are not met";
}

TEST(Fuzz, DnsAnswers) {
    fuzz::Options options;
    options.corpus = "dns_answer";
    fuzz::run(options, take_dns_answer);
}

TEST(Fuzz, EchoReplies) {
    fuzz::Options options;
    options.corpus = "echo_reply";
    fuzz::run(options, take_echo_reply);
}

TEST(Fuzz, Conditions) {
    fuzz::Options options;
    options.corpus = "conditions";
    options.alphabet = "[]{}\":,0123456789 eE";
    fuzz::run(options, take_conditions);
}

}  // namespace
}  // namespace higuma
