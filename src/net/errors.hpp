// Texts of network failures in the words that users of Uptime Kuma know from its beats.
// They follow Node.js: "connect ECONNREFUSED 127.0.0.1:1".
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace higuma::net {

// "ECONNREFUSED" for ECONNREFUSED; the number for an unknown one.
std::string errno_name(int error);
// "127.0.0.1:80", "::1:80", as Node.js writes it.
std::string endpoint_text(const boost::asio::ip::address& address, std::uint16_t port);
// What `errno_name` and a step such as "connect" or "read" make: "read ECONNRESET".
Failure connection_failure(const std::string& step, const boost::system::error_code& error,
                           const std::string& endpoint);
Failure timeout_failure(Duration span);
Failure cancelled_failure();

}  // namespace higuma::net
