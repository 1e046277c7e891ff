#include "checks/http_exchange.hpp"

#include <fmt/format.h>

#include <random>

#include "checks/http_request.hpp"
#include "policy/schedule.hpp"

namespace higuma::checks {

namespace {

std::string random_word() {
    static thread_local std::mt19937_64 source{std::random_device{}()};
    constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string word;
    for (int i = 0; i < 11; ++i) word += kDigits[source() % kDigits.size()];
    return word;
}

}  // namespace

Task<Result<net::HttpResponse>> exchange(const CheckContext& context, const Monitor& monitor,
                                         std::size_t max_body, Deadline deadline) {
    const Millis timeout = policy::check_timeout(monitor);
    auto request = request_of(monitor, monitor.cache_bust ? random_word() : std::string());
    if (!request) co_return request.error();
    request->max_body = max_body;
    deadline.at = std::min(deadline.at, context.clock.now() + timeout);
    auto response = co_await context.http.send(std::move(*request), deadline);
    if (!response && response.error().kind == ErrorKind::timeout) {
        co_return Failure{ErrorKind::timeout,
                          fmt::format("timeout of {}ms exceeded", timeout.count()), ""};
    }
    if (response && !is_accepted_status(response->status, monitor.accepted_statuscodes)) {
        co_return Failure{ErrorKind::unavailable,
                          fmt::format("Request failed with status code {}", response->status), ""};
    }
    co_return response;
}

std::string status_line(const net::HttpResponse& response) {
    return fmt::format("{} - {}", response.status, response.reason);
}

}  // namespace higuma::checks
