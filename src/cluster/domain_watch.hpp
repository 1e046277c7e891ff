// Looks up once a day when the domains of monitors expire, by RDAP. One node of the cluster does it
// at a time, by a lease; checks neither wait for it nor know of it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "model/node.hpp"
#include "net/http_client.hpp"
#include "store/database.hpp"
#include "store/domains.hpp"

namespace higuma::cluster {

struct DomainWatchConfig {
    NodeId self;
    std::string
        directory_url;  // of RDAP servers, as IANA publishes it; empty: nothing is looked up
    Millis interval{300'000};
    Millis pause{200};  // between two domains: registries limit how often one may ask
};

// Runs until a stop is asked for; a look-up under way ends first.
Task<> watch_domains(DomainWatchConfig config, boost::asio::any_io_executor executor,
                     std::shared_ptr<const Clock> clock, store::Database& db, net::HttpClient& http,
                     std::stop_token stop);

// The domains to look up now: those of the hosts, each once, that were not looked up within a day;
// the longest forgotten first, at most `most`. Pure.
std::vector<std::string> domains_due(const std::vector<store::WatchedHost>& hosts,
                                     const std::vector<store::DomainRow>& known, WallTime now,
                                     std::size_t most);

}  // namespace higuma::cluster
