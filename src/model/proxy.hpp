// A row of `proxy`: through what HTTP monitors may go.
#pragma once

#include <cstdint>
#include <string>

namespace higuma {

struct Proxy {
    std::int64_t id = 0;
    std::string protocol;  // "http", "https", "socks", "socks4", "socks5", "socks5h"
    std::string host;
    int port = 0;
    bool auth = false;
    std::string username, password;  // used with `auth`
    bool active = true;
};

}  // namespace higuma
