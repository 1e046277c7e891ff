// What the checks of the HTTP family share besides the client.
#pragma once

#include "checks/certificate_readings.hpp"
#include "checks/json_queries.hpp"
#include "checks/oauth_tokens.hpp"
#include "checks/proxy_book.hpp"

namespace higuma::checks {

struct HttpServices {
    HttpServices(boost::asio::any_io_executor executor, net::HttpClient& http, const Clock& clock)
        : tokens(executor, http, clock), queries(executor, clock) {}

    OAuthTokens tokens;
    ProxyBook proxies;
    CertificateReadings certificates;
    JsonQueries queries;
};

}  // namespace higuma::checks
