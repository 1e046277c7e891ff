// What the parts of the controller share: its configuration and the adapters that it was given.
// Owned by the controller; every part holds a reference and ends before it.
#pragma once

#include "cluster/controller.hpp"
#include "cluster/loop_pulse.hpp"

namespace higuma::cluster {

struct Services {
    ControllerConfig config;
    boost::asio::any_io_executor executor;
    std::shared_ptr<const Clock> clock;
    store::Database& db;
    net::Resolver& resolver;
    net::HttpClient& http;
    std::function<std::string()> service_token;
    LoopPulse pulse{executor, clock};
    bool stopping = false;  // set once, by drain; every loop looks at it after each wake-up

    Deadline after(Duration span) const { return Deadline::after(*clock, span); }
};

}  // namespace higuma::cluster
