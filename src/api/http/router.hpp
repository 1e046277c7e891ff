// The table from method and path to a handler. Patterns without captures win over those with them,
// so that a fixed path next to "{id}" is reachable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/http/server.hpp"

namespace higuma::api {

class Router {
  public:
    explicit Router(std::vector<Endpoint> endpoints);

    struct Match {
        const Handler* handler = nullptr;
        std::vector<std::string> captures;
        std::string allowed;  // "GET, HEAD, POST" when the path is known and the method is not
        bool known_path() const { return handler != nullptr || !allowed.empty(); }
    };
    // HEAD is answered by what answers GET, unless it has an endpoint of its own.
    Match find(std::string_view method, const std::vector<std::string>& segments) const;

  private:
    struct Route {
        std::string method;
        std::vector<std::string> segments;  // "{…}" for a capture
        Handler handler;
    };
    std::vector<Route> routes_;
};

}  // namespace higuma::api
