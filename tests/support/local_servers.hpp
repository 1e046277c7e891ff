// Small servers for tests on 127.0.0.1 and a port that the system chose: HTTP, HTTPS and plain TCP.
// Each runs on its own thread and is gone, with its connections, when it goes out of scope.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace higuma::test {

// A self-made certificate and its key, in PEM files of one folder.
struct Certificate {
    std::string certificate_file;
    std::string key_file;
    std::string client_ca_file{};  // when set, the server wants a client certificate of this CA
};
// `valid_days` may be negative: expired yesterday. Uses the openssl program.
Certificate make_certificate(const std::filesystem::path& folder, const std::string& host,
                             int valid_days);

struct ServedRequest {
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> headers;
    // The first header of that name in any case, or empty.
    std::string header(const std::string& name) const;
};

struct ServedReply {
    int status = 200;
    std::string body = "hello";
    std::vector<std::pair<std::string, std::string>> headers{};
    bool hang = false;         // never answers
    bool drop = false;         // closes without an answer
    bool close_after = false;  // "Connection: close"
    std::string raw{};         // when set: sent as it is, then closed
    bool keep = false;         // after `raw`: stays open in silence
};

class LocalHttpServer {
  public:
    using Handler = std::function<ServedReply(const ServedRequest&)>;
    // `tls`: none is plain HTTP. The handler runs on the server's thread.
    explicit LocalHttpServer(Handler handler, const Certificate* tls = nullptr);
    ~LocalHttpServer();
    LocalHttpServer(const LocalHttpServer&) = delete;
    LocalHttpServer& operator=(const LocalHttpServer&) = delete;

    std::uint16_t port() const;
    std::string url(const std::string& path = "/") const;
    int connections() const;  // accepted so far
    int requests() const;
    void close_connections();  // those that are open now

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Accepts and holds connections without a word.
class LocalTcpServer {
  public:
    LocalTcpServer();
    ~LocalTcpServer();
    LocalTcpServer(const LocalTcpServer&) = delete;
    LocalTcpServer& operator=(const LocalTcpServer&) = delete;
    std::uint16_t port() const;
    int connections() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// A listening port whose queue is full: connecting to it hangs.
class FullTcpPort {
  public:
    FullTcpPort();
    ~FullTcpPort();
    FullTcpPort(const FullTcpPort&) = delete;
    FullTcpPort& operator=(const FullTcpPort&) = delete;
    std::uint16_t port() const { return port_; }

  private:
    std::vector<int> sockets_;
    std::uint16_t port_ = 0;
};

// Polls until `holds` or the limit; returns whether it held.
bool eventually(const std::function<bool()>& holds,
                std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace higuma::test
