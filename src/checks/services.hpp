// What the checks of one node share: clients, caches and sockets, each with its bounds. Owned by
// whoever owns the engine, and outlives it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "checks/check.hpp"
#include "checks/http_services.hpp"
#include "net/http_client.hpp"
#include "net/pinger.hpp"
#include "net/resolver.hpp"
#include "net/tls_stream.hpp"

namespace higuma::checks {

struct ServicesConfig {
    std::string resolver;  // the DNS server of names that monitors give; empty: the system's
    // As many as the engine lets run at once. Nothing behind it queues a check that has its place:
    // targets that hang would run out the time of those that are well.
    std::size_t checks_under_way = 2'048;
};

class Services {
  public:
    Services(ServicesConfig config, boost::asio::any_io_executor executor,
             std::shared_ptr<const Clock> clock);

    CheckContext context() { return {http_, resolver_, tls_, *clock_, web_, pinger_}; }
    net::HttpClient& http() { return http_; }
    net::Resolver& resolver() { return resolver_; }
    HttpServices& web() { return web_; }

  private:
    std::shared_ptr<const Clock> clock_;
    net::HttpClient http_;
    net::Resolver resolver_;
    net::TlsContexts tls_;
    HttpServices web_;
    net::Pinger pinger_;
};

}  // namespace higuma::checks
