// A real redis-server in its own folder, with a password and, when asked, TLS.
#pragma once

#include <memory>

#include "support/local_servers.hpp"
#include "support/server_process.hpp"
#include "support/temp_folder.hpp"

namespace higuma::test {

class RedisServer {
  public:
    // `password`: of the user `default`; there is also a user `watcher` with the password
    // `watch-password`. `tls`: none is plain.
    explicit RedisServer(const std::string& password, const Certificate* tls = nullptr);

    int port() const { return port_; }
    ServerProcess& process() { return *process_; }

  private:
    TempFolder folder_;
    int port_ = 0;
    std::unique_ptr<ServerProcess> process_;
};

}  // namespace higuma::test
