#include "api/auth_tokens.hpp"

#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "api/auth.hpp"

namespace higuma::api {
namespace {

constexpr std::size_t kLongestToken = 4096;
constexpr std::size_t kPasswordMarkBytes = 16;  // as Uptime Kuma has it
constexpr Duration kTryWindow = std::chrono::minutes(1);

struct JwtCloser {
    void operator()(jwt_t* token) const { jwt_free(token); }
};
using Jwt = std::unique_ptr<jwt_t, JwtCloser>;

struct DigestCloser {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::string digest(const EVP_MD* kind, std::string_view text, std::size_t bytes, bool extendable) {
    const std::unique_ptr<EVP_MD_CTX, DigestCloser> context(EVP_MD_CTX_new());
    std::string out(bytes, '\0');
    auto* target = reinterpret_cast<unsigned char*>(out.data());
    bool good = context && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1 &&
                EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1;
    if (good) {
        good = extendable ? EVP_DigestFinalXOF(context.get(), target, bytes) == 1
                          : EVP_DigestFinal_ex(context.get(), target, nullptr) == 1;
    }
    invariant(good, "OpenSSL computes digests");
    return out;
}

const unsigned char* bytes_of(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::int64_t unix_seconds(WallTime time) {
    return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}

Jwt new_token(const std::string& secret, WallTime now) {
    jwt_t* raw = nullptr;
    invariant(jwt_new(&raw) == 0, "libjwt makes a token");
    Jwt token(raw);
    const bool good =
        jwt_set_alg(raw, JWT_ALG_HS256, bytes_of(secret), static_cast<int>(secret.size())) == 0 &&
        jwt_add_grant_int(raw, "iat", static_cast<long>(unix_seconds(now))) == 0;
    invariant(good, "libjwt signs with HS256");
    return token;
}

std::string encode(const Jwt& token) {
    char* text = jwt_encode_str(token.get());
    invariant(text != nullptr, "libjwt encodes a token");
    std::string encoded(text);
    std::free(text);
    return encoded;
}

std::string text_grant(const Jwt& token, const char* name) {
    const char* text = jwt_get_grant(token.get(), name);
    return text ? text : "";
}

}  // namespace

std::string sha256(std::string_view text) { return digest(EVP_sha256(), text, 32, false); }

std::string shake256_hex(std::string_view text, std::size_t bytes) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string hex;
    for (const char c : digest(EVP_shake256(), text, bytes, true)) {
        const auto byte = static_cast<std::uint8_t>(c);
        hex += {kHex[byte >> 4], kHex[byte & 15]};
    }
    return hex;
}

// Digests have one length, so that not even a secret's length shows.
bool same_secret(std::string_view a, std::string_view b) {
    const auto left = sha256(a);
    const auto right = sha256(b);
    return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0 || text.size() > kLongestToken) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
        text.remove_suffix(1);
        ++padding;
    }
    out.resize(static_cast<std::size_t>(length) - padding);
    return out;
}

std::string make_user_token(const std::string& secret, const std::string& username,
                            const std::string& password_hash, WallTime now) {
    const auto token = new_token(secret, now);
    jwt_add_grant(token.get(), "username", username.c_str());
    jwt_add_grant(token.get(), "h", shake256_hex(password_hash, kPasswordMarkBytes).c_str());
    return encode(token);
}

std::string make_service_token(const std::string& secret, WallTime now, Seconds valid) {
    const auto token = new_token(secret, now);
    jwt_add_grant(token.get(), "iss", "higuma");
    jwt_add_grant(token.get(), "sub", "controller");
    jwt_add_grant_int(token.get(), "exp", static_cast<long>(unix_seconds(now + valid)));
    return encode(token);
}

std::optional<TokenClaims> verify_token(const std::string& secret, const std::string& token,
                                        WallTime now) {
    // An empty key would make libjwt skip the signature.
    if (secret.empty() || token.size() > kLongestToken) return std::nullopt;
    jwt_t* raw = nullptr;
    if (jwt_decode(&raw, token.c_str(), bytes_of(secret), static_cast<int>(secret.size())) != 0) {
        return std::nullopt;
    }
    const Jwt decoded(raw);
    if (jwt_get_alg(raw) != JWT_ALG_HS256) return std::nullopt;
    errno = 0;
    const long expires = jwt_get_grant_int(raw, "exp");
    const bool has_expiry = errno == 0;
    if (!has_expiry && errno != ENOENT) return std::nullopt;  // there, but no number
    if (has_expiry && expires <= unix_seconds(now)) return std::nullopt;
    return TokenClaims{text_grant(decoded, "username"), text_grant(decoded, "h"),
                       text_grant(decoded, "iss"), text_grant(decoded, "sub"), has_expiry};
}

std::optional<KeyParts> parse_api_key(std::string_view text) {
    if (!text.starts_with("uk") || text.size() > 255) return std::nullopt;
    const auto underscore = text.find('_');
    if (underscore == std::string_view::npos || underscore == 2) return std::nullopt;
    std::uint32_t id = 0;
    const auto* end = text.data() + underscore;
    const auto [rest, problem] = std::from_chars(text.data() + 2, end, id);
    if (problem != std::errc() || rest != end) return std::nullopt;
    return KeyParts{ApiKeyId{id}, std::string(text.substr(underscore + 1))};
}

std::optional<std::string> credential_of(std::string_view authorization) {
    const auto space = authorization.find(' ');
    if (space == std::string_view::npos) return std::string(authorization);
    std::string scheme(authorization.substr(0, space));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto value = authorization.substr(space + 1);
    if (scheme == "bearer") return std::string(value);
    if (scheme != "basic") return std::nullopt;
    const auto pair = base64_decode(value);
    if (!pair || pair->find(':') == std::string::npos) return std::nullopt;
    return pair->substr(pair->find(':') + 1);
}

bool TryLimiter::take(const std::string& key, Instant now) {
    if (windows_.size() >= limit_ && !windows_.contains(key)) make_room(now);
    auto& window = windows_[key];
    if (window.used == 0 || now - window.begin >= kTryWindow) window = {now, 0};
    if (window.used >= tries_) return false;
    ++window.used;
    return true;
}

void TryLimiter::give_back(const std::string& key) {
    const auto found = windows_.find(key);
    if (found != windows_.end() && found->second.used > 0) --found->second.used;
}

void TryLimiter::make_room(Instant now) {
    std::erase_if(windows_, [&](const auto& entry) {
        return now - entry.second.begin >= kTryWindow || entry.second.used == 0;
    });
    if (windows_.size() >= limit_) windows_.erase(windows_.begin());
}

}  // namespace higuma::api
