// Asking a running gateway over HTTP, for the subcommands that people use: one clear line for each
// way in which it can fail.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "net/http_client.hpp"
#include "runtime.hpp"

namespace higuma::app {

struct GatewayAccess {
    std::string url = "http://127.0.0.1:8084";
    std::string token;  // ADMIN_API_TOKEN
};

class GatewayClient {
  public:
    GatewayClient(GatewayAccess access, boost::asio::any_io_executor executor);

    // Throw StartupError with one line: not reachable, refused (the gateway's own words), no JSON.
    Task<boost::json::value> get(std::string path);
    Task<boost::json::value> post(std::string path, boost::json::object body);

  private:
    Task<boost::json::value> ask(net::HttpRequest request);
    GatewayAccess access_;
    std::shared_ptr<const Clock> clock_;
    net::HttpClient http_;
};

// Members of answers; the gateway may be of another version, so a missing one is "-" or nothing.
std::string text_at(const boost::json::value& object, std::string_view key);
const boost::json::value& member(const boost::json::value& object, std::string_view key);
double number_at(const boost::json::value& object, std::string_view key);
bool flag_at(const boost::json::value& object, std::string_view key);

// A path segment, percent-encoded.
std::string segment(std::string_view text);

}  // namespace higuma::app
