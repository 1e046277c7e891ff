// Who may ask the controller what: allowed addresses for reads, and for actions also the admin
// token and no request that another site made a browser send.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/server.hpp"
#include "base/result.hpp"

namespace higuma::api {

// A range of addresses: "10.0.0.0/8", "fd00::/8", or one address.
class Cidr {
  public:
    static Result<Cidr> parse(std::string_view text);
    bool contains(const boost::asio::ip::address& address) const;

  private:
    boost::asio::ip::address base_;
    unsigned prefix_ = 0;
};

// Loopback and the private ranges of IPv4 and IPv6.
const std::vector<std::string>& default_admin_allow();

class AccessRules {
  public:
    // Throws StartupError for a range that cannot be read. No range: the default ones.
    AccessRules(const std::vector<std::string>& admin_allow, std::string admin_token);

    // Failure: forbidden.
    Result<void> may_read(const Request& request) const;
    // What changes the asking browser's own cookie: no page of another site may do it for people.
    Result<void> may_visit(const Request& request) const;
    // Failures: forbidden, unauthorized.
    Result<void> may_act(const Request& request) const;
    // Never without the token; forbidden where none is configured.
    Result<void> may_see_secrets(const Request& request) const;
    // For the audit log: the name of Basic authentication, "token", or "anonymous".
    std::string actor(const Request& request) const;

  private:
    bool has_token(const Request& request) const;
    std::vector<Cidr> allowed_;
    std::string token_;
};

}  // namespace higuma::api
