// A real mosquitto in its own folder: MQTT and WebSockets, and both with TLS when asked.
#pragma once

#include <memory>

#include "support/local_servers.hpp"
#include "support/server_process.hpp"
#include "support/temp_folder.hpp"

namespace higuma::test {

class Mosquitto {
  public:
    // The user `watcher` with the password `watch-password` may do everything below `open/`, and so
    // may everybody when `anonymous`.
    explicit Mosquitto(bool anonymous, const Certificate* tls = nullptr);

    int port() const { return port_; }
    int websocket_port() const { return websocket_port_; }
    // A retained message: who subscribes later gets it at once.
    void retain(const std::string& topic, const std::string& message);
    ServerProcess& process() { return *process_; }

  private:
    TempFolder folder_;
    int port_ = 0, websocket_port_ = 0, plain_port_ = 0;
    std::unique_ptr<ServerProcess> process_;
};

}  // namespace higuma::test
