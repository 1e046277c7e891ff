#include "api/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/auth_tokens.hpp"

namespace higuma::api {

namespace ip = boost::asio::ip;

namespace {

// "::ffff:10.1.2.3" is 10.1.2.3 to every rule.
ip::address plain(const ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    }
    return address;
}

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
    for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
        const unsigned here = std::min(bits, 8U);
        const auto mask = static_cast<unsigned char>(0xFFU << (8U - here));
        if ((a[i] & mask) != (b[i] & mask)) return false;
        bits -= here;
    }
    return true;
}

bool has_scheme(std::string_view value, std::string_view scheme) {
    return value.size() > scheme.size() && value[scheme.size()] == ' ' &&
           std::equal(scheme.begin(), scheme.end(), value.begin(), [](char a, char b) {
               return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
           });
}

struct Credentials {
    std::string name;  // of Basic authentication
    std::string secret;
};

std::optional<Credentials> credentials_of(const Request& request) {
    const std::string value = request.header("authorization").value_or("");
    if (has_scheme(value, "bearer")) return Credentials{"", value.substr(7)};
    if (!has_scheme(value, "basic")) return std::nullopt;
    const auto pair = base64_decode(std::string_view(value).substr(6));
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    return Credentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

Failure unauthorized() {
    return {ErrorKind::unauthorized,
            "This action needs the admin token: 'Authorization: Bearer <ADMIN_API_TOKEN>', "
            "or as the password of Basic authentication.",
            ""};
}

// What a browser says of the page that made it send this; programs say nothing.
bool from_another_site(const Request& request) {
    const auto site = request.header("sec-fetch-site");
    if (site && *site != "same-origin" && *site != "none") return true;
    const auto origin = request.header("origin");
    if (!origin) return false;
    const auto host = request.header("host").value_or("");
    const auto at = origin->find("://");
    return at == std::string::npos || host.empty() || origin->substr(at + 3) != host;
}

}  // namespace

Result<Cidr> Cidr::parse(std::string_view text) {
    const auto slash = text.find('/');
    boost::system::error_code bad;
    Cidr out;
    out.base_ = plain(ip::make_address(std::string(text.substr(0, slash)), bad));
    const unsigned most = out.base_.is_v4() ? 32 : 128;
    out.prefix_ = most;
    bool readable = !bad;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto* end = digits.data() + digits.size();
        const auto [rest, problem] = std::from_chars(digits.data(), end, out.prefix_);
        readable = readable && problem == std::errc() && rest == end && out.prefix_ <= most;
    }
    if (readable) return out;
    return invalid(
        "ADMIN_ALLOW",
        fmt::format("ADMIN_ALLOW: '{}' is no address or range such as 10.0.0.0/8", text));
}

bool Cidr::contains(const ip::address& address) const {
    const auto given = plain(address);
    if (given.is_v4() != base_.is_v4()) return false;
    return given.is_v4() ? same_prefix(given.to_v4().to_bytes(), base_.to_v4().to_bytes(), prefix_)
                         : same_prefix(given.to_v6().to_bytes(), base_.to_v6().to_bytes(), prefix_);
}

const std::vector<std::string>& default_admin_allow() {
    static const std::vector<std::string> ranges{
        "127.0.0.0/8",    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
        "169.254.0.0/16", "::1",        "fc00::/7",      "fe80::/10"};
    return ranges;
}

AccessRules::AccessRules(const std::vector<std::string>& admin_allow, std::string admin_token)
    : token_(std::move(admin_token)) {
    for (const auto& text : admin_allow.empty() ? default_admin_allow() : admin_allow) {
        const auto range = Cidr::parse(text);
        if (!range) throw StartupError(range.error().message);
        allowed_.push_back(*range);
    }
}

Result<void> AccessRules::may_read(const Request& request) const {
    // Who can open the controller's own socket is on this machine with the rights of its owner.
    if (request.remote == "unix") return {};
    boost::system::error_code bad;
    const auto address = ip::make_address(request.remote, bad);
    const bool allowed = !bad && std::any_of(allowed_.begin(), allowed_.end(),
                                             [&](const Cidr& c) { return c.contains(address); });
    if (allowed) return {};
    return Failure{ErrorKind::forbidden,
                   "This address is not in ADMIN_ALLOW, the addresses that may ask.", ""};
}

Result<void> AccessRules::may_visit(const Request& request) const {
    const auto readable = may_read(request);
    if (!readable || !from_another_site(request)) return readable;
    return Failure{ErrorKind::forbidden, "Actions are not taken from pages of other sites.", ""};
}

Result<void> AccessRules::may_act(const Request& request) const {
    const auto visitable = may_visit(request);
    if (!visitable || token_.empty() || has_token(request)) return visitable;
    return unauthorized();
}

Result<void> AccessRules::may_see_secrets(const Request& request) const {
    const auto readable = may_read(request);
    if (!readable) return readable;
    if (token_.empty()) {
        return Failure{ErrorKind::forbidden, "This needs ADMIN_API_TOKEN, and none is set.", ""};
    }
    return has_token(request) ? Result<void>{} : unauthorized();
}

std::string AccessRules::actor(const Request& request) const {
    const auto given = credentials_of(request);
    if (token_.empty() || !given || !same_secret(given->secret, token_)) return "anonymous";
    return given->name.empty() ? "token" : given->name;
}

bool AccessRules::has_token(const Request& request) const {
    const auto given = credentials_of(request);
    return given && same_secret(given->secret, token_);
}

}  // namespace higuma::api
