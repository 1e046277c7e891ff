// A TCP connection that may turn to TLS, for checks that speak a protocol over it. One deadline
// holds for all that happens on it, and cancelling the coroutine ends it at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "net/resolver.hpp"

namespace boost::asio::ssl {
class context;
}

namespace higuma::net {

struct TlsOptions {
    std::string host;  // the name that the certificate must have, and that the server is told
    bool verify = true;
    bool check_host = true;  // false: any name, but still a trusted issuer
    // PEM; empty: the system's issuers, no certificate of ours.
    std::string ca{}, certificate{}, key{};
};

// The contexts of TLS connections. Those without PEM options share two, so that the system's
// issuers are read once.
class TlsContexts {
  public:
    TlsContexts();
    ~TlsContexts();
    // Failure: invalid_input, for PEM that is none.
    Result<std::shared_ptr<boost::asio::ssl::context>> get(const TlsOptions& options);

  private:
    std::shared_ptr<boost::asio::ssl::context> shared_;
};

class TlsStream {
  public:
    // `clock` and `contexts` outlive the stream.
    TlsStream(boost::asio::any_io_executor executor, const Clock& clock, TlsContexts& contexts,
              Deadline deadline);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    // Resolves and tries each address with an equal share of the time that is left.
    // Failures: invalid_input, not_found, timeout, unavailable; fit for a beat.
    Task<Result<void>> connect(Resolver& resolver, std::string host, std::uint16_t port,
                               std::string family);
    // Failures also: denied, for a certificate that is not trusted, with Node.js's words.
    Task<Result<void>> start_tls(TlsOptions options);
    Task<Result<void>> write(std::string bytes);

    // Reading fails with `unavailable` when the other side closes (then `ended()`), and with
    // `too_large` when what was asked for does not fit into `kMaxBuffer`.
    static constexpr std::size_t kMaxBuffer = 1 << 20;
    Task<Result<std::string>> read_exactly(std::size_t bytes);
    // Without its "\n" or "\r\n".
    Task<Result<std::string>> read_line(std::size_t longest);
    // Through the first `delimiter`.
    Task<Result<std::string>> read_until(std::string delimiter, std::size_t longest);
    Task<Result<void>> skip(std::uint64_t bytes);
    bool ended() const { return ended_; }
    bool encrypted() const { return tls_ != nullptr; }
    std::string local_address() const;
    void close();

  private:
    struct Guard;
    struct Tls;
    Task<Result<void>> connect_to(boost::asio::ip::address address, std::uint16_t port,
                                  Deadline share);
    Task<Result<void>> fill();
    std::size_t buffered() const { return buffer_.size() - taken_; }
    std::string take(std::size_t bytes);
    Task<bool> cancelled() const;
    Failure failure_of(const std::string& step, const boost::system::error_code& error) const;
    Failure tls_failure(const boost::system::error_code& error, bool verify) const;

    const Clock& clock_;
    TlsContexts& contexts_;
    Deadline deadline_;
    Instant start_;
    std::shared_ptr<Guard> guard_;
    std::shared_ptr<boost::asio::ssl::context> context_;  // outlives tls_
    std::unique_ptr<Tls> tls_;
    std::string buffer_;
    std::size_t taken_ = 0;  // how much of the buffer's front was handed out
    bool ended_ = false;
};

}  // namespace higuma::net
