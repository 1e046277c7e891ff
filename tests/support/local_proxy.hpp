// A small proxy for tests on 127.0.0.1 and a free port: HTTP (absolute addresses and CONNECT),
// SOCKS4 and SOCKS5, as the client begins. It counts what it carried.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace higuma::test {

class LocalProxy {
  public:
    // With a user, only whoever shows it and the password is served.
    explicit LocalProxy(std::string user = {}, std::string password = {});
    ~LocalProxy();
    LocalProxy(const LocalProxy&) = delete;
    LocalProxy& operator=(const LocalProxy&) = delete;

    std::uint16_t port() const;
    // What was asked for so far: "http 127.0.0.1:80", "connect ...", "socks5 ...", "socks4 ...".
    std::vector<std::string> asked() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace higuma::test
