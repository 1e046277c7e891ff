#include "support/mosquitto.hpp"

#include <fstream>

#include "support/mariadb.hpp"

namespace higuma::test {

Mosquitto::Mosquitto(bool anonymous, const Certificate* tls)
    : port_(free_port()), websocket_port_(free_port()), plain_port_(tls ? free_port() : port_) {
    const auto in = [&](const char* name) { return (folder_.path() / name).string(); };
    run_program({"mosquitto_passwd", "-b", "-c", in("passwords"), "watcher", "watch-password"},
                in("log"));
    std::ofstream(in("rules")) << "topic readwrite open/#\nuser watcher\ntopic readwrite open/#\n";
    std::ofstream conf(in("mosquitto.conf"));
    conf << "user root\npersistence false\nallow_anonymous " << (anonymous ? "true" : "false")
         << "\npassword_file " << in("passwords") << "\nacl_file " << in("rules") << "\n";
    const auto listen = [&](int port, const char* protocol, bool secure) {
        conf << "listener " << port << " 127.0.0.1\nprotocol " << protocol << "\n";
        if (secure) {
            conf << "certfile " << tls->certificate_file << "\nkeyfile " << tls->key_file << "\n";
        }
    };
    listen(port_, "mqtt", tls != nullptr);
    listen(websocket_port_, "websockets", tls != nullptr);
    if (tls) listen(plain_port_, "mqtt", false);
    conf.close();
    process_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{"mosquitto", "-c", in("mosquitto.conf")}, in("log"), plain_port_);
}

void Mosquitto::retain(const std::string& topic, const std::string& message) {
    run_program({"mosquitto_pub", "-h", "127.0.0.1", "-p", std::to_string(plain_port_), "-u",
                 "watcher", "-P", "watch-password", "-r", "-t", topic, "-m", message},
                (folder_.path() / "log").string());
}

}  // namespace higuma::test
