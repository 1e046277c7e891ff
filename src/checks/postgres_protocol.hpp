// PostgreSQL's protocol (version 3) as far as a check needs it: messages, and the three ways to
// prove a password.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace higuma::checks {

std::string postgres_ssl_request();
std::string postgres_startup(std::string_view user, std::string_view database);
// `type`: 'p' for a password, 'Q' for a query, 'X' to end.
std::string postgres_message(char type, std::string_view body);

// The head of each answer: its type, and how many bytes follow.
constexpr std::size_t kPostgresHead = 5;
struct PostgresHead {
    char type = 0;
    std::uint32_t length = 0;
};
// Failure: unavailable, for a length that cannot be.
Result<PostgresHead> parse_postgres_head(std::string_view bytes);

// The message of an ErrorResponse, "password authentication failed for user ...".
std::string postgres_error_text(std::string_view body);

// AuthenticationMD5Password's answer.
std::string postgres_md5(std::string_view user, std::string_view password, std::string_view salt);

// SCRAM-SHA-256 (RFC 5802, RFC 7677) from the client's side.
class ScramClient {
  public:
    // `nonce`: unpredictable, printable ASCII without commas.
    ScramClient(std::string password, std::string nonce);
    std::string first_message() const;
    // Failures: unavailable, for what is no good answer.
    Result<std::string> final_message(std::string_view server_first);
    Result<void> verify(std::string_view server_final) const;

  private:
    std::string password_, nonce_, server_signature_;
};

}  // namespace higuma::checks
