// `smtp`: greeting, EHLO, STARTTLS as the monitor wants it, QUIT; as nodemailer's verify does it.
#include <fmt/format.h>

#include <algorithm>

#include "checks/check_types.hpp"
#include "checks/service_check.hpp"
#include "checks/smtp_protocol.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

constexpr std::uint16_t kSmtpPort = 25;
constexpr std::size_t kLongestLine = 4 * 1024;
constexpr std::size_t kLongestReply = 64 * 1024;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

struct Reply {
    int code = 0;
    std::string text;  // its lines, with "\n" between them
    bool good() const { return code / 100 == 2; }
};

// A monitor's conversation with its server.
struct Talk {
    net::TlsStream& stream;
    std::string host;
    bool never_tls, needs_tls;
};

std::string excerpt(const Reply& reply) {
    constexpr std::size_t kMost = 200;
    std::string text = reply.text.substr(0, kMost);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return text;
}

Task<Result<Reply>> read_reply(net::TlsStream& stream) {
    Reply reply;
    for (;;) {
        const auto line = co_await stream.read_line(kLongestLine);
        if (!line) co_return line.error();
        const auto parsed = parse_smtp_line(*line);
        if (!parsed) co_return failure("Unexpected Response. response=" + excerpt({0, *line}));
        if (reply.text.size() + line->size() > kLongestReply) {
            co_return failure("The reply is larger than 64 KiB");
        }
        reply.code = parsed->code;
        reply.text += (reply.text.empty() ? "" : "\n") + *line;
        if (parsed->last) co_return reply;
    }
}

Task<Result<Reply>> ask(net::TlsStream& stream, std::string command) {
    auto sent = co_await stream.write(command + "\r\n");
    if (!sent) co_return sent.error();
    co_return co_await read_reply(stream);
}

// An address in brackets is a name that every server takes (RFC 5321, 4.1.3).
std::string own_name(const net::TlsStream& stream) {
    const auto address = stream.local_address();
    return address.find(':') == std::string::npos ? "[" + address + "]" : "[IPv6:" + address + "]";
}

// EHLO, or HELO for a server that does not know it. Returns EHLO's reply, if it was a good one.
Task<Result<Reply>> say_hello(Talk& talk) {
    const std::string name = own_name(talk.stream);
    auto hello = co_await ask(talk.stream, "EHLO " + name);
    if (!hello || hello->good()) co_return hello;
    if (hello->code == 421) {
        co_return failure("Server terminates connection. response=" + excerpt(*hello));
    }
    if (talk.needs_tls && !talk.stream.encrypted()) {
        co_return failure("EHLO failed but HELO does not support required STARTTLS. response=" +
                          excerpt(*hello));
    }
    const auto plain = co_await ask(talk.stream, "HELO " + name);
    if (!plain) co_return plain.error();
    if (!plain->good()) co_return failure("Invalid HELO. response=" + excerpt(*plain));
    co_return Reply{250, ""};
}

Task<Result<void>> converse(Talk& talk) {
    const auto greeting = co_await read_reply(talk.stream);
    if (!greeting) {
        if (greeting.error().kind == ErrorKind::timeout)
            co_return failure("Greeting never received");
        co_return greeting.error();
    }
    if (greeting->code != 220) {
        co_return failure("Invalid greeting. response=" + excerpt(*greeting));
    }
    const auto hello = co_await say_hello(talk);
    if (!hello) co_return hello.error();
    const bool start_tls = !talk.stream.encrypted() && !talk.never_tls &&
                           (talk.needs_tls || offers_starttls(hello->text));
    if (start_tls) {
        const auto ready = co_await ask(talk.stream, "STARTTLS");
        if (!ready) co_return ready.error();
        if (!ready->good()) {
            co_return failure("Error upgrading connection with STARTTLS: " + excerpt(*ready));
        }
        net::TlsOptions tls{.host = talk.host};
        auto secured = co_await talk.stream.start_tls(tls);
        if (!secured) co_return secured;
        const auto again = co_await say_hello(talk);
        if (!again) co_return again.error();
    }
    // The server has shown what was asked; its goodbye is not waited for.
    (void)co_await talk.stream.write("QUIT\r\n");
    co_return Result<void>();
}

std::string told(const Failure& failure, const net::TlsStream& stream) {
    std::string why = failure.message;
    if (failure.kind == ErrorKind::timeout) why = "Timeout";
    if (stream.ended()) why = "Connection closed unexpectedly";
    return "SMTP connection doesn't verify: Error: " + why;
}

Task<CheckOutcome> verify_smtp(ServiceCall& call) {
    const Monitor& monitor = call.monitor;
    if (monitor.port && (*monitor.port < 1 || *monitor.port > 65'535)) {
        co_return CheckOutcome::down("The port must be 1 to 65535");
    }
    const auto security = monitor.options.text(Option::smtp_security);
    const auto stream = new_stream(call, co_await boost::asio::this_coro::executor);
    const auto port = static_cast<std::uint16_t>(monitor.port.value_or(kSmtpPort));
    auto done =
        co_await stream->connect(call.context.resolver, monitor.hostname, port, monitor.ip_family);
    if (!done && done.error().kind == ErrorKind::timeout) done = failure("Connection timeout");
    if (done && security == "secure") {
        net::TlsOptions tls{.host = monitor.hostname};
        done = co_await stream->start_tls(tls);
    }
    if (done) {
        Talk talk{*stream, monitor.hostname, security == "nostarttls", security == "starttls"};
        done = co_await converse(talk);
    }
    if (!done) co_return CheckOutcome::down(told(done.error(), *stream));
    co_return CheckOutcome::up("SMTP connection verifies successfully", std::nullopt);
}

}  // namespace

Task<CheckOutcome> check_smtp(const CheckContext& context, const Monitor& monitor,
                              Deadline deadline) {
    return run_service_check(verify_smtp, context, monitor, deadline);
}

}  // namespace higuma::checks
