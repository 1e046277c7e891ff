// `postgres`: signs in and runs a query; that it runs is what counts.
#include <fmt/format.h>

#include <algorithm>

#include "checks/check_types.hpp"
#include "checks/connection_string.hpp"
#include "checks/database_query.hpp"
#include "checks/postgres_client.hpp"
#include "checks/service_check.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

constexpr std::uint16_t kPostgresPort = 5432;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

struct Target {
    std::string host;
    std::uint16_t port = kPostgresPort;
    PostgresLogin login;
    bool tls = false;
    net::TlsOptions tls_options;
};

// What node-postgres makes of `ssl` and `sslmode`: all modes but no-verify verify.
Result<void> set_tls(const ConnectionString& url, Target& target) {
    const auto ssl = url.option("ssl").value_or("");
    const auto mode = url.option("sslmode").value_or("");
    target.tls = ssl == "true" || ssl == "1";
    if (mode == "disable") target.tls = false;
    constexpr std::string_view kTlsModes[] = {"prefer", "require", "verify-ca", "verify-full",
                                              "no-verify"};
    if (std::find(std::begin(kTlsModes), std::end(kTlsModes), mode) != std::end(kTlsModes)) {
        target.tls = true;
    } else if (!mode.empty() && mode != "disable") {
        return failure("Unknown sslmode: " + mode);
    }
    target.tls_options.host = target.host;
    target.tls_options.verify = mode != "no-verify";
    for (const char* name : {"sslcert", "sslkey", "sslrootcert"}) {
        if (url.option(name)) {
            return failure(
                fmt::format("{} is not supported: it names a file of one machine", name));
        }
    }
    return {};
}

Result<Target> target_of(const Monitor& monitor) {
    const auto url =
        parse_connection_string(monitor.options.text(Option::database_connection_string));
    if (!url) return url.error();
    if (url->scheme != "postgres" && url->scheme != "postgresql") return failure("Invalid URL");
    Target target;
    target.host = url->option("host").value_or(url->host);
    if (target.host.empty()) target.host = "localhost";
    if (target.host.starts_with('/')) return failure("Sockets of one machine are not supported");
    target.port = url->port.value_or(kPostgresPort);
    target.login.user = url->option("user").value_or(url->user);
    target.login.password = url->option("password").value_or(url->password);
    target.login.database = url->path.empty() ? target.login.user : url->path;
    for (const auto* text : {&target.login.user, &target.login.password, &target.login.database}) {
        if (std::count(text->begin(), text->end(), '\0') > 0) return failure("Invalid URL");
    }
    // As Uptime Kuma has it: an empty password is taken for a forgotten one.
    if (target.login.password.empty()) return failure("Password is undefined.");
    if (target.login.user.empty()) return failure("The connection string names no user.");
    if (auto good = set_tls(*url, target); !good) return good.error();
    return target;
}

Task<Result<void>> connect_and_ask(ServiceCall& call, net::TlsStream& stream,
                                   const Target& target) {
    auto done = co_await stream.connect(call.context.resolver, target.host, target.port, "");
    PostgresClient client(stream);
    if (done && target.tls) done = co_await client.start_tls(target.tls_options);
    if (done) done = co_await client.sign_in(target.login);
    if (done) done = co_await client.query(query_of(call.monitor));
    if (done) co_await client.end();
    co_return done;
}

std::string in_node_words(const Failure& failure, const net::TlsStream& stream) {
    if (stream.ended()) return "Connection terminated unexpectedly";
    return failure.message;
}

Task<CheckOutcome> query_postgres(ServiceCall& call) {
    const auto target = target_of(call.monitor);
    if (!target) co_return CheckOutcome::down(target.error().message);
    call.secrets.push_back(target->login.password);
    const auto stream = new_stream(call, co_await boost::asio::this_coro::executor);
    const auto done = co_await connect_and_ask(call, *stream, *target);
    if (!done) co_return CheckOutcome::down(in_node_words(done.error(), *stream));
    co_return CheckOutcome::up("", std::nullopt);
}

}  // namespace

Task<CheckOutcome> check_postgres(const CheckContext& context, const Monitor& monitor,
                                  Deadline deadline) {
    return run_service_check(query_postgres, context, monitor, deadline);
}

}  // namespace higuma::checks
