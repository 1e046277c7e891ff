#include "support/redis_server.hpp"

#include <fstream>

#include "support/mariadb.hpp"

namespace higuma::test {

RedisServer::RedisServer(const std::string& password, const Certificate* tls) : port_(free_port()) {
    const auto in = [&](const char* name) { return (folder_.path() / name).string(); };
    std::ofstream conf(in("redis.conf"));
    conf << "bind 127.0.0.1\nsave \"\"\nappendonly no\ndaemonize no\nprotected-mode no\n"
         << "dir " << folder_.path().string() << "\n"
         << "user watcher on >watch-password ~* +@all\n";
    if (!password.empty()) conf << "requirepass " << password << "\n";
    if (tls) {
        conf << "port 0\ntls-port " << port_ << "\ntls-cert-file " << tls->certificate_file
             << "\ntls-key-file " << tls->key_file << "\ntls-auth-clients no\n";
    } else {
        conf << "port " << port_ << "\n";
    }
    conf.close();
    process_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{"redis-server", in("redis.conf")}, in("log"), port_);
}

}  // namespace higuma::test
