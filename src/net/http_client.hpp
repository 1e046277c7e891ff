// HTTP(S) requests by libcurl's multi interface on the main loop: redirects, TLS, compressed
// bodies. Bounded: at most `max_in_flight` requests at once, the rest wait in order; bodies are cut
// at a limit.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace higuma::net {

class TlsPeer;

// A proxy as libcurl names it: "http", "https", "socks4", "socks5", "socks5h" as the URL's scheme.
struct HttpProxy {
    std::string url;
    std::string user, password;  // none when `user` is empty
};

// PEM texts; each may be empty. `ca` takes the place of the system's trust store.
struct TlsCredentials {
    std::string certificate, key, ca;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    int max_redirects = 10;
    bool verify_tls = true;
    std::string basic_user, basic_password;  // used when basic_user is not empty
    bool ntlm = false;                       // the two above, in place of basic
    std::string ntlm_domain;                 // of basic_user; may be empty
    std::string bearer_token;
    std::optional<HttpProxy> proxy;
    std::shared_ptr<const TlsCredentials> tls;  // may be none
    std::string ip_family;                      // "", "ipv4", "ipv6"
    std::string unix_socket;                    // connect here instead of to the URL's host
    std::size_t max_body = 1 << 20;             // the rest is read and dropped
    // A body that is longer, unpacked, is a failure: nothing hostile is read without end.
    std::size_t max_download = std::numeric_limits<std::size_t>::max();
    bool fresh_connection = false;  // monitors measure a whole connection, clients need not
    // Of a fresh connection: a full handshake, and the answer tells what the server showed.
    bool want_certificate = false;
};

struct HttpResponse {
    int status = 0;
    std::string reason;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool body_cut = false;
    Millis took{};  // from the first packet to the last, as libcurl measured it
    std::shared_ptr<const TlsPeer> tls_peer;  // of the first connection, when it was wanted
};

class HttpClient {
  public:
    HttpClient(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
               std::size_t max_in_flight = 512);
    ~HttpClient();  // ends what runs: those calls return unavailable

    // Failures: invalid_input (url), timeout, unavailable; the message is fit for a beat, such as
    // "connect ECONNREFUSED 127.0.0.1:1" or "timeout of 16000ms exceeded".
    Task<Result<HttpResponse>> send(HttpRequest request, Deadline deadline);

    struct Stats {
        std::size_t in_flight = 0, waiting = 0, limit = 0;
        std::uint64_t sent = 0, failed = 0;
    };
    Stats stats() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::net
