#include "checks/postgres_client.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>

#include "base/base64.hpp"

namespace higuma::checks {

namespace {

constexpr std::size_t kLargestBody = 64 * 1024;
constexpr int kAuthOk = 0, kAuthClear = 3, kAuthMd5 = 5, kAuthSasl = 10;
constexpr int kSaslContinue = 11, kSaslFinal = 12;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

std::uint32_t number_at(std::string_view bytes) {
    std::uint32_t number = 0;
    for (const char c : bytes.substr(0, 4)) number = number << 8 | static_cast<unsigned char>(c);
    return number;
}

std::string new_nonce() {
    std::array<unsigned char, 18> bytes{};
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    return base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string as_number(std::size_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
    return bytes;
}

}  // namespace

Task<Result<void>> PostgresClient::start_tls(net::TlsOptions options) {
    auto sent = co_await stream_.write(postgres_ssl_request());
    if (!sent) co_return sent;
    const auto answer = co_await stream_.read_exactly(1);
    if (!answer) co_return answer.error();
    if (*answer == "N") co_return failure("The server does not support SSL connections");
    if (*answer != "S") {
        co_return failure("There was an error establishing an SSL connection");
    }
    co_return co_await stream_.start_tls(std::move(options));
}

// Rows are skipped as they come; notices and the like are passed over by who reads.
Task<Result<PostgresClient::Message>> PostgresClient::next_message() {
    const auto bytes = co_await stream_.read_exactly(kPostgresHead);
    if (!bytes) co_return bytes.error();
    const auto head = parse_postgres_head(*bytes);
    if (!head) co_return head.error();
    Message message{head->type, {}};
    constexpr std::string_view kKept = "REK";
    const bool kept = kKept.find(head->type) != std::string_view::npos;
    if (kept && head->length > kLargestBody) {
        co_return failure("The server does not answer as PostgreSQL does");
    }
    if (kept) {
        auto body = co_await stream_.read_exactly(head->length);
        if (!body) co_return body.error();
        message.body = std::move(*body);
    } else {
        constexpr std::string_view kKnown = "ACDGHINSTWZdcnst123v";
        if (kKnown.find(head->type) == std::string_view::npos) {
            co_return failure("The server does not answer as PostgreSQL does");
        }
        auto skipped = co_await stream_.skip(head->length);
        if (!skipped) co_return skipped.error();
    }
    if (message.type == 'E') co_return failure(postgres_error_text(message.body));
    co_return message;
}

Task<Result<void>> PostgresClient::sign_in(PostgresLogin login) {
    auto sent = co_await stream_.write(postgres_startup(login.user, login.database));
    if (!sent) co_return sent;
    bool proven = false;
    for (;;) {
        const auto message = co_await next_message();
        if (!message) co_return message.error();
        if (message->type == 'Z' && proven) co_return Result<void>();
        if (message->type != 'R') continue;
        if (message->body.size() < 4) co_return failure("The server sent a short challenge");
        if (number_at(message->body) == kAuthOk) {
            proven = true;
            continue;
        }
        auto answered = co_await answer_challenge(message->body, login);
        if (!answered) co_return answered;
    }
}

Task<Result<void>> PostgresClient::answer_challenge(const std::string& challenge,
                                                    const PostgresLogin& login) {
    const auto kind = number_at(challenge);
    if (kind == kAuthClear) {
        co_return co_await stream_.write(postgres_message('p', login.password + '\0'));
    }
    if (kind == kAuthMd5 && challenge.size() == 8) {
        const auto proof = postgres_md5(login.user, login.password, challenge.substr(4));
        co_return co_await stream_.write(postgres_message('p', proof));
    }
    if (kind == kAuthSasl) co_return co_await prove_by_scram(challenge.substr(4), login.password);
    co_return failure(fmt::format("Unknown authentication type {}", kind));
}

// Sends a step of the SASL conversation and returns the data of the next challenge.
Task<Result<std::string>> PostgresClient::sasl_step(std::string body, std::uint32_t expected) {
    auto sent = co_await stream_.write(postgres_message('p', body));
    if (!sent) co_return sent.error();
    const auto answer = co_await next_message();
    if (!answer) co_return answer.error();
    const bool good =
        answer->type == 'R' && answer->body.size() >= 4 && number_at(answer->body) == expected;
    if (!good) co_return failure("SASL: the server broke off");
    co_return answer->body.substr(4);
}

Task<Result<void>> PostgresClient::prove_by_scram(const std::string& mechanisms,
                                                  const std::string& password) {
    static constexpr std::string_view kMechanism{"SCRAM-SHA-256\0", 14};
    const bool offered = std::string_view('\0' + mechanisms).find('\0' + std::string(kMechanism)) !=
                         std::string_view::npos;
    if (!offered) {
        co_return failure("SASL: Only mechanism SCRAM-SHA-256 is currently supported");
    }
    ScramClient scram(password, new_nonce());
    const std::string first = scram.first_message();
    std::string opening = std::string(kMechanism) + as_number(first.size()) + first;
    const auto server_first = co_await sasl_step(std::move(opening), kSaslContinue);
    if (!server_first) co_return server_first.error();
    auto proof = scram.final_message(*server_first);
    if (!proof) co_return proof.error();
    const auto server_final = co_await sasl_step(std::move(*proof), kSaslFinal);
    if (!server_final) co_return server_final.error();
    co_return scram.verify(*server_final);
}

Task<Result<void>> PostgresClient::query(std::string text) {
    text += '\0';
    auto sent = co_await stream_.write(postgres_message('Q', text));
    if (!sent) co_return sent;
    for (;;) {
        const auto message = co_await next_message();
        if (!message) co_return message.error();
        if (message->type == 'Z') co_return Result<void>();
        if (message->type != 'G') continue;
        // COPY FROM STDIN waits for data that nobody has.
        sent = co_await stream_.write(postgres_message('f', std::string("no data\0", 8)));
        if (!sent) co_return sent;
    }
}

Task<void> PostgresClient::end() { (void)co_await stream_.write(postgres_message('X', "")); }

}  // namespace higuma::checks
