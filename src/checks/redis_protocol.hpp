// Redis's protocol (RESP 2) as far as a check needs it: commands, and the first line of a reply.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace higuma::checks {

std::string redis_command(const std::vector<std::string_view>& words);

struct RedisReplyLine {
    enum class Kind { text, error, bulk, nil };
    Kind kind = Kind::text;
    std::string text;        // of a text (also for a number) or an error
    std::size_t length = 0;  // of a bulk: its bytes follow, and then "\r\n"
};
// `line`: without its "\r\n". Failure: unavailable, for what Redis does not say.
Result<RedisReplyLine> parse_redis_line(std::string_view line);

}  // namespace higuma::checks
