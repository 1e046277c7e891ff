// Names to addresses by c-ares on the main loop, following TTLs; when DNS fails the last good
// addresses are kept and the failure is counted.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace higuma::net {

class Resolver {
  public:
    // `server`: "127.0.0.11" or "127.0.0.1:5353"; empty: the system's (/etc/resolv.conf,
    // /etc/hosts).
    Resolver(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
             std::string server);
    ~Resolver();

    struct Answer {
        std::vector<boost::asio::ip::address> addresses;
        bool stale = false;  // DNS failed and these are the last good ones
    };
    // A literal address answers itself. `family`: "", "ipv4", "ipv6".
    // Failures: invalid_input (empty name), not_found, timeout, unavailable.
    Task<Result<Answer>> resolve(std::string name, std::string family, Deadline deadline);

    struct Stats {
        std::uint64_t queries = 0, failures = 0, served_stale = 0;
        std::size_t cached = 0, limit = 0;
    };
    Stats stats() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// "host:port", "[::1]:3001" -> host and port. Failure: invalid_input naming `field`.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};
Result<HostPort> parse_host_port(std::string_view text, const std::string& field);

}  // namespace higuma::net
