#include <gtest/gtest.h>

#include "checks/connection_string.hpp"
#include "checks/mqtt_protocol.hpp"
#include "checks/mysql_protocol.hpp"
#include "checks/postgres_protocol.hpp"
#include "checks/redis_protocol.hpp"
#include "checks/smtp_protocol.hpp"
#include "fuzz/driver.hpp"
#include "net/websocket.hpp"

namespace higuma::checks {
namespace {

using Complaint = std::optional<std::string>;

fuzz::Options options(const char* corpus, const char* alphabet) {
    fuzz::Options made;
    made.corpus = corpus;
    made.alphabet = alphabet;
    return made;
}

// No failure may repeat what it was given: there is a password in it.
TEST(Fuzz, ConnectionString) {
    fuzz::run(options("connection_string", ":/@?&=#%[]1a"),
              [](std::string_view input) -> Complaint {
                  const auto parsed = parse_connection_string(input);
                  if (!parsed && parsed.error().message != "Invalid URL") return "another failure";
                  if (parsed && parsed->scheme.empty()) return "no scheme";
                  return std::nullopt;
              });
}

TEST(Fuzz, RedisLine) {
    fuzz::run(options("redis_line", "+-:$*0123456789"), [](std::string_view input) -> Complaint {
        const auto reply = parse_redis_line(input);
        const bool huge = reply && reply->length > (512u << 20);
        return huge ? Complaint("a length that Redis does not have") : std::nullopt;
    });
}

TEST(Fuzz, SmtpReply) {
    fuzz::run(options("smtp_reply", "0123456789 -\nSTARLsta"),
              [](std::string_view input) -> Complaint {
                  const auto line = parse_smtp_line(input);
                  if (line && (line->code < 200 || line->code > 599)) return "no such code";
                  (void)offers_starttls(input);
                  return std::nullopt;
              });
}

TEST(Fuzz, WebSocketUpgrade) {
    const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
    fuzz::run(options("websocket_upgrade", "\r\n: ,;=HTTP/1 0"),
              [&](std::string_view input) -> Complaint {
                  const bool good = net::judge_upgrade(input, key, {"chat"}).has_value();
                  const bool proven = input.find(net::accept_of(key)) != std::string_view::npos;
                  if (good && !proven) return "taken without its proof";
                  if (input.size() >= 2) {
                      (void)net::parse_frame_head(static_cast<unsigned char>(input[0]),
                                                  static_cast<unsigned char>(input[1]));
                  }
                  return std::nullopt;
              });
}

TEST(Fuzz, MqttPacket) {
    fuzz::run(options("mqtt_packet", ""), [](std::string_view input) -> Complaint {
        (void)parse_mqtt_connack(input);
        (void)parse_mqtt_suback(input, 1);
        const auto message = parse_mqtt_publish(input, 0);
        const bool more = message && message->topic.size() + message->payload.size() > input.size();
        return more ? Complaint("more than there was") : std::nullopt;
    });
}

TEST(Fuzz, MysqlPacket) {
    fuzz::run(options("mysql_packet", ""), [](std::string_view input) -> Complaint {
        const auto greeting = parse_mysql_greeting(input);
        if (greeting && greeting->salt.size() != 20) return "a salt of another size";
        (void)mysql_error_text(input);
        (void)mysql_more_results(input);
        (void)parse_mysql_column(input);
        const auto value = mysql_first_value(input, 3);
        const bool more = value && *value != "null" && value->size() > input.size();
        return more ? Complaint("more than there was") : std::nullopt;
    });
}

TEST(Fuzz, PostgresMessage) {
    fuzz::run(options("postgres_message", "rsiv=,M"), [](std::string_view input) -> Complaint {
        (void)postgres_error_text(input);
        if (input.size() >= kPostgresHead) {
            (void)parse_postgres_head(input.substr(0, kPostgresHead));
        }
        ScramClient scram("secret", "nonce");
        // Each iteration costs time: what asks for many is left to the limit's own test.
        if (input.find("i=") == std::string_view::npos) {
            if (scram.final_message(input)) return "taken without a count";
        }
        if (scram.verify(input)) return "a server is believed before it proved anything";
        return std::nullopt;
    });
}

}  // namespace
}  // namespace higuma::checks
