// A request target taken apart: decoded path segments and query parameters. Whatever is not
// decodable (a bad percent sequence, a NUL byte, text that is no UTF-8) is refused here, once for
// every endpoint.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace higuma::api {

struct Target {
    std::vector<std::string> segments;  // of the path, decoded; "/a/b" -> "a", "b"; "/" -> ""
    std::vector<std::pair<std::string, std::string>> query;

    std::string path() const;  // decoded, with a leading slash
};

// `raw`: "/path?query" or "http://host/path?query". Failure: invalid_input naming `path` or
// `query`.
Result<Target> parse_target(std::string_view raw);

// Everything but letters, digits and "-._~" as %XX.
std::string percent_encode(std::string_view text);

bool is_valid_utf8(std::string_view text);

}  // namespace higuma::api
