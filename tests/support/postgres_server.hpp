// A real PostgreSQL in its own folder. It refuses to run as root, so root runs it as `nobody`.
#pragma once

#include <memory>

#include "support/local_servers.hpp"
#include "support/server_process.hpp"
#include "support/temp_folder.hpp"

namespace higuma::test {

class PostgresServer {
  public:
    // The user `watcher` with the password `watch-password` has a database of its name.
    // `method`: how passwords are proven: "scram-sha-256", "md5" or "password".
    explicit PostgresServer(const std::string& method, const Certificate* tls = nullptr);

    int port() const { return port_; }
    ServerProcess& process() { return *process_; }

  private:
    TempFolder folder_;
    int port_ = 0;
    std::unique_ptr<ServerProcess> process_;
};

}  // namespace higuma::test
