#include "routing/request_target.hpp"

#include <charconv>

namespace higuma::routing {
namespace {

// The path segment behind `prefix`; empty when the path begins otherwise.
std::string_view segment_behind(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return {};
    path.remove_prefix(prefix.size());
    return path.substr(0, path.find('/'));
}

RequestTarget monitor_target(std::string_view digits) {
    std::uint64_t id = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, id);
    if (error != std::errc{} || stop != end) return {};
    return {RequestTarget::Kind::monitor, id, {}};
}

}  // namespace

RequestTarget parse_target(std::string_view path) {
    if (!path.starts_with("/api/")) return {};
    for (const std::string_view prefix : {"/api/v1/monitors/", "/api/badge/"}) {
        if (const auto digits = segment_behind(path, prefix); !digits.empty()) {
            return monitor_target(digits);
        }
    }
    if (const auto token = segment_behind(path, "/api/push/"); !token.empty()) {
        return {RequestTarget::Kind::push, 0, token};
    }
    return {};
}

}  // namespace higuma::routing
