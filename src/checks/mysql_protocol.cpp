#include "checks/mysql_protocol.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>

namespace higuma::checks {

namespace {

constexpr std::size_t kSalt = 20;
constexpr std::uint32_t kMoreResults = 0x8;
constexpr char kUtf8mb4 = 45;
constexpr std::uint32_t kLargestPacket = 16 << 20;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }
Failure stranger() { return failure("The server does not answer as MySQL does"); }

std::uint64_t number_of(std::string_view bytes) {  // least first
    std::uint64_t number = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        number = number << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return number;
}

std::string bytes_of(std::uint64_t number, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(number >> (8 * i));
    return bytes;
}

std::string digest(const EVP_MD* kind, std::string_view text) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), hash, &size, kind, nullptr);
    return {reinterpret_cast<const char*>(hash), size};
}

std::string mixed(std::string one, std::string_view other) {
    for (std::size_t i = 0; i < one.size(); ++i) {
        one[i] = static_cast<char>(one[i] ^ other[i % other.size()]);
    }
    return one;
}

bool is_whole_number(std::uint8_t type) {
    constexpr std::uint8_t kTypes[] = {1, 2, 3, 8, 9, 13};  // TINY ... YEAR
    return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

}  // namespace

MysqlHead parse_mysql_head(std::string_view bytes) {
    return {static_cast<std::uint32_t>(number_of(bytes.substr(0, 3))),
            static_cast<std::uint8_t>(bytes[3])};
}

std::string mysql_packet(std::uint8_t number, std::string_view body) {
    return (bytes_of(body.size(), 3) + static_cast<char>(number)).append(body);
}

Result<MysqlGreeting> parse_mysql_greeting(std::string_view body) {
    if (!body.empty() && static_cast<unsigned char>(body[0]) == kMysqlError) {
        return failure(mysql_error_text(body));
    }
    constexpr char kVersion = 10;
    if (body.empty() || body[0] != kVersion) return stranger();
    const auto name_end = body.find('\0', 1);
    if (name_end == std::string_view::npos) return stranger();
    body.remove_prefix(name_end + 1);
    // Thread, first half of the salt, a zero, capabilities, character set, status, capabilities,
    // the salt's length, ten reserved bytes.
    constexpr std::size_t kFixed = 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10;
    if (body.size() < kFixed) return stranger();
    MysqlGreeting greeting;
    greeting.salt = body.substr(4, 8);
    greeting.capabilities = static_cast<std::uint32_t>(number_of(body.substr(13, 2)) |
                                                       number_of(body.substr(18, 2)) << 16);
    body.remove_prefix(kFixed);
    greeting.salt += body.substr(0, kSalt - 8);
    if (greeting.salt.size() != kSalt) return stranger();
    body.remove_prefix(std::min<std::size_t>(body.size(), kSalt - 8 + 1));
    greeting.plugin = body.substr(0, body.find('\0'));
    if (greeting.plugin.empty()) greeting.plugin = "mysql_native_password";
    const auto needed = kMysqlProtocol41 | kMysqlSecureConnection;
    if ((greeting.capabilities & needed) != needed) {
        return failure("The server is too old: it does not know MySQL 4.1's protocol");
    }
    return greeting;
}

std::uint32_t mysql_client_flags(const MysqlLogin& login, bool tls) {
    std::uint32_t flags =
        kMysqlProtocol41 | kMysqlSecureConnection | kMysqlPluginAuth | kMysqlMultiResults;
    if (!login.database.empty()) flags |= kMysqlConnectWithDb;
    if (tls) flags |= kMysqlSsl;
    return flags;
}

std::string mysql_ssl_request(std::uint32_t flags) {
    return bytes_of(flags, 4) + bytes_of(kLargestPacket, 4) + kUtf8mb4 + std::string(23, '\0');
}

std::string mysql_login(std::uint32_t flags, const MysqlLogin& login, std::string_view plugin,
                        std::string_view proof) {
    std::string body = mysql_ssl_request(flags);
    body.append(login.user).append(1, '\0');
    body.append(1, static_cast<char>(proof.size())).append(proof);
    if (!login.database.empty()) body.append(login.database).append(1, '\0');
    return body.append(plugin).append(1, '\0');
}

