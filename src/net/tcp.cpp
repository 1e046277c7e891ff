#include "net/tcp.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "net/errors.hpp"
#include "net/wake_up.hpp"

namespace higuma::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kMaxReplyBody = 64 * 1024;
constexpr std::size_t kMaxReplyHead = 16 * 1024;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// Cancels what runs on a socket when the deadline passes; ends with its scope.
class Watchdog {
  public:
    Watchdog(tcp::socket& socket, const Clock& clock, Deadline deadline)
        : state_(std::make_shared<State>(socket)) {
        WakeUp::set_expiry(state_->timer, clock, deadline);
        state_->timer.async_wait([state = state_](error_code error) {
            if (error || !state->socket) return;
            state->expired = true;
            error_code ignored;
            state->socket->cancel(ignored);
        });
    }
    ~Watchdog() {
        state_->socket = nullptr;
        state_->timer.cancel();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    bool expired() const { return state_->expired; }

  private:
    struct State {
        explicit State(tcp::socket& s) : timer(s.get_executor()), socket(&s) {}
        asio::steady_timer timer;
        tcp::socket* socket;
        bool expired = false;
    };
    std::shared_ptr<State> state_;
};

}  // namespace

Task<Result<Millis>> tcp_connect(asio::ip::address address, std::uint16_t port,
                                 std::shared_ptr<const Clock> clock, Deadline deadline) {
    const Instant start = clock->now();
    tcp::socket socket(co_await asio::this_coro::executor);
    const Watchdog watchdog(socket, *clock, deadline);
    auto [error] = co_await socket.async_connect(tcp::endpoint(address, port), kAwait);
    if (watchdog.expired()) co_return timeout_failure(deadline.at - start);
    if (error == asio::error::operation_aborted) co_return cancelled_failure();
    if (error) co_return connection_failure("connect", error, endpoint_text(address, port));
    co_return std::chrono::round<Millis>(clock->now() - start);
}

struct KeptConnection::Impl {
    Impl(asio::any_io_executor e, std::shared_ptr<const Clock> c)
        : executor(e), clock(std::move(c)), socket(e), idle(e) {}

    void close() {
        error_code ignored;
        socket.close(ignored);
        buffer.clear();
        peer = {};
    }

    asio::any_io_executor executor;
    std::shared_ptr<const Clock> clock;
    tcp::socket socket;
    boost::beast::flat_buffer buffer;
    tcp::endpoint peer;
    bool busy = false;        // a get runs
    asio::steady_timer idle;  // cancelled when it ends
};

namespace {

using Connection = KeptConnection;

struct Attempt {
    error_code error;
    std::string step;
    std::optional<Connection::Reply> reply;
    bool keep = false;
};

}  // namespace

// One request and its reply on the open socket.
static Task<Attempt> exchange(tcp::socket& socket, boost::beast::flat_buffer& buffer,
                              std::string host, std::string path) {
    http::request<http::empty_body> request(http::verb::get, path, 11);
    request.set(http::field::host, host);
    request.set(http::field::user_agent, "Higuma");
    request.set(http::field::accept, "application/json");
    auto [write_error, written] = co_await http::async_write(socket, request, kAwait);
    (void)written;
    if (write_error) co_return Attempt{write_error, "write", std::nullopt, false};
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxReplyBody);
    parser.header_limit(kMaxReplyHead);
    auto [read_error, read] = co_await http::async_read(socket, buffer, parser, kAwait);
    (void)read;
    if (read_error) co_return Attempt{read_error, "read", std::nullopt, false};
    Connection::Reply reply{static_cast<int>(parser.get().result_int()),
                            std::move(parser.get().body())};
    co_return Attempt{{}, "", std::move(reply), parser.keep_alive()};
}

KeptConnection::KeptConnection(asio::any_io_executor executor, std::shared_ptr<const Clock> clock)
    : impl_(std::make_shared<Impl>(executor, std::move(clock))) {}

KeptConnection::~KeptConnection() {
    impl_->close();
    impl_->idle.cancel();
}

bool KeptConnection::connected() const { return impl_->socket.is_open(); }
void KeptConnection::close() { impl_->close(); }

