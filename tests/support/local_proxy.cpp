#include "support/local_proxy.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/detail/base64.hpp>
#include <mutex>
#include <thread>

namespace higuma::test {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
using Socket = std::shared_ptr<tcp::socket>;

std::string base64(const std::string& text) {
    namespace b64 = boost::beast::detail::base64;
    std::string out(b64::encoded_size(text.size()), '\0');
    out.resize(b64::encode(out.data(), text.data(), text.size()));
    return out;
}

// Outside of coroutines: GCC 12 cannot keep such lists in their frames.
std::string socks5_reply(char result) { return {5, result, 0, 1, 127, 0, 0, 1, 0, 0}; }
std::string socks4_reply(bool good) {
    return {0, static_cast<char>(good ? 90 : 91), 0, 0, 0, 0, 0, 0};
}
std::string password_reply(bool good) { return {1, static_cast<char>(good ? 0 : 1)}; }

asio::awaitable<bool> send(Socket to, std::string bytes) {
    auto [error, sent] = co_await asio::async_write(*to, asio::buffer(bytes), kAwait);
    (void)sent;
    co_return !error;
}

asio::awaitable<std::string> take(Socket from, std::size_t count) {
    std::string bytes(count, '\0');
    auto [error, got] = co_await asio::async_read(*from, asio::buffer(bytes), kAwait);
    (void)got;
    co_return error ? std::string() : bytes;
}

asio::awaitable<void> pump(Socket from, Socket to) {
    std::array<char, 16 << 10> bytes;
    for (;;) {
        auto [error, got] = co_await from->async_read_some(asio::buffer(bytes), kAwait);
        if (error) break;
        const std::string piece(bytes.data(), got);
        if (!co_await send(to, piece)) break;
    }
    boost::system::error_code ignored;
    to->shutdown(tcp::socket::shutdown_both, ignored);
    from->shutdown(tcp::socket::shutdown_both, ignored);
}

}  // namespace

