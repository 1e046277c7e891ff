// Access tokens of OAuth2 client credentials: each is asked for once, kept until it expires, and
// shared by all monitors with the same credential. Bounded; the least recently made goes first.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "model/monitor.hpp"
#include "net/http_client.hpp"

namespace higuma::checks {

struct OAuthClient {
    std::string token_url, id, secret, scopes, audience;
    bool secret_in_body = false;  // client_secret_post; else client_secret_basic
    bool verify_tls = true;
    std::string key() const;  // tells credentials apart
};
OAuthClient oauth_client_of(const Monitor& monitor);

struct AccessToken {
    std::string type, text;
    std::optional<Seconds> lifetime;
};

// The request for a token, and what its answer says. Failures hold no secret of ours.
net::HttpRequest token_request(const OAuthClient& client);
Result<AccessToken> token_of(const net::HttpResponse& response);

class OAuthTokens {
  public:
    OAuthTokens(boost::asio::any_io_executor executor, net::HttpClient& http, const Clock& clock);
    ~OAuthTokens();

    // One request at a time for each credential: whoever comes meanwhile waits for its answer.
    Task<Result<AccessToken>> get(OAuthClient client, std::optional<net::HttpProxy> proxy,
                                  Deadline deadline);
    // Forgets the token when it is still this one: it was refused.
    void drop(const OAuthClient& client, const std::string& token);

    struct Stats {
        std::size_t kept = 0, limit = 0;
        std::uint64_t requests = 0, dropped = 0;
    };
    Stats stats() const;

  private:
    struct Entry;
    struct Turn;
    void make_room();

    boost::asio::any_io_executor executor_;
    net::HttpClient& http_;
    const Clock& clock_;
    std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
    std::uint64_t requests_ = 0, dropped_ = 0;
};

}  // namespace higuma::checks
