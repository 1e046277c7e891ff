#include "net/websocket.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "base/base64.hpp"

namespace higuma::net {
namespace http = boost::beast::http;

namespace {

constexpr std::size_t kLongestHead = 32 * 1024;
constexpr std::uint64_t kLargestFrame = 100 << 20;
constexpr std::size_t kLargestControl = 125;

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }
Failure bad_frame(const std::string& why) { return failure("Invalid WebSocket frame: " + why); }

template <class T>
T random_value() {
    T value{};
    RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof(value));
    return value;
}

Result<void> judge_protocol(std::string_view chosen, const std::vector<std::string>& offered) {
    if (chosen.empty()) {
        if (!offered.empty()) return failure("Server sent no subprotocol");
        return {};
    }
    if (offered.empty()) return failure("Server sent a subprotocol but none was requested");
    if (std::find(offered.begin(), offered.end(), chosen) == offered.end()) {
        return failure("Server sent an invalid subprotocol");
    }
    return {};
}

bool is_close_code(int code) {
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

}  // namespace

bool is_http_token(std::string_view text) {
    static constexpr std::string_view kSpecial = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kSpecial.find(c) != std::string_view::npos;
    });
}

std::string upgrade_request(const WebSocketRequest& request, const std::string& key) {
    std::string text = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n",
        request.target, request.host, key);
    if (!request.protocols.empty()) {
        text += fmt::format("Sec-WebSocket-Protocol: {}\r\n", fmt::join(request.protocols, ","));
    }
    for (const auto& [name, value] : request.headers) {
        text += fmt::format("{}: {}\r\n", name, value);
    }
    return text + "\r\n";
}

std::string accept_of(const std::string& key) {
    const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char hash[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
    return base64({reinterpret_cast<const char*>(hash), sizeof(hash)});
}

Result<void> judge_upgrade(std::string_view head, const std::string& key,
                           const std::vector<std::string>& protocols) {
    http::response_parser<http::empty_body> parser;
    parser.header_limit(kLongestHead);
    parser.skip(true);
    boost::system::error_code error;
    parser.put(boost::asio::buffer(head.data(), head.size()), error);
    if (error || !parser.is_header_done()) {
        return failure("Parse Error: the answer is not HTTP");
    }
    const auto& answer = parser.get();
    const bool upgrades = http::token_list(answer[http::field::connection]).exists("upgrade");
    if (answer.result_int() != 101 || !upgrades) {
        return failure(fmt::format("Unexpected server response: {}", answer.result_int()));
    }
    if (!boost::beast::iequals(answer[http::field::upgrade], "websocket")) {
        return failure("Invalid Upgrade header");
    }
    if (answer[http::field::sec_websocket_accept] != accept_of(key)) {
        return Failure{ErrorKind::stale, "Invalid Sec-WebSocket-Accept header", ""};
    }
    if (!answer[http::field::sec_websocket_extensions].empty()) {
        return failure(
            "Server sent a Sec-WebSocket-Extensions header but no extension was requested");
    }
    return judge_protocol(answer[http::field::sec_websocket_protocol], protocols);
}

Result<WebSocketFrameHead> parse_frame_head(unsigned char first, unsigned char second) {
    WebSocketFrameHead head;
    head.final = (first & 0x80) != 0;
    head.opcode = first & 0x0f;
    head.length = second & 0x7f;
    if ((first & 0x70) != 0) return bad_frame("RSV1, RSV2 and RSV3 must be clear");
    const bool control = head.opcode >= WebSocket::kClose && head.opcode <= WebSocket::kPong;
    if (head.opcode > WebSocket::kBinary && !control) {
        return bad_frame(fmt::format("invalid opcode {}", head.opcode));
    }
    if ((second & 0x80) != 0) return bad_frame("MASK must be clear");
    if (control && !head.final) return bad_frame("FIN must be set");
    if (control && head.length > kLargestControl) {
        return bad_frame(fmt::format("invalid payload length {}", head.length));
    }
    if (head.length == 126) head.length_bytes = 2;
    if (head.length == 127) head.length_bytes = 8;
    return head;
}

std::string masked_frame(int opcode, std::string_view payload, std::uint32_t mask) {
    std::string frame{static_cast<char>(0x80 | opcode)};
    const auto put_length = [&](int bytes) {
        for (int i = bytes - 1; i >= 0; --i) {
            frame += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> (8 * i));
        }
    };
    if (payload.size() <= kLargestControl) {
        frame += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() <= 0xffff) {
        frame += static_cast<char>(0x80 | 126);
        put_length(2);
    } else {
        frame += static_cast<char>(0x80 | 127);
        put_length(8);
    }
    char key[4];
    for (int i = 0; i < 4; ++i) key[i] = static_cast<char>(mask >> (24 - 8 * i));
    frame.append(key, 4);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        frame += static_cast<char>(payload[i] ^ key[i % 4]);
    }
    return frame;
}

