// The monitors of `higuma up --demo`: all of things that are really there. One of them is a small
// web server of ours that is turned off and on, so that the first look shows a living system.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime.hpp"

namespace higuma::app {

struct DemoTargets {
    std::string gateway_url;
    std::vector<std::string> node_addresses;
    int database_port = 0;
    int blinking_port = 0;  // of the target that is turned off and on
    store::DatabaseConfig database;
};

// Adds the monitors that are not there yet, then feeds the push monitor and blinks until the stop.
Task<> run_demo(DemoTargets targets, boost::asio::any_io_executor executor,
                std::shared_ptr<StopSignal> stop);

}  // namespace higuma::app
