// A TCP server whose words a test scripts, for what no real server does: silence, endless answers,
// wrong bytes, resets. Each connection runs the script on a thread of its own.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/local_servers.hpp"

namespace higuma::test {

class ScriptedServer {
  public:
    // One connection, in blocking calls. When the other side is gone, reading gives nothing more
    // and writing does nothing.
    class Peer {
      public:
        std::string read_line();  // with its end
        std::string read(std::size_t bytes);
        std::string read_until(const std::string& delimiter);
        bool write(const std::string& bytes);  // false: the other side is gone
        void start_tls();
        void hang();   // until the other side closes or the server ends
        void reset();  // ends the connection with RST

      private:
        friend class ScriptedServer;
        Peer(boost::asio::ip::tcp::socket& socket, const Certificate* certificate)
            : socket_(socket), certificate_(certificate) {}
        bool fill();

        boost::asio::ip::tcp::socket& socket_;
        const Certificate* certificate_;
        std::unique_ptr<boost::asio::ssl::context> context_;
        std::unique_ptr<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
        std::string buffer_;
    };
    using Script = std::function<void(Peer&)>;

    // `certificate`: what start_tls shows; outlives the server.
    explicit ScriptedServer(Script script, const Certificate* certificate = nullptr);
    ~ScriptedServer();

    std::uint16_t port() const { return port_; }
    int connections() const { return connections_; }

  private:
    void serve();

    Script script_;
    const Certificate* certificate_;
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::atomic<bool> ending_{false};
    std::mutex mutex_;
    std::vector<std::shared_ptr<boost::asio::ip::tcp::socket>> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_thread_;
};

}  // namespace higuma::test
