#include "checks/mysql_client.hpp"

#include <fmt/format.h>

namespace higuma::checks {

namespace {

constexpr std::uint32_t kLargestPacket = 64 * 1024;  // of those that are kept
constexpr std::uint32_t kContinued = 0xffffff;       // a row goes on in the next packet
constexpr std::uint64_t kMostColumns = 4096;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

unsigned char mark_of(std::string_view body) {
    return body.empty() ? kMysqlOk : static_cast<unsigned char>(body[0]);
}

}  // namespace

Task<Result<std::string>> MysqlClient::read_packet() {
    const auto bytes = co_await stream_.read_exactly(kMysqlHead);
    if (!bytes) co_return bytes.error();
    const MysqlHead head = parse_mysql_head(*bytes);
    number_ = static_cast<std::uint8_t>(head.number + 1);
    if (head.length > kLargestPacket) {
        co_return failure("The server does not answer as MySQL does");
    }
    co_return co_await stream_.read_exactly(head.length);
}

Task<Result<void>> MysqlClient::write_packet(std::string body) {
    co_return co_await stream_.write(mysql_packet(number_++, body));
}

Task<Result<void>> MysqlClient::sign_in(MysqlLogin login, std::optional<net::TlsOptions> tls) {
    const auto first = co_await read_packet();
    if (!first) co_return first.error();
    auto greeting = parse_mysql_greeting(*first);
    if (!greeting) co_return greeting.error();
    const auto flags = mysql_client_flags(login, tls.has_value());
    if (tls) {
        if ((greeting->capabilities & kMysqlSsl) == 0) {
            co_return failure("Server does not support secure connection");
        }
        auto asked = co_await write_packet(mysql_ssl_request(flags));
        if (asked) asked = co_await stream_.start_tls(std::move(*tls));
        if (!asked) co_return asked;
    }
    // A plugin that is not known here may still not be the one that this user has.
    auto proof = mysql_proof(greeting->plugin, login.password, greeting->salt);
    if (!proof) {
        greeting->plugin = "mysql_native_password";
        proof = mysql_proof(greeting->plugin, login.password, greeting->salt);
    }
    auto sent = co_await write_packet(mysql_login(flags, login, greeting->plugin, *proof));
    if (!sent) co_return sent;
    co_return co_await prove(login, std::move(greeting->salt));
}

Task<Result<void>> MysqlClient::prove(const MysqlLogin& login, std::string salt) {
    constexpr unsigned char kMore = 0x01;
    constexpr std::string_view kFastIsDone{"\x01\x03", 2}, kFullIsNeeded{"\x01\x04", 2};
    constexpr int kMostSteps = 8;
    for (int step = 0; step < kMostSteps; ++step) {
        const auto packet = co_await read_packet();
        if (!packet) co_return packet.error();
        const auto mark = mark_of(*packet);
        if (mark == kMysqlOk) co_return Result<void>();
        if (mark == kMysqlError) co_return failure(mysql_error_text(*packet));
        auto sent = Result<void>();
        if (mark == kMysqlEnd) {  // the server wants another plugin
            const auto end = std::min(packet->find('\0', 1), packet->size());
            const std::string plugin = packet->substr(1, end - 1);
            salt = packet->substr(std::min(end + 1, packet->size()));
            auto proof = mysql_proof(plugin, login.password, salt);
            if (!proof) {
                co_return failure("Server requests authentication using unknown plugin " + plugin);
            }
            sent = co_await write_packet(std::move(*proof));
        } else if (*packet == kFullIsNeeded) {
            sent = co_await prove_in_full(login.password, salt);
        } else if (mark != kMore || *packet != kFastIsDone) {
            co_return failure("The server does not answer as MySQL does");
        }
        if (!sent) co_return sent;
    }
    co_return failure("The server does not come to an end with signing in");
}

// caching_sha2_password when the server has not seen this user yet.
Task<Result<void>> MysqlClient::prove_in_full(const std::string& password,
                                              const std::string& salt) {
    if (stream_.encrypted()) co_return co_await write_packet(password + '\0');
    auto asked = co_await write_packet(std::string("\x02"));  // for the public key
    if (!asked) co_return asked;
    const auto packet = co_await read_packet();
    if (!packet) co_return packet.error();
    if (mark_of(*packet) == kMysqlError) co_return failure(mysql_error_text(*packet));
    const std::string_view key = packet->empty() ? *packet : std::string_view(*packet).substr(1);
    auto encrypted = mysql_encrypted_password(password, salt, key);
    if (!encrypted) co_return encrypted.error();
    co_return co_await write_packet(std::move(*encrypted));
}

Task<Result<MysqlColumn>> MysqlClient::read_columns(std::uint64_t count, MysqlAnswer& answer) {
    MysqlColumn first;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto packet = co_await read_packet();
        if (!packet) co_return packet.error();
        auto column = parse_mysql_column(*packet);
        if (!column) co_return failure("The server does not answer as MySQL does");
        // Columns of one name are one key of a row, as Uptime Kuma's library has it.
        if (i == 0)
            first = std::move(*column);
        else if (column->name != first.name)
            answer.several_columns = true;
    }
    const auto end = co_await read_packet();
    if (!end) co_return end.error();
    if (mark_of(*end) != kMysqlEnd) co_return failure("The server does not answer as MySQL does");
    co_return first;
}

