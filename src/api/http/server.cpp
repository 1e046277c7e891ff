#include "api/http/server.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "api/http/session.hpp"
#include "base/log.hpp"

namespace higuma::api {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;
using Tcp = asio::ip::tcp;

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kRefusingLimit = 64;
constexpr Millis kAcceptPause{100};  // after EMFILE and the like: do not spin
constexpr Millis kDrainPoll{5};

Tcp::endpoint parse_endpoint(const std::string& address) {
    const auto colon = address.rfind(':');
    std::string host = address.substr(0, colon == std::string::npos ? 0 : colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    if (host == "localhost") host = "127.0.0.1";
    const std::string port_text = colon == std::string::npos ? "" : address.substr(colon + 1);
    std::uint16_t port = 0;
    const auto* end = port_text.data() + port_text.size();
    const auto [rest, problem] = std::from_chars(port_text.data(), end, port);
    error_code error;
    const auto ip = asio::ip::make_address(host, error);
    if (error || problem != std::errc() || rest != end) {
        throw StartupError("cannot listen on \"" + address +
                           "\": expected an IP address and a port, or unix:/path");
    }
    return {ip, port};
}

// A socket file that nobody listens on is left over from a killed process and goes away.
void remove_stale_socket(const asio::any_io_executor& executor, const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return;
    if (!S_ISSOCK(info.st_mode)) {
        throw StartupError("cannot listen on unix:" + path + ": the path is not a socket");
    }
    Local::socket probe(executor);
    error_code error;
    probe.connect(Local::endpoint(path), error);
    if (!error) throw StartupError("cannot listen on unix:" + path + ": another process does");
    ::unlink(path.c_str());
}

std::string peer_of(const Tcp::socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return "unknown";
    const auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}
std::string peer_of(const Local::socket&) { return "unix"; }

void tune(Tcp::socket& socket) {
    error_code ignored;
    socket.set_option(Tcp::no_delay(true), ignored);
}
void tune(Local::socket&) {}

}  // namespace

struct HttpServer::Impl {
    Impl(asio::any_io_executor executor_, std::shared_ptr<ServerState> state_)
        : executor(std::move(executor_)), state(std::move(state_)) {}

    asio::any_io_executor executor;
    std::shared_ptr<ServerState> state;
    std::vector<std::shared_ptr<Tcp::acceptor>> tcp;
    std::vector<std::shared_ptr<Local::acceptor>> local;
    struct SocketFile {
        std::string path;
        ino_t inode;
    };
    std::vector<SocketFile> files;

    void close_acceptors() {
        error_code ignored;
        for (const auto& acceptor : tcp) acceptor->close(ignored);
        for (const auto& acceptor : local) acceptor->close(ignored);
        for (const auto& file : files) {
            struct stat info {};
            const bool ours = ::lstat(file.path.c_str(), &info) == 0 && info.st_ino == file.inode;
            if (ours) ::unlink(file.path.c_str());
        }
        files.clear();
    }
    void close_connections() {
        for (auto* connection : state->open) connection->close();
    }
};

namespace {

template <class Socket>
void take_connection(const std::shared_ptr<ServerState>& state, Socket socket, bool trusted) {
    const auto executor = socket.get_executor();
    if (state->open.size() >= state->limits.connections) {
        ++state->stats.refused;
        if (state->refusing >= kRefusingLimit) return;
        asio::co_spawn(executor, refuse_connection(state, AnySocket(std::move(socket))),
                       asio::detached);
        return;
    }
    tune(socket);
    auto peer = peer_of(socket);
    asio::co_spawn(executor,
                   serve_connection(state, AnySocket(std::move(socket)), std::move(peer), trusted),
                   asio::detached);
}

template <class Acceptor>
Task<> accept_loop(std::shared_ptr<ServerState> state, std::shared_ptr<Acceptor> acceptor,
                   bool trusted) {
    asio::steady_timer pause(acceptor->get_executor());
    while (acceptor->is_open()) {
        error_code error;
        auto socket =
            co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            take_connection(state, std::move(socket), trusted);
        } else if (error == asio::error::operation_aborted || !acceptor->is_open()) {
            break;
        } else if (error != asio::error::connection_aborted) {
            ++state->stats.accept_errors;
            spdlog::error("accepting a connection failed: {}", error.message());
            pause.expires_after(kAcceptPause);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        }
    }
}

template <class Acceptor, class Endpoint>
std::shared_ptr<Acceptor> open_acceptor(const asio::any_io_executor& executor, Endpoint endpoint,
                                        const std::string& address) {
    try {
        auto acceptor = std::make_shared<Acceptor>(executor);
        acceptor->open(endpoint.protocol());
        ::fcntl(acceptor->native_handle(), F_SETFD, FD_CLOEXEC);
        acceptor->set_option(asio::socket_base::reuse_address(true));
        acceptor->bind(endpoint);
        acceptor->listen();
        return acceptor;
    } catch (const boost::system::system_error& error) {
        throw StartupError("cannot listen on " + address + ": " + error.code().message());
    }
}

}  // namespace

HttpServer::HttpServer(asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                       ServerLimits limits, std::vector<Endpoint> endpoints)
    : impl_(std::make_shared<Impl>(
          std::move(executor),
          std::make_shared<ServerState>(ServerState{.clock = std::move(clock),
                                                    .limits = limits,
                                                    .router = Router(std::move(endpoints))}))) {
    impl_->state->stats.limit = limits.connections;
}

HttpServer::~HttpServer() {
    impl_->state->draining = true;
    impl_->close_acceptors();
    impl_->close_connections();
}

std::string HttpServer::listen(const std::string& address) {
    if (address.starts_with(kUnixPrefix)) {
        const auto path = address.substr(kUnixPrefix.size());
        if (path.empty() || path.size() > 107) {
            throw StartupError("cannot listen on \"" + address + "\": the path has " +
                               std::to_string(path.size()) + " characters, 1 to 107 are possible");
        }
        remove_stale_socket(impl_->executor, path);
        auto acceptor =
            open_acceptor<Local::acceptor>(impl_->executor, Local::endpoint(path), address);
        struct stat info {};
        ::lstat(path.c_str(), &info);
        impl_->files.push_back({path, info.st_ino});
        impl_->local.push_back(acceptor);
        asio::co_spawn(impl_->executor, accept_loop(impl_->state, acceptor, true), asio::detached);
        return address;
    }
    auto acceptor = open_acceptor<Tcp::acceptor>(impl_->executor, parse_endpoint(address), address);
    const auto bound = acceptor->local_endpoint();
    impl_->tcp.push_back(acceptor);
    asio::co_spawn(impl_->executor, accept_loop(impl_->state, acceptor, false), asio::detached);
    const auto host = bound.address().to_string();
    return (bound.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(bound.port());
}

Task<> HttpServer::drain(Deadline deadline) {
    const auto impl = impl_;
    impl->state->draining = true;
    impl->close_acceptors();
    asio::steady_timer pause(impl->executor);
    const auto& state = *impl->state;
    while ((!state.open.empty() || state.handlers_running > 0) &&
           !deadline.passed(state.clock->now())) {
        for (auto* connection : state.open) connection->close_if_idle();
        pause.expires_after(kDrainPoll);
        error_code error;
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    impl->close_connections();
}

ServerStats HttpServer::stats() const { return impl_->state->stats; }

}  // namespace higuma::api
