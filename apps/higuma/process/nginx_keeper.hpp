// The gateway's nginx, kept running. An nginx that outlived an earlier controller is taken over
// with a reload instead of a restart, so that no request is lost.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "nginx_conf.hpp"

namespace higuma::app {

class NginxKeeper {
  public:
    NginxKeeper(boost::asio::any_io_executor executor, GatewayPaths paths,
                std::function<void(const std::string&)> say);
    ~NginxKeeper();

    void start();
    // Lets running requests end (SIGQUIT) for `grace`, then ends it.
    Task<> stop(Duration grace);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// The pid of an nginx that runs with this configuration, or none.
std::optional<pid_t> running_nginx(const GatewayPaths& paths);

}  // namespace higuma::app
