#include "routing/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>

namespace higuma::routing {
namespace {

std::optional<in_port_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, port);
    if (digits.empty() || error != std::errc{} || stop != end || port == 0) return std::nullopt;
    return htons(port);
}

template <class Address>
SocketAddress wrap(const Address& address, std::size_t length = sizeof(Address)) {
    static_assert(sizeof(Address) <= sizeof(sockaddr_storage));
    SocketAddress result;
    std::memcpy(&result.storage, &address, length);
    result.length = static_cast<socklen_t>(length);
    return result;
}

std::optional<SocketAddress> parse_unix(std::string_view path) {
    sockaddr_un address{};
    if (path.empty() || path.front() != '/' || path.size() >= sizeof(address.sun_path)) {
        return std::nullopt;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return wrap(address, offsetof(sockaddr_un, sun_path) + path.size() + 1);
}

}  // namespace

std::optional<SocketAddress> parse_socket_address(std::string_view text) {
    constexpr std::string_view kUnix = "unix:";
    if (text.starts_with(kUnix)) return parse_unix(text.substr(kUnix.size()));
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_port(text.substr(colon + 1));
    const std::string_view host = text.substr(0, colon);
    if (!port || host.empty()) return std::nullopt;
    if (host.front() == '[' && host.back() == ']') {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = *port;
        const std::string inner(host.substr(1, host.size() - 2));
        if (inet_pton(AF_INET6, inner.c_str(), &address.sin6_addr) != 1) return std::nullopt;
        return wrap(address);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = *port;
    if (inet_pton(AF_INET, std::string(host).c_str(), &address.sin_addr) != 1) return std::nullopt;
    return wrap(address);
}

}  // namespace higuma::routing
