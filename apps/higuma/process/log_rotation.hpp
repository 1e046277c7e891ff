// Keeps nginx's logs bounded: at the limit a log is renamed to <name>.1 and nginx opens a new one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "base/task.hpp"
#include "nginx_conf.hpp"
#include "runtime.hpp"

namespace higuma::app {

// Runs until the stop.
Task<> rotate_nginx_logs(boost::asio::any_io_executor executor, GatewayPaths paths,
                         std::shared_ptr<StopSignal> stop);

}  // namespace higuma::app