std::optional<std::string> mysql_proof(std::string_view plugin, std::string_view password,
                                       std::string_view salt) {
    salt = salt.substr(0, kSalt);
    const bool native = plugin == "mysql_native_password";
    if (!native && plugin != "caching_sha2_password") return std::nullopt;
    if (password.empty() || salt.empty()) return std::string();
    const EVP_MD* kind = native ? EVP_sha1() : EVP_sha256();
    const std::string once = digest(kind, password);
    const std::string twice = digest(kind, once);
    const std::string salted =
        native ? digest(kind, std::string(salt) + twice) : digest(kind, twice + std::string(salt));
    return mixed(once, salted);
}

Result<std::string> mysql_encrypted_password(std::string_view password, std::string_view salt,
                                             std::string_view pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    if (!key) return failure("The server's public key is not valid");
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new(key.get(), nullptr), EVP_PKEY_CTX_free);
    const std::string clear = mixed(std::string(password) + '\0', salt.substr(0, kSalt));
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_size(key.get()));
    std::string encrypted(size, '\0');
    const bool done =
        context && EVP_PKEY_encrypt_init(context.get()) > 0 &&
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) > 0 &&
        EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(encrypted.data()), &size,
                         reinterpret_cast<const unsigned char*>(clear.data()), clear.size()) > 0;
    if (!done) return failure("The server's public key is not valid");
    encrypted.resize(size);
    return encrypted;
}

std::string mysql_error_text(std::string_view body) {
    body.remove_prefix(std::min<std::size_t>(3, body.size()));  // the mark and the number
    if (body.starts_with('#')) body.remove_prefix(std::min<std::size_t>(6, body.size()));
    return body.empty() ? "The server reports an error without a message" : std::string(body);
}

bool mysql_more_results(std::string_view body) {
    if (body.empty()) return false;
    const bool is_end = static_cast<unsigned char>(body[0]) == kMysqlEnd;
    body.remove_prefix(1);
    if (is_end) {  // warnings, then the status
        return body.size() >= 4 && (number_of(body.substr(2, 2)) & kMoreResults) != 0;
    }
    if (!take_mysql_number(body) || !take_mysql_number(body)) return false;  // rows, last id
    return body.size() >= 2 && (number_of(body.substr(0, 2)) & kMoreResults) != 0;
}

std::optional<std::uint64_t> take_mysql_number(std::string_view& bytes) {
    if (bytes.empty()) return std::nullopt;
    const auto first = static_cast<unsigned char>(bytes[0]);
    std::size_t more = 0;
    if (first == 0xfc) more = 2;
    if (first == 0xfd) more = 3;
    if (first == 0xfe) more = 8;
    if (first == 0xfb || first == 0xff || bytes.size() < 1 + more) return std::nullopt;
    const std::uint64_t number = more == 0 ? first : number_of(bytes.substr(1, more));
    bytes.remove_prefix(1 + more);
    return number;
}

std::optional<std::string_view> take_mysql_text(std::string_view& bytes) {
    const auto length = take_mysql_number(bytes);
    if (!length || *length > bytes.size()) return std::nullopt;
    const std::string_view text = bytes.substr(0, static_cast<std::size_t>(*length));
    bytes.remove_prefix(text.size());
    return text;
}

std::optional<MysqlColumn> parse_mysql_column(std::string_view body) {
    std::string_view name;
    for (int i = 0; i < 6; ++i) {  // catalog, database, table twice, name twice
        const auto text = take_mysql_text(body);
        if (!text) return std::nullopt;
        if (i == 4) name = *text;
    }
    constexpr std::size_t kTypeAt = 1 + 2 + 4;  // behind the length, character set, width
    if (body.size() <= kTypeAt) return std::nullopt;
    return MysqlColumn{std::string(name), static_cast<std::uint8_t>(body[kTypeAt])};
}

std::optional<std::string> mysql_first_value(std::string_view row, std::uint8_t type) {
    constexpr unsigned char kNull = 0xfb;
    if (!row.empty() && static_cast<unsigned char>(row[0]) == kNull) return "null";
    const auto text = take_mysql_text(row);
    if (!text) return std::nullopt;
    std::string_view value = *text;
    if (is_whole_number(type)) {
        while (value.size() > 1 && value[0] == '0') value.remove_prefix(1);  // ZEROFILL
    }
    return std::string(value);
}

}  // namespace higuma::checks
