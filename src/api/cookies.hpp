// The cookies of a request, and those that an answer sets. Values are node ids: plain characters.
#pragma once

#include <optional>
#include <string>

#include "api/http/server.hpp"

namespace higuma::api {

// The first cookie of this name, without quotes around it.
std::optional<std::string> cookie_of(const Request& request, std::string_view name);

// HttpOnly, SameSite=Lax, and Secure when the client came by TLS. `age` 0 removes it.
void set_cookie(Response& response, const Request& request, std::string_view name,
                std::string_view value, Seconds age);

}  // namespace higuma::api
