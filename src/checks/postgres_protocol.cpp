#include "checks/postgres_protocol.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <charconv>

#include "base/base64.hpp"

namespace higuma::checks {

namespace {

constexpr std::uint32_t kLargestMessage = 1 << 30;  // PostgreSQL's own limit
// Servers ask for 4096. They say how long we compute, so there is a limit: some 50 ms.
constexpr int kMostIterations = 100'000;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

std::string big_endian(std::uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
    return bytes;
}

std::string with_length(std::string_view body) {
    return big_endian(static_cast<std::uint32_t>(body.size() + 4)).append(body);
}

std::string md5_hex(std::string_view text) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), hash, &size, EVP_md5(), nullptr);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", hash[i]);
    return hex;
}

using Digest = std::string;  // 32 bytes

Digest hmac(std::string_view key, std::string_view text) {
    Digest out(SHA256_DIGEST_LENGTH, '\0');
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(out.data()), &size);
    return out;
}

Digest sha256(std::string_view text) {
    Digest out(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(out.data()));
    return out;
}

// "r=nonce,s=salt,i=4096": the value of one letter.
std::optional<std::string_view> attribute(std::string_view message, char name) {
    while (!message.empty()) {
        const auto end = std::min(message.find(','), message.size());
        const std::string_view part = message.substr(0, end);
        message.remove_prefix(std::min(end + 1, message.size()));
        if (part.size() >= 2 && part[0] == name && part[1] == '=') return part.substr(2);
    }
    return std::nullopt;
}

}  // namespace

std::string postgres_ssl_request() { return with_length(big_endian(80'877'103)); }

std::string postgres_startup(std::string_view user, std::string_view database) {
    std::string body = big_endian(3 << 16);
    const auto add = [&](std::string_view name, std::string_view value) {
        body.append(name).append(1, '\0').append(value).append(1, '\0');
    };
    add("user", user);
    add("database", database);
    add("client_encoding", "UTF8");
    add("application_name", "higuma");
    body += '\0';
    return with_length(body);
}

std::string postgres_message(char type, std::string_view body) { return type + with_length(body); }

Result<PostgresHead> parse_postgres_head(std::string_view bytes) {
    std::uint32_t length = 0;
    for (const char c : bytes.substr(1, 4)) length = length << 8 | static_cast<unsigned char>(c);
    if (bytes.size() != kPostgresHead || length < 4 || length > kLargestMessage) {
        return failure("The server does not answer as PostgreSQL does");
    }
    return PostgresHead{bytes[0], length - 4};
}

std::string postgres_error_text(std::string_view body) {
    while (!body.empty() && body[0] != '\0') {
        const char field = body[0];
        const auto end = std::min(body.find('\0', 1), body.size());
        if (field == 'M') return std::string(body.substr(1, end - 1));
        body.remove_prefix(std::min(end + 1, body.size()));
    }
    return "The server reports an error without a message";
}

std::string postgres_md5(std::string_view user, std::string_view password, std::string_view salt) {
    const std::string inner = md5_hex(std::string(password).append(user));
    return "md5" + md5_hex(inner + std::string(salt)) + '\0';
}

ScramClient::ScramClient(std::string password, std::string nonce)
    : password_(std::move(password)), nonce_(std::move(nonce)) {}

// PostgreSQL takes the user's name from the start-up message.
std::string ScramClient::first_message() const { return "n,,n=,r=" + nonce_; }

Result<std::string> ScramClient::final_message(std::string_view server_first) {
    const auto nonce = attribute(server_first, 'r');
    const auto salt_text = attribute(server_first, 's');
    const auto count_text = attribute(server_first, 'i');
    const auto salt = salt_text ? from_base64(*salt_text) : std::nullopt;
    int count = 0;
    if (count_text) {
        std::from_chars(count_text->data(), count_text->data() + count_text->size(), count);
    }
    if (!nonce || !nonce->starts_with(nonce_) || nonce->size() == nonce_.size() || !salt ||
        salt->empty() || count < 1 || count > kMostIterations) {
        return failure("SASL: the server's first message is not valid");
    }
    Digest salted(SHA256_DIGEST_LENGTH, '\0');
    PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()),
                      reinterpret_cast<const unsigned char*>(salt->data()),
                      static_cast<int>(salt->size()), count, EVP_sha256(),
                      static_cast<int>(salted.size()),
                      reinterpret_cast<unsigned char*>(salted.data()));
    const Digest client_key = hmac(salted, "Client Key");
    const std::string without_proof = "c=biws,r=" + std::string(*nonce);
    const std::string signed_text =
        "n=,r=" + nonce_ + "," + std::string(server_first) + "," + without_proof;
    Digest proof = hmac(sha256(client_key), signed_text);
    for (std::size_t i = 0; i < proof.size(); ++i) {
        proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
    }
    server_signature_ = hmac(hmac(salted, "Server Key"), signed_text);
    return without_proof + ",p=" + base64(proof);
}

Result<void> ScramClient::verify(std::string_view server_final) const {
    const auto shown = attribute(server_final, 'v');
    const auto signature = shown ? from_base64(*shown) : std::nullopt;
    const bool same =
        signature && !server_signature_.empty() && signature->size() == server_signature_.size() &&
        CRYPTO_memcmp(signature->data(), server_signature_.data(), signature->size()) == 0;
    if (!same) return failure("SASL: the server does not know the password either");
    return {};
}

}  // namespace higuma::checks
