// `websocket-upgrade`: opens a WebSocket, closes it with 1000 and judges the code with which the
// server closes.
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "base/base64.hpp"
#include "checks/check_types.hpp"
#include "checks/connection_string.hpp"
#include "checks/http_request.hpp"
#include "checks/service_check.hpp"
#include "net/websocket.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

struct CodeName {
    int code;
    std::string_view name;
};
constexpr CodeName kCodeNames[] = {
    {1002, "Protocol error"},
    {1003, "Unsupported Data"},
    {1005, "No Status Received"},
    {1006, "Abnormal Closure"},
    {1007, "Invalid frame payload data"},
    {1008, "Policy Violation"},
    {1009, "Message Too Big"},
    {1010, "Mandatory Extension Missing"},
    {1011, "Internal Error"},
    {1012, "Service Restart"},
    {1013, "Try Again Later"},
    {1014, "Bad Gateway"},
    {1015, "TLS Handshake Failed"},
    {3000, "Unauthorized"},
    {3003, "Forbidden"},
    {3008, "Timeout"},
};

std::string name_of(int code) {
    for (const auto& [known, name] : kCodeNames) {
        if (known == code) return std::string(name);
    }
    return fmt::format("Unexpected status code: {}", code);
}

Failure failure(std::string message) { return {ErrorKind::unavailable, std::move(message), ""}; }

struct Target {
    std::string host;
    std::uint16_t port = 0;
    bool tls = false;
    net::WebSocketRequest request;
};

// "chat, superchat" as Uptime Kuma takes it: blanks do not count.
Result<std::vector<std::string>> protocols_of(const Monitor& monitor) {
    std::vector<std::string> protocols;
    std::string text(monitor.options.text(Option::ws_subprotocol));
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    if (text.empty()) return protocols;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t comma = std::min(text.find(',', from), text.size());
        const std::string name = text.substr(from, comma - from);
        if (!net::is_http_token(name) ||
            std::find(protocols.begin(), protocols.end(), name) != protocols.end()) {
            return failure("An invalid or duplicated subprotocol was specified");
        }
        protocols.push_back(name);
        from = comma + 1;
    }
    return protocols;
}

// What the path of a URL may hold as it is; the rest is escaped.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= ' ' || byte >= 0x7f || c == '"' || c == '<' || c == '>' || c == '`') {
            out += fmt::format("%{:02X}", byte);
        } else {
            out += c;
        }
    }
    return out;
}

void add_headers(const Monitor& monitor, net::WebSocketRequest& request) {
    boost::system::error_code error;
    const auto parsed = boost::json::parse(monitor.headers.empty() ? "{}" : monitor.headers, error);
    // Headers that are no JSON count for nothing, as in Uptime Kuma.
    if (error || !parsed.is_object()) return;
    for (const auto& [name, value] : parsed.get_object()) {
        const auto* text = value.if_string();
        const bool breaks = text && std::any_of(text->begin(), text->end(), [](char c) {
                                return c == '\r' || c == '\n' || c == '\0';
                            });
        if (text && !breaks && net::is_http_token({name.data(), name.size()})) {
            request.headers.emplace_back(name, std::string(*text));
        }
    }
}

void add_login(const Monitor& monitor, net::WebSocketRequest& request) {
    const auto set = [&](std::string value) {
        std::erase_if(request.headers, [](const auto& header) {
            return strcasecmp(header.first.c_str(), "authorization") == 0;
        });
        request.headers.emplace_back("Authorization", std::move(value));
    };
    const auto& user = monitor.basic_auth_user;
    const auto& password = monitor.basic_auth_pass;
    if (monitor.auth_method == "basic" && !(user.empty() && password.empty())) {
        set("Basic " + base64(user + ":" + password));
    } else if (monitor.auth_method == "bearer" && !monitor.bearer_token.empty()) {
        set("Bearer " + monitor.bearer_token);
    }
}

