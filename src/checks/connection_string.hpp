// "mysql://user:password@host:3306/database?option=value" in its parts, read as Node.js reads URLs.
// Failures never repeat the text: it holds a password.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace higuma::checks {

struct ConnectionString {
    std::string scheme;  // lower case, "mysql"
    std::string user, password, host;
    std::optional<std::uint16_t> port;
    std::string path;  // decoded, without its first slash
    std::vector<std::pair<std::string, std::string>> options;

    // The last of that name; none: not there.
    std::optional<std::string> option(std::string_view name) const;
};

// Failure: invalid_input, "Invalid URL".
Result<ConnectionString> parse_connection_string(std::string_view text);

}  // namespace higuma::checks
