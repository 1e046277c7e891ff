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

// A certificate that an administrator installs is trusted after this time at the latest.
constexpr long kTrustStoreSeconds = 600;

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

Result<void> HttpTransfer::prepare(EasyHandle handle) {
    handle_ = std::move(handle);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a name look-up under way must not hold up the loop at removal
    set(CURLOPT_ERRORBUFFER, error_text_);
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
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
    set_address();
    set_tls();
    set_credentials();
    set_proxy();
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
    if (implied) return;
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
    // Only a POST becomes a GET at a 301 or 302; the others are repeated with their body.
    set(CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_301 | CURL_REDIR_POST_302));
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
    if (!request_.fresh_connection) return;
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

void HttpTransfer::set_address() {
    if (!request_.unix_socket.empty()) {
        set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
    }
    if (request_.ip_family == "ipv4") set(CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V4));
    if (request_.ip_family == "ipv6") set(CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V6));
}

void HttpTransfer::set_tls() {
    // Read once for all transfers, as libcurl does only with a file alone: the folder holds the
    // same certificates one by one, and reading the file costs as much as ten handshakes.
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    set(CURLOPT_CA_CACHE_TIMEOUT, kTrustStoreSeconds);
    if (!request_.verify_tls) {
        for (const auto option : {CURLOPT_SSL_VERIFYPEER, CURLOPT_SSL_VERIFYHOST,
                                  CURLOPT_PROXY_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYHOST}) {
            set(option, 0L);
        }
    }
    // The callbacks of a context point here, so the connection must not outlive this transfer.
    if (request_.fresh_connection) {
        set(CURLOPT_SSL_CTX_FUNCTION, &HttpTransfer::on_tls_context);
        set(CURLOPT_SSL_CTX_DATA, this);
    }
    if (!request_.tls) return;
    const auto blob = [this](CURLoption option, const std::string& pem) {
        if (pem.empty()) return;
        curl_blob text{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
        set(option, &text);
    };
    blob(CURLOPT_SSLCERT_BLOB, request_.tls->certificate);
    blob(CURLOPT_SSLKEY_BLOB, request_.tls->key);
    blob(CURLOPT_CAINFO_BLOB, request_.tls->ca);
}

// curl sends these unasked and, unlike a header of our own, never to another host.
void HttpTransfer::set_credentials() {
    if (request_.ntlm || !request_.basic_user.empty()) {
        const std::string user = request_.ntlm && !request_.ntlm_domain.empty()
                                     ? request_.ntlm_domain + "\\" + request_.basic_user
                                     : request_.basic_user;
        set(CURLOPT_HTTPAUTH, static_cast<long>(request_.ntlm ? CURLAUTH_NTLM : CURLAUTH_BASIC));
        set(CURLOPT_USERNAME, user.c_str());
        set(CURLOPT_PASSWORD, request_.basic_password.c_str());
    } else if (!request_.bearer_token.empty()) {
        set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
        set(CURLOPT_XOAUTH2_BEARER, request_.bearer_token.c_str());
    }
}

void HttpTransfer::set_proxy() {
    if (!request_.proxy) {
        set(CURLOPT_PROXY, "");  // else libcurl reads the environment
        return;
    }
    set(CURLOPT_PROXY, request_.proxy->url.c_str());
    if (request_.proxy->url.starts_with("https:")) handshakes_to_skip_ = 1;
    // What a proxy says to CONNECT is no part of the answer.
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (request_.proxy->user.empty()) return;
    set(CURLOPT_PROXYUSERNAME, request_.proxy->user.c_str());
    set(CURLOPT_PROXYPASSWORD, request_.proxy->password.c_str());
}

// A chain that does not verify is read to its end all the same, as Node.js does: the last thing
// that is wrong names the cause. libcurl refuses the connection after the handshake by its result.
CURLcode HttpTransfer::on_tls_context(CURL*, void* context, void* self) {
    auto* tls = static_cast<SSL_CTX*>(context);
    SSL_CTX_set_app_data(tls, self);
    SSL_CTX_set_options(tls, SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_verify(tls, SSL_CTX_get_verify_mode(tls), [](int, X509_STORE_CTX*) { return 1; });
    SSL_CTX_set_info_callback(tls, &HttpTransfer::on_tls_progress);
    return CURLE_OK;
}

void HttpTransfer::on_tls_progress(const SSL* connection, int where, int /*result*/) {
    if (where != SSL_CB_HANDSHAKE_DONE) return;
    auto* self = static_cast<HttpTransfer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    if (self->tls_peer_ || self->handshakes_to_skip_-- > 0) return;
    self->tls_peer_ = TlsPeer::of(const_cast<SSL*>(connection));
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count,
                                    void* data_of) {
    constexpr std::size_t kMaxHeaderBytes = 64 << 10;
    constexpr std::size_t kMaxHeaders = 256;
    auto* self = static_cast<HttpTransfer*>(data_of);
    const std::size_t bytes = size * count;
    const std::string_view line = trim({data, bytes});
    if (line.starts_with("HTTP/")) return self->take_status_line(line), bytes;
    self->header_bytes_ += bytes;
    if (self->header_bytes_ > kMaxHeaderBytes) {
        self->refusal_ = "Parse Error: Header overflow";
        return 0;
    }
    const std::size_t colon = line.find(':');
    auto& headers = self->response_.headers;
    if (colon != std::string_view::npos && headers.size() < kMaxHeaders) {
        headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
    return bytes;
}

// The head of a next hop or of the answer after a 100: what came before does not count.
void HttpTransfer::take_status_line(std::string_view line) {
    response_ = {};
    header_bytes_ = body_bytes_ = 0;
    const std::size_t status = line.find(' ');
    if (status == std::string_view::npos) return;
    const std::size_t reason = line.find(' ', status + 1);
    if (reason != std::string_view::npos) response_.reason = trim(line.substr(reason));
    // "See other" asks for a GET, whatever the method was.
    if (line.substr(status + 1, 3) == "303" && request_.method != "HEAD") {
        curl_easy_setopt(handle_.get(), CURLOPT_CUSTOMREQUEST, nullptr);
    }
}

std::size_t HttpTransfer::on_body(char* data, std::size_t size, std::size_t count, void* data_of) {
    auto* self = static_cast<HttpTransfer*>(data_of);
    const std::size_t bytes = size * count;
    self->body_bytes_ += bytes;
    if (self->body_bytes_ > self->request_.max_download) {
        self->refusal_ =
            fmt::format("maxContentLength size of {} exceeded", self->request_.max_download);
        return 0;
    }
    std::string& body = self->response_.body;
    const std::size_t room = self->request_.max_body - body.size();
    body.append(data, std::min(bytes, room));
    if (bytes > room) self->response_.body_cut = true;
    return bytes;
}

curl_socket_t HttpTransfer::on_open_socket(void* self, curlsocktype /*purpose*/,
                                           curl_sockaddr* address) {
    static_cast<HttpTransfer*>(self)->last_endpoint_ = address_text(address->addr);
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void HttpTransfer::conclude(CURLcode code) {
    if (code != CURLE_OK) {
        result_ = failure_of(code);
        return;
    }
    long status = 0;
    curl_off_t micros = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle_.get(), CURLINFO_TOTAL_TIME_T, &micros);
    response_.status = static_cast<int>(status);
    response_.took = std::chrono::round<Millis>(std::chrono::microseconds{micros});
    if (request_.want_certificate) response_.tls_peer = std::move(tls_peer_);
    result_ = std::move(response_);
}

}  // namespace higuma::net
