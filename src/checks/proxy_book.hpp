// The proxies that monitors may go through, as the database has them; replaced as a whole when it
// was read again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/proxy.hpp"
#include "net/http_client.hpp"

namespace higuma::checks {

// How libcurl is told; none for a protocol that is not known.
std::optional<net::HttpProxy> http_proxy_of(const Proxy& proxy);

class ProxyBook {
  public:
    void replace(const std::vector<Proxy>& proxies);
    // Whether the proxy is listed; one that is not was made a moment ago, or nothing was read yet.
    bool knows(std::int64_t id) const { return proxies_.contains(id); }
    // None when there is no such proxy or it is switched off: the request goes straight then.
    std::optional<net::HttpProxy> find(std::int64_t id) const;
    std::size_t size() const { return proxies_.size(); }

  private:
    std::map<std::int64_t, std::optional<net::HttpProxy>> proxies_;
};

}  // namespace higuma::checks
