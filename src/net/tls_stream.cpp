#include "net/tls_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "net/errors.hpp"
#include "net/wake_up.hpp"

namespace higuma::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadAtOnce = 16 * 1024;

std::shared_ptr<asio::ssl::context> new_context() {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    // Many servers close without a TLS goodbye; the protocols above know when an answer is whole.
    SSL_CTX_set_options(context->native_handle(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    return context;
}

Failure no_more_room() {
    return {ErrorKind::too_large, "the answer is larger than this check reads", ""};
}

}  // namespace

TlsContexts::TlsContexts() = default;
TlsContexts::~TlsContexts() = default;

Result<std::shared_ptr<asio::ssl::context>> TlsContexts::get(const TlsOptions& options) {
    const bool plain = options.ca.empty() && options.certificate.empty() && options.key.empty();
    error_code error;
    if (plain) {
        if (!shared_) {
            shared_ = new_context();
            shared_->set_default_verify_paths(error);
        }
        return shared_;
    }
    auto context = new_context();
    if (options.ca.empty()) {
        context->set_default_verify_paths(error);
    } else {
        context->add_certificate_authority(asio::buffer(options.ca), error);
        if (error) return invalid("tls_ca", "The CA certificate is not valid PEM");
    }
    if (!options.certificate.empty()) {
        context->use_certificate_chain(asio::buffer(options.certificate), error);
        if (error) return invalid("tls_cert", "The client certificate is not valid PEM");
    }
    if (!options.key.empty()) {
        context->use_private_key(asio::buffer(options.key), asio::ssl::context::pem, error);
        if (error) {
            return invalid("tls_key",
                           "The client key is not valid PEM, or not of this certificate");
        }
    }
    return context;
}

// The socket with the timer that cancels what runs on it. The timer's handler may come after the
// stream is gone, so both share it.
struct TlsStream::Guard : std::enable_shared_from_this<Guard> {
    explicit Guard(asio::any_io_executor executor) : socket(executor), timer(executor) {}

    void arm(const Clock& clock, Deadline deadline) {
        expired = false;
        WakeUp::set_expiry(timer, clock, deadline);
        const auto mine = ++armed;
        timer.async_wait([self = shared_from_this(), mine](error_code error) {
            if (error || mine != self->armed) return;
            self->expired = true;
            error_code ignored;
            self->socket.cancel(ignored);
        });
    }

    tcp::socket socket;
    asio::steady_timer timer;
    std::uint64_t armed = 0;
    bool expired = false;
};

struct TlsStream::Tls {
    Tls(tcp::socket& socket, asio::ssl::context& context) : stream(socket, context) {}
    asio::ssl::stream<tcp::socket&> stream;
};

TlsStream::TlsStream(asio::any_io_executor executor, const Clock& clock, TlsContexts& contexts,
                     Deadline deadline)
    : clock_(clock),
      contexts_(contexts),
      deadline_(deadline),
      start_(clock.now()),
      guard_(std::make_shared<Guard>(executor)) {}

TlsStream::~TlsStream() {
    tls_.reset();
    close();
}

void TlsStream::close() {
    ++guard_->armed;
    guard_->timer.cancel();
    error_code ignored;
    guard_->socket.close(ignored);
}

std::string TlsStream::local_address() const {
    error_code error;
    const auto endpoint = guard_->socket.local_endpoint(error);
    return error ? std::string() : endpoint.address().to_string();
}

Task<bool> TlsStream::cancelled() const {
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

Failure TlsStream::failure_of(const std::string& step, const error_code& error) const {
    if (guard_->expired) return timeout_failure(deadline_.at - start_);
    if (error == asio::error::operation_aborted) return cancelled_failure();
    return connection_failure(step, error, "");
}

Task<Result<void>> TlsStream::connect(Resolver& resolver, std::string host, std::uint16_t port,
                                      std::string family) {
    const auto answer = co_await resolver.resolve(std::move(host), std::move(family), deadline_);
    if (!answer) {
        if (deadline_.passed(clock_.now())) co_return timeout_failure(deadline_.at - start_);
        co_return answer.error();
    }
    Failure last = cancelled_failure();
    std::size_t left = answer->addresses.size();
    for (const auto& address : answer->addresses) {
        if (co_await cancelled()) co_return cancelled_failure();
        const Instant now = clock_.now();
        const Deadline share{left == 1 || deadline_.at == Instant::max()
                                 ? deadline_.at
                                 : now + deadline_.remaining(now) / static_cast<int>(left)};
        --left;
        auto connected = co_await connect_to(address, port, share);
        if (connected) {
            guard_->arm(clock_, deadline_);
            co_return connected;
        }
        last = connected.error();
    }
    co_return last;
}

Task<Result<void>> TlsStream::connect_to(asio::ip::address address, std::uint16_t port,
                                         Deadline share) {
    error_code ignored;
    guard_->socket.close(ignored);
    guard_->arm(clock_, share);
    auto [error] = co_await guard_->socket.async_connect(tcp::endpoint(address, port), kAwait);
    if (guard_->expired) co_return timeout_failure(deadline_.at - start_);
    if (error == asio::error::operation_aborted) co_return cancelled_failure();
    if (error) co_return connection_failure("connect", error, endpoint_text(address, port));
    guard_->socket.set_option(tcp::no_delay(true), ignored);
    co_return Result<void>();
}

Failure TlsStream::tls_failure(const error_code& error, bool verify) const {
    if (guard_->expired || error == asio::error::operation_aborted) return failure_of("", error);
    if (verify) {
        const long reason = SSL_get_verify_result(tls_->stream.native_handle());
        if (reason == X509_V_ERR_HOSTNAME_MISMATCH || reason == X509_V_ERR_IP_ADDRESS_MISMATCH) {
            return {ErrorKind::denied, "Hostname/IP does not match certificate's altnames", ""};
        }
        if (reason != X509_V_OK) {
            return {ErrorKind::denied, X509_verify_cert_error_string(reason), ""};
        }
    }
    if (error.category() == asio::error::get_ssl_category()) {
        const char* reason = ERR_reason_error_string(static_cast<unsigned long>(error.value()));
        return {ErrorKind::unavailable,
                std::string("TLS handshake failed: ") + (reason ? reason : "protocol error"), ""};
    }
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
        return {ErrorKind::unavailable,
                "Client network socket disconnected before secure TLS connection was established",
                ""};
    }
    return connection_failure("read", error, "");
}

Task<Result<void>> TlsStream::start_tls(TlsOptions options) {
    if (co_await cancelled()) co_return cancelled_failure();
    if (guard_->expired) co_return timeout_failure(deadline_.at - start_);
    // What came in clear before the handshake could be a stranger's words (command injection).
    if (buffered() > 0) {
        co_return Failure{ErrorKind::unavailable, "data before the TLS handshake", ""};
    }
    auto context = contexts_.get(options);
    if (!context) co_return context.error();
    context_ = *context;
    tls_ = std::make_unique<Tls>(guard_->socket, *context_);
    SSL* const ssl = tls_->stream.native_handle();
    error_code not_address;
    (void)asio::ip::make_address(options.host, not_address);
    if (not_address) SSL_set_tlsext_host_name(ssl, options.host.c_str());
    SSL_set_verify(ssl, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (options.verify && options.check_host) {
        if (not_address) {
            SSL_set1_host(ssl, options.host.c_str());
        } else {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), options.host.c_str());
        }
    }
    auto [error] = co_await tls_->stream.async_handshake(asio::ssl::stream_base::client, kAwait);
    if (error || guard_->expired) {
        const Failure failure = tls_failure(error, options.verify);
        tls_.reset();
        co_return failure;
    }
    co_return Result<void>();
}

