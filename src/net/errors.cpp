#include "net/errors.hpp"

#include <fmt/format.h>

#include <cstring>

namespace higuma::net {

std::string errno_name(int error) {
    const char* name = strerrorname_np(error);
    return name ? std::string(name) : fmt::format("error {}", error);
}

std::string endpoint_text(const boost::asio::ip::address& address, std::uint16_t port) {
    return fmt::format("{}:{}", address.to_string(), port);
}

Failure connection_failure(const std::string& step, const boost::system::error_code& error,
                           const std::string& endpoint) {
    const bool is_errno = error.category() == boost::system::system_category() ||
                          error.category() == boost::system::generic_category();
    const std::string what = is_errno ? errno_name(error.value()) : error.message();
    return {ErrorKind::unavailable,
            endpoint.empty() ? fmt::format("{} {}", step, what)
                             : fmt::format("{} {} {}", step, what, endpoint),
            ""};
}

Failure timeout_failure(Duration span) {
    const auto millis = std::chrono::ceil<Millis>(span).count();
    return {ErrorKind::timeout, fmt::format("timeout of {}ms exceeded", millis), ""};
}

Failure cancelled_failure() { return {ErrorKind::unavailable, "cancelled", ""}; }

}  // namespace higuma::net
