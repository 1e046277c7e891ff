// `redis`: connects, signs in, selects the database and sends PING; the beat's message is the
// reply.
#include <fmt/format.h>

#include <algorithm>

#include "checks/check_types.hpp"
#include "checks/connection_string.hpp"
#include "checks/redis_protocol.hpp"
#include "checks/service_check.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

constexpr std::uint16_t kRedisPort = 6379;
constexpr std::size_t kLongestLine = 16 * 1024;
constexpr std::size_t kLongestReply = 64 * 1024;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

// The words that users of node-redis know.
std::string in_node_words(const Failure& failure, const net::TlsStream& stream) {
    if (failure.kind == ErrorKind::timeout) return "Connection timeout";
    if (stream.ended()) return "Socket closed unexpectedly";
    return failure.message;
}

Result<ConnectionString> redis_target(const Monitor& monitor) {
    auto target = parse_connection_string(monitor.options.text(Option::database_connection_string));
    if (!target) return target;
    if (target->scheme != "redis" && target->scheme != "rediss") return failure("Invalid protocol");
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!std::all_of(target->path.begin(), target->path.end(), is_digit)) {
        return failure("Invalid pathname");
    }
    if (target->host.empty()) target->host = "localhost";
    return target;
}

// Sends a command; returns its reply. An error reply is a failure with Redis's own text.
Task<Result<std::string>> ask(net::TlsStream& stream, std::vector<std::string_view> words) {
    auto sent = co_await stream.write(redis_command(words));
    if (!sent) co_return sent.error();
    const auto line = co_await stream.read_line(kLongestLine);
    if (!line) co_return line.error();
    auto reply = parse_redis_line(*line);
    if (!reply) co_return reply.error();
    using Kind = RedisReplyLine::Kind;
    if (reply->kind == Kind::error) co_return failure(reply->text);
    if (reply->kind == Kind::nil) co_return std::string("null");
    if (reply->kind == Kind::text) co_return std::move(reply->text);
    if (reply->length > kLongestReply) {
        co_return failure(fmt::format("The reply has {} bytes", reply->length));
    }
    auto bulk = co_await stream.read_exactly(reply->length + 2);
    if (!bulk) co_return bulk.error();
    bulk->resize(reply->length);
    co_return std::move(*bulk);
}

Task<Result<std::string>> sign_in_and_ping(net::TlsStream& stream, const ConnectionString& target) {
    if (!target.user.empty() || !target.password.empty()) {
        std::vector<std::string_view> words{"AUTH"};
        if (!target.user.empty()) words.push_back(target.user);
        words.push_back(target.password);
        auto signed_in = co_await ask(stream, words);
        if (!signed_in) co_return signed_in;
    }
    if (!target.path.empty() && target.path != "0") {
        const std::vector<std::string_view> select{"SELECT", target.path};
        auto selected = co_await ask(stream, select);
        if (!selected) co_return selected;
    }
    const std::vector<std::string_view> ping{"PING"};
    co_return co_await ask(stream, ping);
}

Task<CheckOutcome> ping_redis(ServiceCall& call) {
    const auto target = redis_target(call.monitor);
    if (!target) co_return CheckOutcome::down(target.error().message);
    call.secrets.push_back(target->password);
    const auto stream = new_stream(call, co_await boost::asio::this_coro::executor);
    auto done = co_await stream->connect(call.context.resolver, target->host,
                                         target->port.value_or(kRedisPort), "");
    if (done && target->scheme == "rediss") {
        net::TlsOptions tls{.host = target->host, .verify = !call.monitor.ignore_tls};
        done = co_await stream->start_tls(tls);
    }
    if (!done) co_return CheckOutcome::down(in_node_words(done.error(), *stream));
    const auto reply = co_await sign_in_and_ping(*stream, *target);
    if (!reply) co_return CheckOutcome::down(in_node_words(reply.error(), *stream));
    co_return CheckOutcome::up(*reply, std::nullopt);
}

}  // namespace

Task<CheckOutcome> check_redis(const CheckContext& context, const Monitor& monitor,
                               Deadline deadline) {
    return run_service_check(ping_redis, context, monitor, deadline);
}

}  // namespace higuma::checks