Task<Result<void>> WebSocket::open(WebSocketRequest request) {
    const auto nonce = random_value<std::array<char, 16>>();
    const std::string key = base64({nonce.data(), nonce.size()});
    auto sent = co_await stream_.write(upgrade_request(request, key));
    if (!sent) co_return sent;
    const auto head = co_await stream_.read_until("\r\n\r\n", kLongestHead);
    if (!head) {
        if (stream_.ended()) co_return failure("socket hang up");
        if (head.error().kind != ErrorKind::too_large) co_return head.error();
        co_return failure("Parse Error: the answer's head is larger than 32 KiB");
    }
    co_return judge_upgrade(*head, key, request.protocols);
}

Task<Result<void>> WebSocket::send(int opcode, std::string payload) {
    co_return co_await stream_.write(masked_frame(opcode, payload, random_value<std::uint32_t>()));
}

Task<Result<WebSocket::Frame>> WebSocket::next_frame() {
    const auto start = co_await stream_.read_exactly(2);
    if (!start) co_return start.error();
    auto head = parse_frame_head(static_cast<unsigned char>((*start)[0]),
                                 static_cast<unsigned char>((*start)[1]));
    if (!head) co_return head.error();
    if (head->length_bytes > 0) {
        const auto length = co_await stream_.read_exactly(head->length_bytes);
        if (!length) co_return length.error();
        head->length = 0;
        for (const char c : *length) {
            head->length = head->length << 8 | static_cast<unsigned char>(c);
        }
    }
    if (head->length > kLargestFrame) co_return failure("Max payload size exceeded");
    Frame frame{head->opcode, {}, 0};
    if (head->opcode < kClose) {
        frame.left = head->length;
        co_return frame;
    }
    auto payload = co_await stream_.read_exactly(static_cast<std::size_t>(head->length));
    if (!payload) co_return payload.error();
    frame.payload = std::move(*payload);
    co_return frame;
}

Task<Result<int>> WebSocket::close() {
    auto sent = co_await send(kClose, std::string("\x03\xe8", 2));
    while (sent) {
        const auto frame = co_await next_frame();
        if (!frame) {
            const auto kind = frame.error().kind;
            if (stream_.ended() || kind == ErrorKind::timeout) co_return kAbnormal;
            co_return frame.error();
        }
        if (frame->opcode != kClose) {
            sent = co_await stream_.skip(frame->left);
            continue;
        }
        if (frame->payload.empty()) co_return kNoStatus;
        if (frame->payload.size() == 1) co_return bad_frame("invalid payload length 1");
        const int code = static_cast<unsigned char>(frame->payload[0]) << 8 |
                         static_cast<unsigned char>(frame->payload[1]);
        if (!is_close_code(code)) {
            co_return bad_frame(fmt::format("invalid status code {}", code));
        }
        co_return code;
    }
    if (stream_.ended() || sent.error().kind == ErrorKind::timeout) co_return kAbnormal;
    co_return sent.error();
}

Task<Result<std::string>> WebSocket::read_exactly(std::size_t bytes) {
    if (bytes > TlsStream::kMaxBuffer) {
        co_return Failure{ErrorKind::too_large, "the message is too large", ""};
    }
    std::string taken;
    while (taken.size() < bytes) {
        if (left_ > 0) {
            const auto now = std::min<std::uint64_t>(left_, bytes - taken.size());
            const auto part = co_await stream_.read_exactly(static_cast<std::size_t>(now));
            if (!part) co_return part.error();
            taken += *part;
            left_ -= now;
            continue;
        }
        auto frame = co_await next_frame();
        if (!frame) co_return frame.error();
        left_ = frame->left;
        if (frame->opcode == kClose) co_return failure("the server closed the connection");
        if (frame->opcode == kPing) {
            auto answered = co_await send(kPong, std::move(frame->payload));
            if (!answered) co_return answered.error();
        }
    }
    co_return taken;
}

}  // namespace higuma::net
