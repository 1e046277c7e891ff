// The MySQL protocol as far as a check needs it: the server's greeting, signing in, and the answers
// to a query.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace higuma::checks {

// Each packet: three bytes of length, least first, and its number.
constexpr std::size_t kMysqlHead = 4;
struct MysqlHead {
    std::uint32_t length = 0;
    std::uint8_t number = 0;
};
MysqlHead parse_mysql_head(std::string_view bytes);  // `bytes`: kMysqlHead of them
std::string mysql_packet(std::uint8_t number, std::string_view body);

enum MysqlCapability : std::uint32_t {
    kMysqlConnectWithDb = 0x8,
    kMysqlProtocol41 = 0x200,
    kMysqlSsl = 0x800,
    kMysqlSecureConnection = 0x8000,
    kMysqlMultiResults = 0x20000,
    kMysqlPluginAuth = 0x80000,
};

struct MysqlGreeting {
    std::uint32_t capabilities = 0;
    std::string plugin;  // how the server would like a password to be proven
    std::string salt;    // 20 bytes
};
// Failures: unavailable; an error packet ("Host ... is blocked") with the server's message.
Result<MysqlGreeting> parse_mysql_greeting(std::string_view body);

struct MysqlLogin {
    std::string user, password, database;
};
std::uint32_t mysql_client_flags(const MysqlLogin& login, bool tls);
std::string mysql_ssl_request(std::uint32_t flags);
std::string mysql_login(std::uint32_t flags, const MysqlLogin& login, std::string_view plugin,
                        std::string_view proof);

// The proof of a password; none for a plugin that is not known.
std::optional<std::string> mysql_proof(std::string_view plugin, std::string_view password,
                                       std::string_view salt);
// The password for caching_sha2_password's full authentication without TLS: encrypted by the
// server's public key. Failure: unavailable, for what is no key.
Result<std::string> mysql_encrypted_password(std::string_view password, std::string_view salt,
                                             std::string_view pem);

// An answer's first byte says what it is: kMysqlOk, kMysqlError, kMysqlEnd, or the start of rows.
constexpr unsigned char kMysqlOk = 0x00, kMysqlError = 0xff, kMysqlEnd = 0xfe;
std::string mysql_error_text(std::string_view body);
// Whether another result follows the one that this OK or EOF packet ends.
bool mysql_more_results(std::string_view body);

// "Length-encoded" numbers and texts. None: the bytes end too early.
std::optional<std::uint64_t> take_mysql_number(std::string_view& bytes);
std::optional<std::string_view> take_mysql_text(std::string_view& bytes);

struct MysqlColumn {
    std::string name;
    std::uint8_t type = 0;
};
std::optional<MysqlColumn> parse_mysql_column(std::string_view body);
// The value of a row's first column as JavaScript's String() shows what mysql2 makes of it: "null"
// for NULL, numbers without leading zeros. None: the row is cut.
std::optional<std::string> mysql_first_value(std::string_view row, std::uint8_t type);

}  // namespace higuma::checks
