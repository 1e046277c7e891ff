#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "api/http/target.hpp"
#include "api/monitor_rules.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

// International names and paths are fine: what is not ASCII counts as percent-encoded.
std::string ascii_form(const std::string& url) {
    std::string ascii;
    for (const char c : url) {
        const bool plain = static_cast<unsigned char>(c) < 0x80;
        ascii += plain ? std::string(1, c) : percent_encode(std::string_view(&c, 1));
    }
    return ascii;
}

bool is_port(const std::string& digits) {
    return !digits.empty() && digits.size() <= 5 && std::stoi(digits) >= 1 &&
           std::stoi(digits) <= 65'535;
}

Result<void> check_url(const std::string& text, const std::string& field) {
    if (text.empty()) return invalid(field, field + " must be given for this type.");
    const auto ascii = ascii_form(text);
    const auto url = boost::urls::parse_uri(ascii);
    if (!url || !is_one_of(std::string(url->scheme()), {"http", "https"}) ||
        url->encoded_host().empty()) {
        return invalid(field, field + " must be an http:// or https:// address with a host.");
    }
    if (url->has_port() && !is_port(std::string(url->port()))) {
        return invalid(field, field + " must have a port from 1 to 65535.");
    }
    return {};
}

bool is_status_code(std::string_view text) {
    return text.size() == 3 && text[0] >= '1' && text[0] <= '9' &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_status_codes(const Monitor& monitor) {
    for (const auto& code : monitor.accepted_statuscodes) {
        const std::string_view text = code;
        const bool single = is_status_code(text);
        const bool range = text.size() == 7 && text[3] == '-' &&
                           is_status_code(text.substr(0, 3)) && is_status_code(text.substr(4)) &&
                           text.substr(0, 3) <= text.substr(4);
        if (!single && !range) {
            return invalid("accepted_statuscodes",
                           "accepted_statuscodes must hold codes or ranges such as \"200-299\".");
        }
    }
    return {};
}

bool is_header_name(std::string_view name) {
    static constexpr std::string_view kSpecial = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kSpecial.find(c) != std::string_view::npos;
    });
}

Result<void> check_headers(const Monitor& monitor) {
    if (monitor.headers.empty()) return {};
    const auto bad = [] {
        return invalid("headers",
                       "headers must be the text of a JSON object of header names and strings.");
    };
    boost::system::error_code error;
    const auto parsed = json::parse(monitor.headers, error);
    if (error || !parsed.is_object()) return bad();
    for (const auto& [name, value] : parsed.get_object()) {
        const auto* text = value.if_string();
        if (!text || !is_header_name({name.data(), name.size()})) return bad();
        const auto breaks = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
        if (std::any_of(text->begin(), text->end(), breaks)) return bad();
    }
    return {};
}

Result<void> check_oauth(const Monitor& monitor) {
    const MonitorOptions& options = monitor.options;
    const std::string url(options.text(Option::oauth_token_url));
    if (auto good = check_url(url, "oauth_token_url"); !good) return good;
    if (options.text(Option::oauth_client_id).empty()) {
        return invalid("oauth_client_id", "oauth_client_id must be given for this auth_method.");
    }
    return check_choice(std::string(options.text(Option::oauth_auth_method)), "oauth_auth_method",
                        {"", "client_secret_basic", "client_secret_post"});
}

bool is_pem(std::string_view text) { return text.find("-----BEGIN ") != std::string_view::npos; }

Result<void> check_client_certificate(const Monitor& monitor) {
    const MonitorOptions& options = monitor.options;
    for (const Option option : {Option::tls_cert, Option::tls_key, Option::tls_ca}) {
        const std::string_view text = options.text(option);
        const std::string name(info_of(option).column);
        if (!text.empty() && !is_pem(text)) return invalid(name, name + " must be a PEM text.");
    }
    const bool has_certificate = !options.text(Option::tls_cert).empty();
    const bool has_key = !options.text(Option::tls_key).empty();
    if (has_certificate && !has_key) {
        return invalid("tls_key", "tls_key must be given together with tls_cert.");
    }
    if (has_key && !has_certificate) {
        return invalid("tls_cert", "tls_cert must be given together with tls_key.");
    }
    return {};
}

Result<void> check_authentication(const Monitor& monitor) {
    if (auto good = check_choice(monitor.auth_method, "auth_method",
                                 {"", "basic", "bearer", "ntlm", "oauth2-cc", "mtls"});
        !good) {
        return good;
    }
    if (monitor.auth_method == "oauth2-cc") return check_oauth(monitor);
    if (monitor.auth_method == "mtls") return check_client_certificate(monitor);
    return {};
}

Result<void> check_json_query(const Monitor& monitor) {
    const MonitorOptions& options = monitor.options;
    if (auto good =
            check_choice(std::string(options.text(Option::json_path_operator)),
                         "json_path_operator", {"==", "!=", ">", "<", ">=", "<=", "contains"});
        !good) {
        return good;
    }
    if (!options.get(Option::expected_value)) {
        return invalid("expected_value", "expected_value must be given for this type.");
    }
    return {};
}

}  // namespace

Result<void> check_http_rules(const Monitor& monitor) {
    if (auto good = check_url(monitor.url, "url"); !good) return good;
    if (auto good = check_choice(monitor.method, "method",
                                 {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"});
        !good) {
        return good;
    }
    if (auto good = check_status_codes(monitor); !good) return good;
    if (auto good = check_headers(monitor); !good) return good;
    if (auto good = check_choice(monitor.http_body_encoding, "http_body_encoding",
                                 {"", "json", "form", "xml"});
        !good) {
        return good;
    }
    if (auto good = check_authentication(monitor); !good) return good;
    if (monitor.type == "keyword" && monitor.keyword.empty()) {
        return invalid("keyword", "keyword must be given for this type.");
    }
    if (monitor.type == "json-query") return check_json_query(monitor);
    return {};
}

}  // namespace higuma::api
