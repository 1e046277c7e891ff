// ICMP echo for all ping checks of a node: one socket for each IP family, opened when it is first
// needed. Round trips are measured by the kernel's receive times, so a busy loop does not show.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace higuma::net {

class Pinger {
  public:
    Pinger(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock);
    ~Pinger();  // ends what runs: those calls return unavailable
    Pinger(const Pinger&) = delete;
    Pinger& operator=(const Pinger&) = delete;

    // One request with `size` bytes of payload; returns the round trip. Failures: forbidden (the
    // kernel lets this process send no echo requests; the message says what is missing), timeout,
    // unavailable ("sendto EHOSTUNREACH 10.0.0.1"), too many under way.
    Task<Result<std::chrono::microseconds>> echo(boost::asio::ip::address to, std::size_t size,
                                                 Deadline deadline);

    struct Stats {
        std::size_t in_flight = 0, limit = 0;
        std::uint64_t sent = 0, received = 0;
        std::uint64_t foreign = 0;  // replies to others, or that came too late
    };
    Stats stats() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::net
