// `mysql`: signs in and runs a query; its value is judged by the monitor's conditions, if there are
// any.
#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "checks/check_types.hpp"
#include "checks/connection_string.hpp"
#include "checks/database_query.hpp"
#include "checks/mysql_client.hpp"
#include "checks/service_check.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

constexpr std::uint16_t kMysqlPort = 3306;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

struct Target {
    std::string host;
    std::uint16_t port = kMysqlPort;
    MysqlLogin login;
    std::optional<net::TlsOptions> tls;
};

// `ssl={"rejectUnauthorized":false}` or `ssl=true`, as mysql2 reads it: the issuer is verified, the
// name only with "verifyIdentity".
Result<std::optional<net::TlsOptions>> tls_of(const ConnectionString& url,
                                              const std::string& host) {
    const auto text = url.option("ssl");
    if (!text || text->empty() || *text == "false") return std::optional<net::TlsOptions>();
    net::TlsOptions tls{.host = host};
    tls.check_host = false;
    boost::system::error_code error;
    const auto parsed = boost::json::parse(*text, error);
    if (error || (!parsed.is_object() && !parsed.is_bool())) {
        return failure("The option ssl of the connection string is not JSON");
    }
    if (const auto* options = parsed.if_object()) {
        const auto flag = [&](const char* name, bool otherwise) {
            const auto* value = options->if_contains(name);
            return value && value->is_bool() ? value->get_bool() : otherwise;
        };
        tls.verify = flag("rejectUnauthorized", true);
        tls.check_host = flag("verifyIdentity", false);
        for (const auto& [name, pem] :
             {std::pair{"ca", &tls.ca}, {"cert", &tls.certificate}, {"key", &tls.key}}) {
            const auto* value = options->if_contains(name);
            if (value && value->is_string()) *pem = std::string(value->get_string());
        }
    }
    return std::optional(tls);
}

Result<Target> target_of(const Monitor& monitor) {
    const auto url =
        parse_connection_string(monitor.options.text(Option::database_connection_string));
    if (!url) return url.error();
    if (url->scheme != "mysql" && url->scheme != "mariadb") return failure("Invalid URL");
    Target target;
    target.host = url->host.empty() ? "localhost" : url->host;
    target.port = url->port.value_or(kMysqlPort);
    target.login.user = url->user;
    target.login.database = url->path;
    // Uptime Kuma keeps it in this column; it wins over the connection string's.
    target.login.password = monitor.options.text(Option::radius_password);
    if (target.login.password.empty()) target.login.password = url->password;
    for (const auto* text : {&target.login.user, &target.login.database}) {
        if (std::count(text->begin(), text->end(), '\0') > 0) return failure("Invalid URL");
    }
    auto tls = tls_of(*url, target.host);
    if (!tls) return tls.error();
    target.tls = std::move(*tls);
    return target;
}

Task<Result<MysqlAnswer>> connect_and_ask(ServiceCall& call, net::TlsStream& stream,
                                          const Target& target) {
    auto done = co_await stream.connect(call.context.resolver, target.host, target.port, "");
    if (!done && done.error().kind == ErrorKind::timeout) done = failure("connect ETIMEDOUT");
    MysqlClient client(stream);
    if (done) done = co_await client.sign_in(target.login, target.tls);
    if (!done) co_return done.error();
    auto answer = co_await client.query(query_of(call.monitor));
    if (answer) co_await client.end();
    co_return answer;
}

std::string in_node_words(const Failure& failure, const net::TlsStream& stream) {
    if (stream.ended()) return "Connection lost: The server closed the connection.";
    return failure.message;
}

CheckOutcome judge_rows(const MysqlAnswer& answer) {
    // A call that gives several results is an array of them.
    if (answer.results > 1) {
        return CheckOutcome::up(fmt::format("Rows: {}", answer.results), std::nullopt);
    }
    if (answer.has_rows) {
        return CheckOutcome::up(fmt::format("Rows: {}", answer.rows), std::nullopt);
    }
    return CheckOutcome::up("No Error, but the result is not an array. Type: object", std::nullopt);
}

Task<CheckOutcome> query_mysql(ServiceCall& call) {
    const Instant start = call.context.clock.now();
    const auto failed = [&](const std::string& why) {
        auto outcome = CheckOutcome::down("Database connection/query failed: " + why);
        outcome.ping = std::chrono::round<Millis>(call.context.clock.now() - start);
        return outcome;
    };
    const auto target = target_of(call.monitor);
    if (!target) co_return failed(target.error().message);
    call.secrets.push_back(target->login.password);
    const auto stream = new_stream(call, co_await boost::asio::this_coro::executor);
    const auto answer = co_await connect_and_ask(call, *stream, *target);
    if (!answer) co_return failed(in_node_words(answer.error(), *stream));
    co_return judge_rows(*answer);
}

}  // namespace

Task<CheckOutcome> check_mysql(const CheckContext& context, const Monitor& monitor,
                               Deadline deadline) {
    return run_service_check(query_mysql, context, monitor, deadline);
}

}  // namespace higuma::checks
