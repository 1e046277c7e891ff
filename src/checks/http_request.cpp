#include "checks/http_request.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

namespace higuma::checks {

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kAccept =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;"
    "q=0.8,application/signed-exchange;v=b3;q=0.9";

constexpr std::size_t kMaxDownload = 64 << 20;

void set_header(Headers& headers, std::string_view name, std::string value) {
    const auto same = [name](const auto& header) {
        return header.first.size() == name.size() &&
               strncasecmp(header.first.data(), name.data(), name.size()) == 0;
    };
    const auto found = std::find_if(headers.begin(), headers.end(), same);
    if (found != headers.end()) {
        found->second = std::move(value);
    } else {
        headers.emplace_back(name, std::move(value));
    }
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// The body's content type; empty when there is no body to send.
Result<std::string> content_type_of(const Monitor& monitor) {
    if (is_blank(monitor.body)) return std::string();
    if (monitor.http_body_encoding == "form") return "application/x-www-form-urlencoded";
    if (monitor.http_body_encoding == "xml") return "text/xml; charset=utf-8";
    boost::system::error_code error;
    boost::json::parse(monitor.body, error);
    if (error) return invalid("body", "Your JSON body is invalid. " + error.message());
    return "application/json";
}

Result<void> add_own_headers(const std::string& text, Headers& headers) {
    if (is_blank(text)) return boost::system::in_place_value;
    boost::system::error_code error;
    const auto parsed = boost::json::parse(text, error);
    if (error || !parsed.is_object()) {
        return invalid("headers", "Your headers are not a JSON object");
    }
    for (const auto& [name, value] : parsed.as_object()) {
        if (value.is_string()) {
            set_header(headers, name, std::string(value.as_string()));
        } else if (value.is_number() || value.is_bool()) {
            set_header(headers, name, boost::json::serialize(value));
        } else {
            return invalid("headers",
                           fmt::format("The header \"{}\" is not a text", std::string_view(name)));
        }
    }
    return boost::system::in_place_value;
}

void set_credentials(const Monitor& monitor, net::HttpRequest& request) {
    const MonitorOptions& options = monitor.options;
    if (monitor.auth_method == "basic" || monitor.auth_method == "ntlm") {
        request.basic_user = monitor.basic_auth_user;
        request.basic_password = monitor.basic_auth_pass;
        request.ntlm = monitor.auth_method == "ntlm";
        request.ntlm_domain = options.text(Option::auth_domain);
    } else if (monitor.auth_method == "bearer") {
        request.bearer_token = monitor.bearer_token;
    } else if (monitor.auth_method == "mtls") {
        request.tls = std::make_shared<const net::TlsCredentials>(net::TlsCredentials{
            std::string(options.text(Option::tls_cert)), std::string(options.text(Option::tls_key)),
            std::string(options.text(Option::tls_ca))});
    }
}

std::optional<int> to_status(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    (void)end;
    if (error != std::errc{}) return std::nullopt;
    return value;
}

}  // namespace

Result<net::HttpRequest> request_of(const Monitor& monitor, const std::string& cache_buster) {
    net::HttpRequest request;
    request.method = monitor.method.empty() ? "GET" : monitor.method;
    request.url = monitor.cache_bust
                      ? with_query(monitor.url, "uptime_kuma_cachebuster", cache_buster)
                      : monitor.url;
    request.headers = {{"Accept", std::string(kAccept)}, {"User-Agent", "Higuma/" HIGUMA_VERSION}};
    auto content_type = content_type_of(monitor);
    if (!content_type) return content_type.error();
    if (!content_type->empty()) {
        set_header(request.headers, "Content-Type", std::move(*content_type));
        request.body = monitor.body;
    }
    if (auto added = add_own_headers(monitor.headers, request.headers); !added) {
        return added.error();
    }
    set_credentials(monitor, request);
    request.max_redirects = monitor.max_redirects;
    request.verify_tls = !monitor.ignore_tls;
    request.ip_family = monitor.ip_family;
    request.fresh_connection = true;
    request.max_download = kMaxDownload;
    return request;
}

bool is_accepted_status(int status, const std::vector<std::string>& accepted) {
    return std::any_of(accepted.begin(), accepted.end(), [status](std::string_view range) {
        const std::size_t dash = range.find('-');
        const auto first = to_status(range.substr(0, dash));
        if (!first) return false;
        if (dash == std::string_view::npos) return status == *first;
        const auto last = to_status(range.substr(dash + 1));
        return last && status >= *first && status <= *last;
    });
}

std::string with_query(const std::string& url, const std::string& name, const std::string& value) {
    const std::size_t fragment = url.find('#');
    std::string base = url.substr(0, fragment);
    base += base.find('?') == std::string::npos ? '?' : '&';
    return base + name + "=" + value;
}

std::string host_of(const std::string& url) {
    const std::size_t start = url.find("://");
    if (start == std::string::npos) return {};
    std::string authority = url.substr(start + 3, url.find_first_of("/?#", start + 3) - start - 3);
    const std::size_t user = authority.rfind('@');
    if (user != std::string::npos) authority.erase(0, user + 1);
    if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
    return authority.substr(0, authority.find(':'));
}

std::string excerpt_of(std::string_view body) {
    // What is not needed for the excerpt is not looked at: bodies may be large.
    constexpr std::size_t kLook = 16 * 1024;
    constexpr std::size_t kMost = 50;
    std::string line;
    for (std::size_t at = 0; at < std::min(body.size(), kLook); ++at) {
        const char c = body[at];
        if (c == '<') {
            const std::size_t end = body.find('>', at);
            at = end == std::string_view::npos ? body.size() : end;
        }
        const bool gap =
            c == '<' || std::string_view(" \t\r\n\v\f").find(c) != std::string_view::npos;
        if (!gap) line += c;
        if (gap && !line.empty() && line.back() != ' ') line += ' ';
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (line.size() <= kMost) return line;
    std::size_t cut = kMost - 3;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;  // UTF-8
    return line.substr(0, cut) + "...";
}

}  // namespace higuma::checks
