// A blocking HTTP client that sends exactly the bytes it is given and reads answers one by one, for
// what a polite client would never send. Every wait has a limit.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace higuma::test {

struct Answer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names as sent
    std::string body;

    std::vector<std::string> all(const std::string& name) const {
        std::vector<std::string> found;
        for (const auto& [key, value] : headers) {
            if (::strcasecmp(key.c_str(), name.c_str()) == 0) found.push_back(value);
        }
        return found;
    }
    std::string header(const std::string& name) const {
        const auto found = all(name);
        return found.empty() ? "" : found.front();
    }
};

class RawClient {
  public:
    // "127.0.0.1:3001" or "unix:/path", as HttpServer::listen returns it.
    explicit RawClient(const std::string& address) {
        if (address.starts_with("unix:")) {
            sockaddr_un to{};
            to.sun_family = AF_UNIX;
            std::strncpy(to.sun_path, address.c_str() + 5, sizeof(to.sun_path) - 1);
            open(AF_UNIX, reinterpret_cast<sockaddr*>(&to), sizeof(to));
        } else {
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(
                static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
            ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
            open(AF_INET, reinterpret_cast<sockaddr*>(&to), sizeof(to));
        }
    }
    ~RawClient() { ::close(fd_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    // False when the other side has closed meanwhile.
    bool send(const std::string& bytes) {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const auto n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return false;
            sent += static_cast<std::size_t>(n);
        }
        return true;
    }

    // Throws when no whole answer comes.
    Answer read_answer(bool without_body = false) {
        while (buffer_.find("\r\n\r\n") == std::string::npos) more("an answer's head");
        Answer answer;
        const auto end = buffer_.find("\r\n\r\n");
        parse_head(buffer_.substr(0, end + 2), answer);
        buffer_.erase(0, end + 4);
        const auto length = answer.header("Content-Length");
        const std::size_t size = without_body || length.empty() ? 0 : std::stoul(length);
        while (buffer_.size() < size) more("an answer's body");
        answer.body = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return answer;
    }

    Answer ask(const std::string& bytes) {
        send(bytes);
        return read_answer();
    }

    // True when the other side closes without another byte.
    bool closed() {
        if (!buffer_.empty()) return false;
        wait("the end of the connection");
        char byte;
        return ::recv(fd_, &byte, 1, 0) <= 0;
    }
    void close_writing() { ::shutdown(fd_, SHUT_WR); }

  private:
    static constexpr int kLimitMs = 30'000;

    void open(int family, const sockaddr* to, socklen_t size) {
        fd_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(fd_, to, size) != 0) throw std::runtime_error("cannot connect");
    }
    void wait(const std::string& what) {
        pollfd poll_on{fd_, POLLIN, 0};
        if (::poll(&poll_on, 1, kLimitMs) != 1) throw std::runtime_error("no " + what + " came");
    }
    void more(const std::string& what) {
        wait(what);
        char bytes[4096];
        const auto n = ::recv(fd_, bytes, sizeof(bytes), 0);
        if (n <= 0) throw std::runtime_error("closed instead of " + what + "; got: " + buffer_);
        buffer_.append(bytes, static_cast<std::size_t>(n));
    }
    static void parse_head(const std::string& head, Answer& answer) {
        auto line_end = head.find("\r\n");
        answer.status = std::stoi(head.substr(9, 3));
        for (auto at = line_end + 2; at < head.size(); at = line_end + 2) {
            line_end = head.find("\r\n", at);
            const auto line = head.substr(at, line_end - at);
            const auto colon = line.find(": ");
            answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
    }

    int fd_ = -1;
    std::string buffer_;
};

// A whole request with a Host header and, when there is a body, its length.
inline std::string request_text(const std::string& method, const std::string& target,
                                const std::vector<std::string>& headers = {},
                                const std::string& body = "") {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: test\r\n";
    for (const auto& header : headers) text += header + "\r\n";
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
}

}  // namespace higuma::test
