#include "net/http_transfer.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstring>

#include "net/errors.hpp"

namespace higuma::net {

namespace {

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string address_text(const sockaddr& address) {
    namespace ip = boost::asio::ip;
    if (address.sa_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        return endpoint_text(ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port));
    }
    if (address.sa_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        ip::address_v6::bytes_type bytes;
        std::memcpy(bytes.data(), v6.sin6_addr.s6_addr, bytes.size());
        return endpoint_text(ip::address_v6(bytes), ntohs(v6.sin6_port));
    }
    return {};
}

std::string host_of(const std::string& url) {
    const std::unique_ptr<CURLU, Closer<curl_url_cleanup>> parsed(curl_url());
    char* host = nullptr;
    if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
        curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        return url;
    }
    const std::unique_ptr<char, Closer<curl_free>> owned(host);
    return host;
}

// The reason that OpenSSL gave, without curl's words in front of it.
std::string tls_reason(std::string text) {
    for (const std::string_view prefix : {"SSL certificate problem: ", "SSL: "}) {
        if (text.starts_with(prefix)) return text.substr(prefix.size());
    }
    return text;
}

}  // namespace

Result<void> validate(const HttpRequest& request) {
    if (request.url.empty() || has_line_break(request.url)) return invalid("url", "Invalid URL");
    if (request.method.empty() || has_line_break(request.method) ||
        request.method.find(' ') != std::string::npos) {
        return invalid("method", "the method is not one of HTTP");
    }
    for (const auto& [name, value] : request.headers) {
        if (name.empty() || name.find_first_of(": ") != std::string::npos || has_line_break(name) ||
            has_line_break(value)) {
            return invalid("headers", fmt::format("Invalid character in header \"{}\"", name));
        }
    }
    return boost::system::in_place_value;
}

// Options are set one after the other; the first refusal is kept for `prepare`.
template <class Value>
void HttpTransfer::set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(handle_.get(), option, value);
    if (set_error_ == CURLE_OK) set_error_ = code;
}

Result<void> HttpTransfer::prepare(EasyHandle handle, Instant now) {
    handle_ = std::move(handle);
    started_ = now;
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a name look-up under way must not hold up the loop at removal
    set(CURLOPT_ERRORBUFFER, error_text_);
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, "");  // else libcurl reads the environment
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate, br");
    set(CURLOPT_FOLLOWLOCATION, request_.max_redirects > 0 ? 1L : 0L);
    set(CURLOPT_MAXREDIRS, static_cast<long>(std::max(request_.max_redirects, 0)));
    set(CURLOPT_COOKIEFILE, "");  // cookies live as long as one chain of redirects
    set(CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set_method_and_body();
    set_connection();
    if (auto headers = set_headers(); !headers) return headers.error();
    if (set_error_ == CURLE_OK) return boost::system::in_place_value;
    return invalid("url", curl_easy_strerror(set_error_));
}

void HttpTransfer::set_method_and_body() {
    std::string method = request_.method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
        return;
    }
    const bool has_body = !request_.body.empty();
    if (method == "POST" || has_body) {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(CURLOPT_POSTFIELDS, request_.body.c_str());
    } else {
        set(CURLOPT_HTTPGET, 1L);
    }
    const bool implied = method == (has_body ? "POST" : "GET") || method == "POST";
    if (!implied) set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

