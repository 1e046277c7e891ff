#include "net/public_suffix.hpp"

#include <libpsl.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace higuma::net {

std::optional<std::string> registered_domain(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    if (!error || host.empty() || host.size() > 253) return std::nullopt;
    std::string name = host;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
    });
    if (name.back() == '.') name.pop_back();
    const psl_ctx_t* list = psl_builtin();
    if (!list) return std::nullopt;
    const char* suffix = psl_unregistrable_domain(list, name.c_str());
    const char* domain = psl_registrable_domain(list, name.c_str());
    if (!suffix || !domain) return std::nullopt;
    // Without this flag every last part counts as a suffix.
    constexpr int kIcann = PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE;
    if (psl_is_public_suffix2(list, suffix, kIcann) == 0) return std::nullopt;
    return std::string(domain);
}

}  // namespace higuma::net
