// Tokens and rate limits of the authenticator, apart from the database and the pool: what can be
// said of a JWT, an API key or an address without asking anybody.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace higuma::api {

std::string sha256(std::string_view text);                           // 32 bytes
std::string shake256_hex(std::string_view text, std::size_t bytes);  // lower case
bool same_secret(std::string_view a, std::string_view b);            // in constant time
std::optional<std::string> base64_decode(std::string_view text);

// What a token says whose HS256 signature is good and which is not expired.
struct TokenClaims {
    std::string username, password_mark;  // of a user's: "username", "h"
    std::string issuer, subject;          // of a service's: "iss", "sub"
    bool expires = false;
};
std::optional<TokenClaims> verify_token(const std::string& secret, const std::string& token,
                                        WallTime now);

struct KeyParts {
    ApiKeyId id;
    std::string secret;
};
// "uk7_…" -> 7 and what is behind the underscore.
std::optional<KeyParts> parse_api_key(std::string_view text);

// The credential in an Authorization header: "Bearer x", "Basic base64(:x)" or a bare x.
std::optional<std::string> credential_of(std::string_view authorization);

// At most `tries` a minute and key, for at most `limit` keys at once.
class TryLimiter {
  public:
    TryLimiter(std::size_t tries, std::size_t limit) : tries_(tries), limit_(limit) {}
    bool take(const std::string& key, Instant now);
    void give_back(const std::string& key);

  private:
    struct Window {
        Instant begin{};
        std::size_t used = 0;
    };
    void make_room(Instant now);

    std::size_t tries_, limit_;
    std::unordered_map<std::string, Window> windows_;
};

}  // namespace higuma::api
