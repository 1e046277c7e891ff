#include "checks/redis_protocol.hpp"

#include <fmt/format.h>

#include <charconv>

namespace higuma::checks {

namespace {

constexpr long long kLongestBulk = 512ll << 20;  // what Redis itself allows

Failure not_redis(std::string_view line) {
    if (line.empty()) return {ErrorKind::unavailable, "Protocol error: an empty reply", ""};
    const auto byte = static_cast<unsigned char>(line[0]);
    return {ErrorKind::unavailable,
            fmt::format("Protocol error: a reply that starts with byte {:#04x}", byte), ""};
}

}  // namespace

std::string redis_command(const std::vector<std::string_view>& words) {
    std::string command = fmt::format("*{}\r\n", words.size());
    for (const auto word : words) command += fmt::format("${}\r\n{}\r\n", word.size(), word);
    return command;
}

Result<RedisReplyLine> parse_redis_line(std::string_view line) {
    using Kind = RedisReplyLine::Kind;
    if (line.empty()) return not_redis(line);
    const std::string_view rest = line.substr(1);
    long long number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const bool is_number = error == std::errc{} && end == rest.data() + rest.size();
    switch (line[0]) {
        case '+':
            return RedisReplyLine{Kind::text, std::string(rest), 0};
        case '-':
            return RedisReplyLine{Kind::error, std::string(rest), 0};
        case ':':
            if (!is_number) return not_redis(line);
            return RedisReplyLine{Kind::text, std::string(rest), 0};
        case '$':
            if (!is_number || number < -1 || number > kLongestBulk) return not_redis(line);
            if (number == -1) return RedisReplyLine{Kind::nil, {}, 0};
            return RedisReplyLine{Kind::bulk, {}, static_cast<std::size_t>(number)};
        default:
            return not_redis(line);
    }
}

}  // namespace higuma::checks