Task<Result<void>> TlsStream::write(std::string bytes) {
    if (co_await cancelled()) co_return cancelled_failure();
    if (guard_->expired) co_return timeout_failure(deadline_.at - start_);
    error_code error;
    if (tls_) {
        auto [tls_error, sent] =
            co_await asio::async_write(tls_->stream, asio::buffer(bytes), kAwait);
        (void)sent;
        error = tls_error;
    } else {
        auto [tcp_error, sent] =
            co_await asio::async_write(guard_->socket, asio::buffer(bytes), kAwait);
        (void)sent;
        error = tcp_error;
    }
    if (error) co_return failure_of("write", error);
    co_return Result<void>();
}

Task<Result<void>> TlsStream::fill() {
    if (co_await cancelled()) co_return cancelled_failure();
    if (guard_->expired) co_return timeout_failure(deadline_.at - start_);
    buffer_.erase(0, std::exchange(taken_, 0));
    const std::size_t before = buffer_.size();
    if (before >= kMaxBuffer) co_return no_more_room();
    buffer_.resize(before + kReadAtOnce);
    const auto room = asio::buffer(buffer_.data() + before, kReadAtOnce);
    error_code error;
    std::size_t got = 0;
    if (tls_) {
        auto [tls_error, bytes] = co_await tls_->stream.async_read_some(room, kAwait);
        error = tls_error;
        got = bytes;
    } else {
        auto [tcp_error, bytes] = co_await guard_->socket.async_read_some(room, kAwait);
        error = tcp_error;
        got = bytes;
    }
    buffer_.resize(before + got);
    if (guard_->expired) co_return timeout_failure(deadline_.at - start_);
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
        ended_ = true;
        co_return Failure{ErrorKind::unavailable, "the server closed the connection", ""};
    }
    if (error) co_return failure_of("read", error);
    co_return Result<void>();
}

std::string TlsStream::take(std::size_t bytes) {
    std::string taken = buffer_.substr(taken_, bytes);
    taken_ += bytes;
    return taken;
}

Task<Result<std::string>> TlsStream::read_exactly(std::size_t bytes) {
    if (bytes > kMaxBuffer) co_return no_more_room();
    while (buffered() < bytes) {
        auto filled = co_await fill();
        if (!filled) co_return filled.error();
    }
    co_return take(bytes);
}

Task<Result<std::string>> TlsStream::read_until(std::string delimiter, std::size_t longest) {
    std::size_t from = 0;  // behind what was read but not taken
    for (;;) {
        const std::size_t found = buffer_.find(delimiter, taken_ + from);
        const bool ends = found != std::string::npos;
        if (ends && found + delimiter.size() - taken_ <= longest) {
            co_return take(found + delimiter.size() - taken_);
        }
        if (ends || buffered() >= longest) co_return no_more_room();
        from = buffered() < delimiter.size() ? 0 : buffered() - delimiter.size() + 1;
        auto filled = co_await fill();
        if (!filled) co_return filled.error();
    }
}

Task<Result<std::string>> TlsStream::read_line(std::size_t longest) {
    auto line = co_await read_until("\n", longest);
    if (!line) co_return line;
    line->pop_back();
    if (line->ends_with('\r')) line->pop_back();
    co_return line;
}

Task<Result<void>> TlsStream::skip(std::uint64_t bytes) {
    for (;;) {
        const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, buffered()));
        taken_ += now;
        bytes -= now;
        if (bytes == 0) co_return Result<void>();
        auto filled = co_await fill();
        if (!filled) co_return filled;
    }
}

}  // namespace higuma::net