Result<void> HttpTransfer::set_headers() {
    // No "Expect: 100-continue" round trip, and no content type that nobody asked for.
    std::vector<std::string> lines{"Expect:"};
    bool has_content_type = false;
    for (const auto& [name, value] : request_.headers) {
        has_content_type = has_content_type || strcasecmp(name.c_str(), "content-type") == 0;
        lines.push_back(value.empty() ? name + ";" : name + ": " + value);
    }
    if (!has_content_type) lines.emplace_back("Content-Type:");
    for (const auto& line : lines) {
        curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
        if (!longer) return Failure{ErrorKind::internal, "out of memory", ""};
        (void)headers_.release();
        headers_.reset(longer);
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
    return boost::system::in_place_value;
}

void HttpTransfer::set_connection() {
    set(CURLOPT_OPENSOCKETFUNCTION, &HttpTransfer::on_open_socket);
    set(CURLOPT_OPENSOCKETDATA, this);
    if (!request_.unix_socket.empty()) {
        set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
    }
    if (request_.fresh_connection) {
        set(CURLOPT_FRESH_CONNECT, 1L);
        set(CURLOPT_FORBID_REUSE, 1L);
        set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    }
    if (!request_.verify_tls) {
        set(CURLOPT_SSL_VERIFYPEER, 0L);
        set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (request_.ip_family == "ipv4") set(CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V4));
    if (request_.ip_family == "ipv6") set(CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V6));
    // curl sends these unasked and, unlike a header of our own, never to another host.
    if (!request_.basic_user.empty()) {
        set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        set(CURLOPT_USERNAME, request_.basic_user.c_str());
        set(CURLOPT_PASSWORD, request_.basic_password.c_str());
    } else if (!request_.bearer_token.empty()) {
        set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
        set(CURLOPT_XOAUTH2_BEARER, request_.bearer_token.c_str());
    }
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& response = static_cast<HttpTransfer*>(self)->response_;
    const std::string_view line = trim({data, size * count});
    if (line.starts_with("HTTP/")) {
        // The head of a next hop or of the answer after a 100: what came before does not count.
        response = {};
        const std::size_t status = line.find(' ');
        if (status == std::string_view::npos) return size * count;
        const std::size_t reason = line.find(' ', status + 1);
        if (reason != std::string_view::npos) response.reason = trim(line.substr(reason));
        return size * count;
    }
    const std::size_t colon = line.find(':');
    constexpr std::size_t kMaxHeaders = 256;
    if (colon != std::string_view::npos && response.headers.size() < kMaxHeaders) {
        response.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
    return size * count;
}

std::size_t HttpTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto* transfer = static_cast<HttpTransfer*>(self);
    const std::size_t bytes = size * count;
    std::string& body = transfer->response_.body;
    const std::size_t room = transfer->request_.max_body - body.size();
    body.append(data, std::min(bytes, room));
    if (bytes > room) transfer->response_.body_cut = true;
    return bytes;
}

curl_socket_t HttpTransfer::on_open_socket(void* self, curlsocktype /*purpose*/,
                                           curl_sockaddr* address) {
    static_cast<HttpTransfer*>(self)->last_endpoint_ = address_text(address->addr);
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void HttpTransfer::conclude(CURLcode code, Instant now) {
    if (code != CURLE_OK) {
        result_ = failure_of(code);
        return;
    }
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    response_.took = std::chrono::round<Millis>(now - started_);
    result_ = std::move(response_);
}

Failure HttpTransfer::failure_of(CURLcode code) const {
    long os_error = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &os_error);
    const std::string text = error_text_[0] ? error_text_ : curl_easy_strerror(code);
    const auto unavailable = [](std::string message) {
        return Failure{ErrorKind::unavailable, std::move(message), ""};
    };
    const std::string name = errno_name(static_cast<int>(os_error));
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return invalid("url", "Invalid URL");
        case CURLE_OPERATION_TIMEDOUT:
            return timeout_failure(allowed_);
        case CURLE_COULDNT_RESOLVE_HOST:
            return unavailable("getaddrinfo ENOTFOUND " + host_of(request_.url));
        case CURLE_COULDNT_CONNECT: {
            const bool local = !request_.unix_socket.empty();
            if (os_error == 0) return unavailable(text);
            return unavailable(
                fmt::format("connect {} {}", name, local ? request_.unix_socket : last_endpoint_));
        }
        case CURLE_RECV_ERROR:
            return unavailable(os_error ? "read " + name : text);
        case CURLE_SEND_ERROR:
            return unavailable(os_error ? "write " + name : text);
        case CURLE_GOT_NOTHING:
            return unavailable("socket hang up");
        case CURLE_PARTIAL_FILE:
            return unavailable("aborted");
        case CURLE_TOO_MANY_REDIRECTS:
            return unavailable("Maximum number of redirects exceeded");
        case CURLE_WEIRD_SERVER_REPLY:
            return unavailable("Parse Error: " + text);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
            return unavailable(tls_reason(text));
        default:
            return unavailable(text);
    }
}

}  // namespace higuma::net
