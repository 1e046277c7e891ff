// TCP connections with deadlines: for port checks and for the liveness watch.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace higuma::net {

// Connects and closes again; returns how long it took. Failures: timeout, unavailable.
Task<Result<Millis>> tcp_connect(boost::asio::ip::address address, std::uint16_t port,
                                 std::shared_ptr<const Clock> clock, Deadline deadline);

// A kept-alive HTTP/1.1 connection for repeated small GETs, which also tells at once when the other
// side closes it.
class KeptConnection {
  public:
    KeptConnection(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock);
    ~KeptConnection();

    // Failures: timeout, unavailable. Connects when not connected.
    struct Reply {
        int status = 0;
        std::string body;  // at most 64 KiB
    };
    Task<Result<Reply>> get(boost::asio::ip::address address, std::uint16_t port, std::string host,
                            std::string path, Deadline deadline);
    // Returns true when the connection closed, false at the deadline. At once false if not
    // connected.
    Task<bool> wait_closed(Deadline deadline);
    bool connected() const;
    void close();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::net
