#include "checks/proxy_book.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace higuma::checks {

namespace {

constexpr std::pair<std::string_view, std::string_view> kSchemes[] = {
    {"http", "http"},     {"https", "https"},   {"socks", "socks5h"},
    {"socks4", "socks4"}, {"socks5", "socks5"}, {"socks5h", "socks5h"},
};

}  // namespace

std::optional<net::HttpProxy> http_proxy_of(const Proxy& proxy) {
    const auto scheme =
        std::find_if(std::begin(kSchemes), std::end(kSchemes),
                     [&proxy](const auto& row) { return row.first == proxy.protocol; });
    if (scheme == std::end(kSchemes)) return std::nullopt;
    const bool bare_v6 = proxy.host.find(':') != std::string::npos && proxy.host[0] != '[';
    net::HttpProxy made;
    made.url = fmt::format("{}://{}{}{}:{}", scheme->second, bare_v6 ? "[" : "", proxy.host,
                           bare_v6 ? "]" : "", proxy.port);
    if (proxy.auth) {
        made.user = proxy.username;
        made.password = proxy.password;
    }
    return made;
}

void ProxyBook::replace(const std::vector<Proxy>& proxies) {
    proxies_.clear();
    for (const Proxy& proxy : proxies) {
        proxies_.emplace(proxy.id, proxy.active ? http_proxy_of(proxy) : std::nullopt);
    }
}

std::optional<net::HttpProxy> ProxyBook::find(std::int64_t id) const {
    const auto found = proxies_.find(id);
    return found == proxies_.end() ? std::nullopt : found->second;
}

}  // namespace higuma::checks