namespace {

// Marks the connection as in use; whoever waits for its end is woken.
template <class Impl>
struct InUse {
    explicit InUse(Impl& i) : impl(i) { impl.busy = true; }
    ~InUse() {
        impl.busy = false;
        impl.idle.cancel();
    }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;
    Impl& impl;
};

template <class Impl>
Task<Result<KeptConnection::Reply>> get_once(std::shared_ptr<Impl> impl, tcp::endpoint peer,
                                             std::string host, std::string path,
                                             Deadline deadline) {
    const Instant start = impl->clock->now();
    const Watchdog watchdog(impl->socket, *impl->clock, deadline);
    const auto failed = [&](const std::string& step, const error_code& error) -> Failure {
        impl->close();
        if (watchdog.expired()) return timeout_failure(deadline.at - start);
        if (error == asio::error::operation_aborted) return cancelled_failure();
        if (error == http::error::end_of_stream) {
            return {ErrorKind::unavailable, "socket hang up", ""};
        }
        return connection_failure(
            step, error,
            step == "connect" ? endpoint_text(peer.address(), peer.port()) : std::string());
    };
    if (!impl->socket.is_open()) {
        auto [error] = co_await impl->socket.async_connect(peer, kAwait);
        if (error) co_return failed("connect", error);
        impl->peer = peer;
        error_code ignored;
        impl->socket.set_option(tcp::no_delay(true), ignored);
    }
    Attempt attempt = co_await exchange(impl->socket, impl->buffer, host, path);
    if (!attempt.reply) co_return failed(attempt.step, attempt.error);
    if (!attempt.keep) impl->close();
    co_return std::move(*attempt.reply);
}

template <class Impl>
Task<Result<KeptConnection::Reply>> get_kept(std::shared_ptr<Impl> impl, tcp::endpoint peer,
                                             std::string host, std::string path,
                                             Deadline deadline) {
    if (impl->busy) {
        co_return Failure{ErrorKind::overloaded, "a request is under way on this connection", ""};
    }
    const InUse<Impl> in_use(*impl);
    if (impl->socket.is_open() && impl->peer != peer) impl->close();
    const bool reused = impl->socket.is_open();
    auto reply = co_await get_once(impl, peer, host, path, deadline);
    // A kept connection may have been closed by the other side just before: that says nothing of
    // it.
    const bool gone = !reply && reply.error().kind == ErrorKind::unavailable &&
                      reply.error().message != cancelled_failure().message;
    if (reused && gone) reply = co_await get_once(impl, peer, host, path, deadline);
    co_return reply;
}

template <class Impl>
Task<bool> wait_closed_by_peer(std::shared_ptr<Impl> impl, Deadline deadline) {
    if (!impl->socket.is_open()) co_return false;
    while (impl->socket.is_open()) {
        if (impl->busy) {
            WakeUp::set_expiry(impl->idle, *impl->clock, deadline);
            auto [error] = co_await impl->idle.async_wait(kAwait);
            if (!error) co_return false;      // the deadline
            if (impl->busy) co_return false;  // cancelled from outside
            continue;
        }
        error_code error;
        {
            const Watchdog watchdog(impl->socket, *impl->clock, deadline);
            std::tie(error) = co_await impl->socket.async_wait(tcp::socket::wait_read, kAwait);
            if (watchdog.expired()) co_return false;
        }
        if (impl->busy) continue;  // the bytes are a get's reply
        if (!impl->socket.is_open()) break;
        if (error == asio::error::operation_aborted) co_return false;
        // Readable while idle: the end of the stream, a reset, or bytes that nobody asked for.
        impl->close();
    }
    co_return true;
}

}  // namespace

Task<Result<KeptConnection::Reply>> KeptConnection::get(asio::ip::address address,
                                                        std::uint16_t port, std::string host,
                                                        std::string path, Deadline deadline) {
    return get_kept(impl_, tcp::endpoint(address, port), std::move(host), std::move(path),
                    deadline);
}

Task<bool> KeptConnection::wait_closed(Deadline deadline) {
    return wait_closed_by_peer(impl_, deadline);
}

}  // namespace higuma::net