Result<Target> target_of(const Monitor& monitor) {
    const auto url = parse_connection_string(monitor.url);
    if (!url || url->host.empty()) return failure("Invalid URL");
    Target target;
    target.tls = url->scheme == "wss" || url->scheme == "https";
    if (!target.tls && url->scheme != "ws" && url->scheme != "http") {
        return failure(R"(The URL's protocol must be one of "ws:", "wss:", "http:" or "https:")");
    }
    if (monitor.url.find('#') != std::string::npos) {
        return failure("The URL contains a fragment identifier");
    }
    const std::uint16_t usual = target.tls ? 443 : 80;
    target.host = url->host;
    target.port = url->port.value_or(usual);
    // Path and query go as they were given, not decoded.
    const auto authority = monitor.url.find("://") + 3;
    const auto end = monitor.url.find_first_of("/?", authority);
    std::string rest = end == std::string::npos ? "" : monitor.url.substr(end);
    while (!rest.empty() && static_cast<unsigned char>(rest.back()) <= ' ') rest.pop_back();
    target.request.target = escaped(rest.starts_with('/') ? rest : "/" + rest);
    const bool v6 = url->host.find(':') != std::string::npos;
    target.request.host = v6 ? "[" + url->host + "]" : url->host;
    if (target.port != usual) target.request.host += fmt::format(":{}", target.port);
    auto protocols = protocols_of(monitor);
    if (!protocols) return protocols.error();
    target.request.protocols = std::move(*protocols);
    add_headers(monitor, target.request);
    if (!url->user.empty() || !url->password.empty()) {
        target.request.headers.emplace_back("Authorization",
                                            "Basic " + base64(url->user + ":" + url->password));
    }
    add_login(monitor, target.request);
    return target;
}

net::TlsOptions tls_of(const Monitor& monitor, const std::string& host) {
    net::TlsOptions tls{.host = host};
    if (monitor.auth_method == "mtls") {
        tls.certificate = monitor.options.text(Option::tls_cert);
        tls.key = monitor.options.text(Option::tls_key);
        tls.ca = monitor.options.text(Option::tls_ca);
        tls.verify = !monitor.ignore_tls;
    }
    return tls;
}

CheckOutcome judged(int code, const Monitor& monitor) {
    if (!is_accepted_status(code, monitor.accepted_statuscodes)) {
        return CheckOutcome::down(name_of(code));
    }
    return CheckOutcome::up(
        code == net::WebSocket::kAbnormal ? name_of(code) : fmt::format("{} - OK", code),
        std::nullopt);
}

Task<CheckOutcome> upgrade(ServiceCall& call) {
    const Monitor& monitor = call.monitor;
    call.secrets = {monitor.basic_auth_pass, monitor.bearer_token};
    auto target = target_of(monitor);
    if (!target) co_return CheckOutcome::down(target.error().message);
    const auto stream = new_stream(call, co_await boost::asio::this_coro::executor);
    auto done = co_await stream->connect(call.context.resolver, target->host, target->port,
                                         monitor.ip_family);
    if (done && target->tls) done = co_await stream->start_tls(tls_of(monitor, target->host));
    net::WebSocket socket(*stream);
    if (done) done = co_await socket.open(std::move(target->request));
    if (!done) {
        const Failure& why = done.error();
        if (why.kind == ErrorKind::timeout) {
            co_return CheckOutcome::down("Opening handshake has timed out");
        }
        const bool wrong_accept = why.kind == ErrorKind::stale;
        if (wrong_accept && monitor.options.flag(Option::ws_ignore_sec_websocket_accept_header)) {
            co_return judged(1000, monitor);
        }
        co_return CheckOutcome::down(why.message);
    }
    const auto code = co_await socket.close();
    if (!code) co_return CheckOutcome::down(code.error().message);
    co_return judged(*code, monitor);
}

}  // namespace

Task<CheckOutcome> check_websocket_upgrade(const CheckContext& context, const Monitor& monitor,
                                           Deadline deadline) {
    return run_service_check(upgrade, context, monitor, deadline);
}

}  // namespace higuma::checks