Task<Result<std::string>> MysqlClient::read_rows(const MysqlColumn& first, MysqlAnswer& answer) {
    constexpr std::uint32_t kLongestEnd = 8;
    bool continues = false;
    for (;;) {
        const auto bytes = co_await stream_.read_exactly(kMysqlHead);
        if (!bytes) co_return bytes.error();
        const MysqlHead head = parse_mysql_head(*bytes);
        auto kept = co_await stream_.read_exactly(std::min(head.length, kLargestPacket));
        if (!kept) co_return kept.error();
        const auto mark = mark_of(*kept);
        if (!continues && mark == kMysqlError) co_return failure(mysql_error_text(*kept));
        if (!continues && mark == kMysqlEnd && head.length <= kLongestEnd) co_return *kept;
        auto skipped = co_await stream_.skip(head.length - kept->size());
        if (!skipped) co_return skipped.error();
        if (!continues) {
            if (answer.results == 1 && answer.rows == 0) {
                answer.value = mysql_first_value(*kept, first.type);
            }
            if (answer.results == 1) ++answer.rows;
        }
        continues = head.length == kContinued;
    }
}

// Reads one result; returns the packet that ends it.
Task<Result<std::string>> MysqlClient::read_result(MysqlAnswer& answer) {
    constexpr unsigned char kWantsFile = 0xfb;
    const auto packet = co_await read_packet();
    if (!packet) co_return packet;
    const auto mark = mark_of(*packet);
    if (mark == kMysqlError) co_return failure(mysql_error_text(*packet));
    if (mark == kMysqlOk) co_return packet;
    if (mark == kWantsFile) co_return failure("The server asks for a file of this machine");
    std::string_view text = *packet;
    const auto columns = take_mysql_number(text);
    if (!columns || *columns > kMostColumns) {
        co_return failure("The server does not answer as MySQL does");
    }
    if (answer.results == 1) answer.has_rows = true;
    const auto first = co_await read_columns(*columns, answer);
    if (!first) co_return first.error();
    co_return co_await read_rows(*first, answer);
}

Task<Result<MysqlAnswer>> MysqlClient::query(std::string text) {
    number_ = 0;
    auto sent = co_await write_packet('\x03' + std::move(text));
    if (!sent) co_return sent.error();
    MysqlAnswer answer;
    for (;; ++answer.results) {
        const auto end = co_await read_result(answer);
        if (!end) co_return end.error();
        if (!mysql_more_results(*end)) co_return answer;
    }
}

Task<void> MysqlClient::end() {
    number_ = 0;
    (void)co_await write_packet(std::string("\x01"));
}

}  // namespace higuma::checks
