// c-ares on the main loop: one channel, its sockets and its timer.
// Answers arrive as a call on the loop; destroying the channel answers the rest with "unavailable".
#pragma once

#include <ares.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/socket_watch.hpp"

namespace higuma::net {

class AresChannel {
  public:
    struct Found {
        std::vector<boost::asio::ip::address> addresses;
        Seconds ttl{};
    };
    using Done = std::function<void(Result<Found>)>;

    // Throws StartupError when `server` is not an address with an optional port.
    AresChannel(boost::asio::any_io_executor executor, const std::string& server);
    ~AresChannel();
    AresChannel(const AresChannel&) = delete;
    AresChannel& operator=(const AresChannel&) = delete;

    // May call `done` before it returns. `family`: "", "ipv4", "ipv6".
    void query(const std::string& name, const std::string& family, Done done);

    // One question of this type (ARES type numbers are those of DNS), the whole answer as it came.
    // May call `done` before it returns.
    struct RawAnswer {
        int status = 0;                    // ARES_SUCCESS or why not
        std::vector<unsigned char> bytes;  // the message; empty where none came
    };
    using RawDone = std::function<void(RawAnswer)>;
    void query_raw(const std::string& name, int type, RawDone done);

  private:
    void on_socket_state(ares_socket_t socket, bool readable, bool writable);
    void process(ares_socket_t readable, ares_socket_t writable);
    void arm_timer();

    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer timer_;
    ares_channel channel_{};
    std::map<ares_socket_t, std::shared_ptr<SocketWatch>> sockets_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace higuma::net
