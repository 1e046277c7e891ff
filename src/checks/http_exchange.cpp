#include "checks/http_exchange.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "checks/http_request.hpp"
#include "checks/http_services.hpp"
#include "net/tls_peer.hpp"
#include "policy/schedule.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

constexpr std::size_t kMostKept = 4 << 20;

std::string random_word() {
    static thread_local std::mt19937_64 source{std::random_device{}()};
    constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string word;
    for (int i = 0; i < 11; ++i) word += kDigits[source() % kDigits.size()];
    return word;
}

std::size_t kept_length(const Monitor& monitor) {
    return static_cast<std::size_t>(monitor.options.number_or(Option::response_max_length, 1024));
}

// Enough bytes for the characters that are kept; a little more, so that JSON that fits is whole.
std::size_t kept_bytes(const Monitor& monitor) {
    constexpr std::size_t kLeast = 64 << 10;
    return std::min(std::max(4 * kept_length(monitor), kLeast), kMostKept);
}

std::string kept_answer(const Monitor& monitor, std::string body) {
    return kept_part(text_of_answer(std::move(body)), kept_length(monitor));
}

Result<net::HttpRequest> prepared(const CheckContext& context, const Monitor& monitor,
                                  std::size_t max_body) {
    auto request = request_of(monitor, monitor.cache_bust ? random_word() : std::string());
    if (!request) return request.error();
    request->max_body = std::max(max_body, kept_of_failure(monitor));
    request->want_certificate = context.web.certificates.due(monitor.id, context.clock.now());
    return request;
}

// The proxy of a monitor. One that is not listed is waited for, as long as the book takes to be
// read again: a check must not go straight because it was faster.
Task<std::optional<net::HttpProxy>> proxy_of(const CheckContext& context, const Monitor& monitor,
                                             Deadline deadline) {
    const auto id = monitor.options.number(Option::proxy_id);
    if (!id) co_return std::nullopt;
    constexpr Millis kStep{100};
    const Deadline patience{std::min(deadline.at, context.clock.now() + Millis{3'000})};
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    while (!context.web.proxies.knows(*id) && !patience.passed(context.clock.now())) {
        timer.expires_after(kStep);
        const auto [error] =
            co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (error) break;
    }
    co_return context.web.proxies.find(*id);
}

void set_token(net::HttpRequest& request, const AccessToken& token) {
    const auto is_own = [](const auto& header) {
        return strcasecmp(header.first.c_str(), "authorization") == 0;
    };
    // A monitor's own header wins over its way to authenticate.
    if (std::any_of(request.headers.begin(), request.headers.end(), is_own)) return;
    request.headers.emplace_back("Authorization", token.type + " " + token.text);
}

// With a token where the monitor wants one; a token that is refused is renewed once.
Task<Result<net::HttpResponse>> send(const CheckContext& context, const Monitor& monitor,
                                     net::HttpRequest request, Deadline deadline) {
    if (monitor.auth_method != "oauth2-cc") {
        co_return co_await context.http.send(std::move(request), deadline);
    }
    const OAuthClient client = oauth_client_of(monitor);
    for (int attempt = 0;; ++attempt) {
        auto token = co_await context.web.tokens.get(client, request.proxy, deadline);
        if (!token) {
            Failure failure = token.error();
            failure.message = "The oauth config is invalid. " + failure.message;
            failure.kind = ErrorKind::unavailable;
            co_return failure;
        }
        net::HttpRequest with_token = request;
        set_token(with_token, *token);
        auto response = co_await context.http.send(std::move(with_token), deadline);
        constexpr int kUnauthorized = 401;
        if (!response || response->status != kUnauthorized) co_return response;
        context.web.tokens.drop(client, token->text);
        if (attempt > 0) co_return response;
    }
}

std::shared_ptr<const Findings> findings_of(const CheckContext& context, const Monitor& monitor,
                                            const net::HttpResponse& response) {
    if (!response.tls_peer) return nullptr;
    context.web.certificates.read(monitor.id, context.clock.now());
    auto findings = std::make_shared<Findings>();
    findings->tls_info =
        response.tls_peer->info_json(host_of(monitor.url), context.clock.wall_now());
    return findings;
}

}  // namespace

Task<Exchange> exchange(const CheckContext& context, const Monitor& monitor, std::size_t max_body,
                        Deadline deadline) {
    Exchange result;
    const Millis timeout = policy::check_timeout(monitor);
    auto request = prepared(context, monitor, max_body);
    if (!request) {
        result.failure = request.error().message;
        co_return result;
    }
    deadline.at = std::min(deadline.at, context.clock.now() + timeout);
    request->proxy = co_await proxy_of(context, monitor, deadline);
    auto response = co_await send(context, monitor, std::move(*request), deadline);
    if (!response) {
        result.failure = response.error().kind == ErrorKind::timeout
                             ? fmt::format("timeout of {}ms exceeded", timeout.count())
                             : response.error().message;
        co_return result;
    }
    result.findings = findings_of(context, monitor, *response);
    if (!is_accepted_status(response->status, monitor.accepted_statuscodes)) {
        result.failure = fmt::format("Request failed with status code {}", response->status);
    }
    result.answer = std::move(*response);
    co_return result;
}

std::size_t kept_of_success(const Monitor& monitor) {
    const bool keeps = monitor.options.flag(Option::save_response) &&
                       monitor.options.flag(Option::save_error_response);
    return keeps ? kept_bytes(monitor) : 0;
}

std::size_t kept_of_failure(const Monitor& monitor) {
    return monitor.options.flag(Option::save_error_response) ? kept_bytes(monitor) : 0;
}

CheckOutcome failed(const Monitor& monitor, Exchange exchange) {
    CheckOutcome outcome = CheckOutcome::down(std::move(exchange.failure));
    outcome.findings = std::move(exchange.findings);
    if (exchange.answer && kept_of_failure(monitor) > 0) {
        outcome.response = kept_answer(monitor, std::move(exchange.answer->body));
    }
    return outcome;
}

CheckOutcome rejected(const Monitor& monitor, Exchange exchange, std::string msg) {
    CheckOutcome outcome = passed(monitor, std::move(exchange), std::move(msg));
    outcome.ok = false;
    return outcome;
}

CheckOutcome passed(const Monitor& monitor, Exchange exchange, std::string msg) {
    CheckOutcome outcome = CheckOutcome::up(std::move(msg), exchange.answer->took);
    outcome.findings = std::move(exchange.findings);
    if (kept_of_success(monitor) > 0) {
        outcome.response = kept_answer(monitor, std::move(exchange.answer->body));
    }
    return outcome;
}

std::string status_line(const net::HttpResponse& response) {
    return fmt::format("{} - {}", response.status, response.reason);
}

}  // namespace higuma::checks
