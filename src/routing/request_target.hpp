// What a request is about, read from its path alone: one monitor by id, one push monitor by token,
// or neither. Paths are decoded and normalised, without the query.
#pragma once

#include <cstdint>
#include <string_view>

namespace higuma::routing {

struct RequestTarget {
    enum class Kind { other, monitor, push };
    Kind kind = Kind::other;
    std::uint64_t monitor_id = 0;
    std::string_view push_token;  // points into the path

    bool operator==(const RequestTarget&) const = default;
};

// /api/v1/monitors/<id>…, /api/badge/<id>/…, /api/push/<token>
RequestTarget parse_target(std::string_view path);

}  // namespace higuma::routing