struct LocalProxy::Impl {
    Impl(std::string u, std::string p)
        : user(std::move(u)),
          password(std::move(p)),
          acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        asio::co_spawn(loop, accept(), asio::detached);
        thread = std::thread([this] { loop.run(); });
    }
    ~Impl() {
        loop.stop();
        thread.join();
    }

    asio::awaitable<void> accept() {
        for (;;) {
            auto [error, socket] = co_await acceptor.async_accept(kAwait);
            if (error) co_return;
            asio::co_spawn(loop, serve(std::make_shared<tcp::socket>(std::move(socket))),
                           asio::detached);
        }
    }

    asio::awaitable<void> serve(Socket client) {
        char first = 0;
        auto [error, got] = co_await client->async_receive(asio::buffer(&first, 1),
                                                           tcp::socket::message_peek, kAwait);
        (void)got;
        if (error) co_return;
        if (first == 5) {
            co_await socks5(client);
        } else if (first == 4) {
            co_await socks4(client);
        } else {
            co_await http(client);
        }
    }

    void note(const std::string& kind, const std::string& host, const std::string& service) {
        const std::lock_guard lock(mutex);
        asked.push_back(fmt::format("{} {}:{}", kind, host, service));
    }

    // None when it cannot be reached.
    asio::awaitable<Socket> open(std::string host, std::string service) {
        tcp::resolver resolver(loop);
        auto [failed, found] = co_await resolver.async_resolve(host, service, kAwait);
        if (failed) co_return nullptr;
        auto server = std::make_shared<tcp::socket>(loop);
        auto [error, endpoint] = co_await asio::async_connect(*server, found, kAwait);
        (void)endpoint;
        co_return error ? nullptr : server;
    }

    asio::awaitable<void> join(Socket client, Socket server) {
        asio::co_spawn(loop, pump(server, client), asio::detached);
        co_await pump(client, server);
    }

    asio::awaitable<void> http(Socket client) {
        std::string head;
        auto [error, size] = co_await asio::async_read_until(*client, asio::dynamic_buffer(head),
                                                             "\r\n\r\n", kAwait);
        (void)size;
        if (error) co_return;
        const std::string proof = "Proxy-Authorization: Basic " + base64(user + ":" + password);
        if (!user.empty() && head.find(proof) == std::string::npos) {
            const std::string refusal =
                "HTTP/1.1 407 Proxy Authentication Required\r\n"
                "Proxy-Authenticate: Basic realm=\"x\"\r\n"
                "Content-Length: 0\r\nConnection: close\r\n\r\n";
            co_await send(client, refusal);
            co_return;
        }
        const std::size_t space = head.find(' ');
        const bool tunnel = head.substr(0, space) == "CONNECT";
        std::size_t start = space + 1;
        if (!tunnel) start += std::string("http://").size();
        const std::size_t end = head.find_first_of(" /", start);
        const std::string authority = head.substr(start, end - start);
        const std::size_t colon = authority.rfind(':');
        const std::string host = authority.substr(0, colon);
        const std::string service = authority.substr(colon + 1);
        note(tunnel ? "connect" : "http", host, service);
        const Socket server = co_await open(host, service);
        if (!server) {
            const std::string refusal = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
            co_await send(client, refusal);
            co_return;
        }
        const std::string first = tunnel ? "HTTP/1.1 200 Connection established\r\n\r\n"
                                         : head.substr(0, space + 1) + head.substr(end);
        const bool ready = co_await send(tunnel ? client : server, first);
        if (ready) co_await join(client, server);
    }

    asio::awaitable<void> socks5(Socket client) {
        const std::string hello = co_await take(client, 2);
        if (hello.empty()) co_return;
        co_await take(client, static_cast<unsigned char>(hello[1]));
        const std::string choice = user.empty() ? std::string("\5\0", 2) : std::string("\5\2");
        if (!co_await send(client, choice)) co_return;
        if (!user.empty() && !co_await shown_password(client)) co_return;
        const std::string request = co_await take(client, 4);
        if (request.empty()) co_return;
        std::string host;
        if (request[3] == 1) {
            const std::string address = co_await take(client, 4);
            host = v4(address);
        } else {
            const std::string length = co_await take(client, 1);
            host = co_await take(client, static_cast<unsigned char>(length[0]));
        }
        const std::string port = co_await take(client, 2);
        const std::string service = port_text(port);
        note("socks5", host, service);
        const Socket server = co_await open(host, service);
        const char result = server ? 0 : 5;
        const std::string reply = socks5_reply(result);
        if (co_await send(client, reply) && server) co_await join(client, server);
    }

    asio::awaitable<bool> shown_password(Socket client) {
        const std::string start = co_await take(client, 2);
        const std::string name = co_await take(client, static_cast<unsigned char>(start[1]));
        const std::string length = co_await take(client, 1);
        const std::string secret = co_await take(client, static_cast<unsigned char>(length[0]));
        const bool good = name == user && secret == password;
        const std::string verdict = password_reply(good);
        const bool sent = co_await send(client, verdict);
        co_return sent&& good;
    }

    asio::awaitable<void> socks4(Socket client) {
        const std::string request = co_await take(client, 8);
        if (request.empty()) co_return;
        for (std::string name = "?"; !name.empty() && name[0] != '\0';) {
            name = co_await take(client, 1);
        }
        const std::string host = v4(request.substr(4));
        const std::string service = port_text(request.substr(2, 2));
        note("socks4", host, service);
        const Socket server = co_await open(host, service);
        const std::string reply = socks4_reply(server != nullptr);
        if (co_await send(client, reply) && server) co_await join(client, server);
    }

    static std::string v4(const std::string& bytes) {
        const auto at = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
        return fmt::format("{}.{}.{}.{}", at(0), at(1), at(2), at(3));
    }
    static std::string port_text(const std::string& bytes) {
        return std::to_string(static_cast<unsigned char>(bytes[0]) << 8 |
                              static_cast<unsigned char>(bytes[1]));
    }

    std::string user, password;
    asio::io_context loop;
    tcp::acceptor acceptor;
    std::mutex mutex;
    std::vector<std::string> asked;
    std::thread thread;
};

LocalProxy::LocalProxy(std::string user, std::string password)
    : impl_(std::make_unique<Impl>(std::move(user), std::move(password))) {}
LocalProxy::~LocalProxy() = default;
std::uint16_t LocalProxy::port() const { return impl_->acceptor.local_endpoint().port(); }
std::vector<std::string> LocalProxy::asked() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->asked;
}

}  // namespace higuma::test
