#include "support/local_servers.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

namespace higuma::test {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
const tcp::endpoint kAnyLoopbackPort(asio::ip::address_v4::loopback(), 0);

using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

ServedRequest to_served(const http::request<http::string_body>& request) {
    ServedRequest served{
        std::string(request.method_string()), std::string(request.target()), request.body(), {}};
    for (const auto& field : request) {
        served.headers.emplace_back(field.name_string(), field.value());
    }
    return served;
}

}  // namespace

Certificate make_certificate(const std::filesystem::path& folder, const std::string& host,
                             int valid_days) {
    const Certificate made{(folder / "cert.pem").string(), (folder / "key.pem").string(), {}};
    // "req -days" takes no negative number, so the request is signed by "x509" in a second step.
    const std::string command = fmt::format(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
        "-keyout '{1}' -subj '/CN={2}' -out '{0}.csr' 2>/dev/null && "
        "printf 'subjectAltName=DNS:{2}' > '{0}.ext' && "
        "openssl x509 -req -in '{0}.csr' -signkey '{1}' -days {3} -extfile '{0}.ext' "
        "-out '{0}' 2>/dev/null",
        made.certificate_file, made.key_file, host, valid_days);
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl failed");
    return made;
}

std::string ServedRequest::header(const std::string& name) const {
    for (const auto& [key, value] : headers) {
        if (strcasecmp(key.c_str(), name.c_str()) == 0) return value;
    }
    return {};
}

struct LocalHttpServer::Impl {
    Impl(Handler h, const Certificate* certificate)
        : handler(std::move(h)), acceptor(loop, kAnyLoopbackPort) {
        if (certificate) {
            tls.emplace(asio::ssl::context::tls_server);
            tls->use_certificate_chain_file(certificate->certificate_file);
            tls->use_private_key_file(certificate->key_file, asio::ssl::context::pem);
            if (!certificate->client_ca_file.empty()) {
                tls->load_verify_file(certificate->client_ca_file);
                tls->set_verify_mode(asio::ssl::verify_peer |
                                     asio::ssl::verify_fail_if_no_peer_cert);
            }
        }
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
            ++connections;
            asio::co_spawn(loop,
                           tls ? serve_tls(std::move(socket)) : serve_plain(std::move(socket)),
                           asio::detached);
        }
    }

    asio::awaitable<void> serve_plain(tcp::socket socket) {
        open.insert(&socket);
        co_await serve(socket, socket);
        open.erase(&socket);
    }

    asio::awaitable<void> serve_tls(tcp::socket socket) {
        TlsStream stream(std::move(socket), *tls);
        open.insert(&stream.next_layer());
        auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAwait);
        if (!error) co_await serve(stream, stream.next_layer());
        open.erase(&stream.next_layer());
    }

    template <class Stream>
    asio::awaitable<void> serve(Stream& stream, tcp::socket& socket) {
        boost::beast::flat_buffer buffer;
        for (;;) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(64 << 20);
            auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kAwait);
            (void)read;
            if (read_error) co_return;
            ++requests;
            const ServedReply reply = handler(to_served(parser.get()));
            if (reply.drop) co_return;
            if (reply.hang) {
                asio::steady_timer never(loop, asio::steady_timer::time_point::max());
                co_await never.async_wait(kAwait);
            }
            const bool keep = parser.get().keep_alive() && !reply.close_after;
            if (!co_await answer(stream, parser.get().method() == http::verb::head, reply, keep)) {
                boost::system::error_code ignored;
                socket.shutdown(tcp::socket::shutdown_both, ignored);
                co_return;
            }
        }
    }

    // Returns whether the connection stays open.
    template <class Stream>
    asio::awaitable<bool> answer(Stream& stream, bool head, const ServedReply& reply, bool keep) {
        if (!reply.raw.empty()) {
            co_await asio::async_write(stream, asio::buffer(reply.raw), kAwait);
            if (reply.keep) {
                asio::steady_timer never(loop, asio::steady_timer::time_point::max());
                co_await never.async_wait(kAwait);
            }
            co_return false;
        }
        http::response<http::string_body> response;
        response.result(static_cast<unsigned>(reply.status));
        for (const auto& [name, value] : reply.headers) response.set(name, value);
        response.body() = reply.body;
        response.keep_alive(keep);
        response.prepare_payload();
        http::response_serializer<http::string_body> serializer(response);
        if (head) {
            auto [error, bytes] = co_await http::async_write_header(stream, serializer, kAwait);
            (void)bytes;
            co_return !error && keep;
        }
        auto [error, bytes] = co_await http::async_write(stream, serializer, kAwait);
        (void)bytes;
        co_return !error && keep;
    }

    Handler handler;
    asio::io_context loop;
    tcp::acceptor acceptor;
    std::optional<asio::ssl::context> tls;
    std::set<tcp::socket*> open;  // used on the server's thread alone
    std::atomic<int> connections{0}, requests{0};
    std::thread thread;
};

LocalHttpServer::LocalHttpServer(Handler handler, const Certificate* tls)
    : impl_(std::make_unique<Impl>(std::move(handler), tls)) {}
LocalHttpServer::~LocalHttpServer() = default;

std::uint16_t LocalHttpServer::port() const { return impl_->acceptor.local_endpoint().port(); }
std::string LocalHttpServer::url(const std::string& path) const {
    return fmt::format("{}://127.0.0.1:{}{}", impl_->tls ? "https" : "http", port(), path);
}
int LocalHttpServer::connections() const { return impl_->connections; }
int LocalHttpServer::requests() const { return impl_->requests; }

void LocalHttpServer::close_connections() {
    asio::post(impl_->loop, [impl = impl_.get()] {
        for (tcp::socket* socket : impl->open) {
            boost::system::error_code ignored;
            socket->shutdown(tcp::socket::shutdown_both, ignored);
        }
    });
}

struct LocalTcpServer::Impl {
    Impl() : acceptor(loop, kAnyLoopbackPort) {
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
            ++connections;
            held.push_back(std::move(socket));
        }
    }
    asio::io_context loop;
    tcp::acceptor acceptor;
    std::vector<tcp::socket> held;
    std::atomic<int> connections{0};
    std::thread thread;
};

LocalTcpServer::LocalTcpServer() : impl_(std::make_unique<Impl>()) {}
LocalTcpServer::~LocalTcpServer() = default;
std::uint16_t LocalTcpServer::port() const { return impl_->acceptor.local_endpoint().port(); }
int LocalTcpServer::connections() const { return impl_->connections; }

FullTcpPort::FullTcpPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockets_.push_back(listener);
    if (::bind(listener, generic, size) != 0 || ::listen(listener, 0) != 0 ||
        ::getsockname(listener, generic, &size) != 0) {
        throw std::runtime_error("no listening port");
    }
    port_ = ntohs(address.sin_port);
    constexpr int kMoreThanFit = 16;
    for (int i = 0; i < kMoreThanFit; ++i) {
        const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockets_.push_back(client);
        (void)::connect(client, generic, size);
    }
}

FullTcpPort::~FullTcpPort() {
    for (const int socket : sockets_) ::close(socket);
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace higuma::test
