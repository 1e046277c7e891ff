// A WebSocket client over a TlsStream, for checks: it must tell a wrong Sec-WebSocket-Accept from
// other faults, read without end into one bounded buffer, and carry MQTT.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "net/tls_stream.hpp"

namespace higuma::net {

struct WebSocketRequest {
    std::string host;    // "example.org" or "example.org:8080", for the Host header
    std::string target;  // "/path?query"
    std::vector<std::string> protocols;
    std::vector<std::pair<std::string, std::string>> headers;
};

// Whether it may be the name of a header or of a subprotocol.
bool is_http_token(std::string_view text);

// The pure halves of the handshake.
std::string upgrade_request(const WebSocketRequest& request, const std::string& key);
std::string accept_of(const std::string& key);
// `head`: through its empty line. Failures with the words of Node.js's ws; `stale` is the one for
// a wrong Sec-WebSocket-Accept alone.
Result<void> judge_upgrade(std::string_view head, const std::string& key,
                           const std::vector<std::string>& protocols);

struct WebSocketFrameHead {
    int opcode = 0;
    bool final = true;
    std::uint64_t length = 0;
    std::size_t length_bytes = 0;  // how many more bytes of the head hold the length: 0, 2 or 8
};
// From the first two bytes. Failure: unavailable, "Invalid WebSocket frame: ...".
Result<WebSocketFrameHead> parse_frame_head(unsigned char first, unsigned char second);
std::string masked_frame(int opcode, std::string_view payload, std::uint32_t mask);

class WebSocket {
  public:
    static constexpr int kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
    static constexpr int kNoStatus = 1005, kAbnormal = 1006;

    // `stream`: connected, encrypted if it is to be, and outlives this.
    explicit WebSocket(TlsStream& stream) : stream_(stream) {}

    Task<Result<void>> open(WebSocketRequest request);
    Task<Result<void>> send(int opcode, std::string payload);
    // Closes with 1000 and returns the code with which the server closed: kNoStatus without one,
    // kAbnormal when it went away or the time was over.
    Task<Result<int>> close();
    // Exactly so many bytes of binary or text messages, whatever their frames; pings are answered.
    Task<Result<std::string>> read_exactly(std::size_t bytes);

  private:
    struct Frame {
        int opcode = 0;
        std::string payload;     // of a control frame
        std::uint64_t left = 0;  // of a data frame: its payload, still to be read
    };
    Task<Result<Frame>> next_frame();

    TlsStream& stream_;
    std::uint64_t left_ = 0;  // of the data frame that is being read
};

}  // namespace higuma::net
