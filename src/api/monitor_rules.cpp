#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "api/http/target.hpp"
#include "api/monitor_json.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> allowed) {
    return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

Result<void> check_choice(const std::string& value, const std::string& field,
                          std::initializer_list<std::string_view> allowed) {
    if (is_one_of(value, allowed)) return {};
    std::string names;
    for (const auto name : allowed) {
        if (!name.empty()) names += (names.empty() ? "" : ", ") + std::string(name);
    }
    return invalid(field, field + " must be one of: " + names + ".");
}

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

Result<void> check_url(const Monitor& monitor) {
    if (monitor.url.empty()) return invalid("url", "url must be given for this type.");
    const auto ascii = ascii_form(monitor.url);
    const auto url = boost::urls::parse_uri(ascii);
    if (!url || !is_one_of(std::string(url->scheme()), {"http", "https"}) ||
        url->encoded_host().empty()) {
        return invalid("url", "url must be an http:// or https:// address with a host.");
    }
    if (url->has_port() && !is_port(std::string(url->port()))) {
        return invalid("url", "url must have a port from 1 to 65535.");
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

Result<void> check_http(const Monitor& monitor) {
    if (auto good = check_url(monitor); !good) return good;
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
    if (auto good = check_choice(monitor.auth_method, "auth_method", {"", "basic", "bearer"});
        !good) {
        return good;
    }
    if (monitor.type == "keyword" && monitor.keyword.empty()) {
        return invalid("keyword", "keyword must be given for this type.");
    }
    return {};
}

Result<void> check_port(const Monitor& monitor) {
    const auto bad_character = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '\x7f';
    };
    if (monitor.hostname.empty())
        return invalid("hostname", "hostname must be given for this type.");
    if (std::any_of(monitor.hostname.begin(), monitor.hostname.end(), bad_character)) {
        return invalid("hostname",
                       "hostname must be a name or an address, without spaces or slashes.");
    }
    if (!monitor.port) return invalid("port", "port must be given for this type, 1 to 65535.");
    return {};
}

Result<void> check_push(const Monitor& monitor) {
    const auto& token = monitor.push_token;
    const bool good = token.size() >= 10 && token.size() <= 32 &&
                      std::all_of(token.begin(), token.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '_' || c == '-';
                      });
    // None yet is fine: it gets one when it is stored.
    if (token.empty() || good) return {};
    return invalid("push_token",
                   "push_token must have 10 to 32 letters, digits, dashes or underscores.");
}

}  // namespace

Result<void> check_monitor(const Monitor& monitor, const std::vector<std::string_view>& types) {
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    if (std::all_of(monitor.name.begin(), monitor.name.end(), blank)) {
        return invalid("name", "name must be given, 1 to 150 characters.");
    }
    if (std::find(types.begin(), types.end(), monitor.type) == types.end()) {
        std::string names;
        for (const auto type : types) names += (names.empty() ? "" : ", ") + std::string(type);
        return invalid("type", "type must be one of: " + names + ".");
    }
    if (monitor.parent && monitor.parent == monitor.id) {
        return invalid("parent", "parent must be another monitor.");
    }
    if (auto good = check_choice(monitor.ip_family, "ip_family", {"", "ipv4", "ipv6"}); !good) {
        return good;
    }
    if (auto good = check_push(monitor); !good) return good;
    if (is_one_of(monitor.type, {"http", "keyword"})) return check_http(monitor);
    if (monitor.type == "port") return check_port(monitor);
    return {};
}

}  // namespace higuma::api
