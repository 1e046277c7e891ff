// A node's resolved address as the operating system takes it. No names: resolving is the
// controller's.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string_view>

namespace higuma::routing {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

// "192.0.2.1:3001", "[2001:db8::1]:3001" or "unix:/path".
std::optional<SocketAddress> parse_socket_address(std::string_view text);

}  // namespace higuma::routing
