#include "api/cookies.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace higuma::api {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view unquoted(std::string_view text) {
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    return quoted ? text.substr(1, text.size() - 2) : text;
}

std::optional<std::string> find_in(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        const auto end = std::min(header.find(';'), header.size());
        const auto pair = header.substr(0, end);
        header.remove_prefix(std::min(end + 1, header.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)) != name) continue;
        return std::string(unquoted(trimmed(pair.substr(equals + 1))));
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> cookie_of(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key != "cookie") continue;
        if (auto found = find_in(value, name)) return found;
    }
    return std::nullopt;
}

void set_cookie(Response& response, const Request& request, std::string_view name,
                std::string_view value, Seconds age) {
    const bool tls = request.header("x-forwarded-proto") == "https";
    response.headers.emplace_back(
        "Set-Cookie", fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", name,
                                  value, age.count(), tls ? "; Secure" : ""));
}

}  // namespace higuma::api
