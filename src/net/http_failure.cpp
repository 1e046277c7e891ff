// What a failed transfer is called in a beat: the words of Node.js and axios, which users know.
#include <fmt/format.h>

#include "net/errors.hpp"
#include "net/http_transfer.hpp"

namespace higuma::net {

namespace {

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
std::string_view tls_reason(std::string_view text) {
    for (const std::string_view prefix : {"SSL certificate problem: ", "SSL: "}) {
        if (text.starts_with(prefix)) return text.substr(prefix.size());
    }
    return text;
}

// What a SOCKS proxy answered.
std::string_view socks_reason(long error) {
    switch (error) {
        case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
            return "Failure";
        case CURLPX_REPLY_NOT_ALLOWED:
            return "NotAllowed";
        case CURLPX_REPLY_NETWORK_UNREACHABLE:
            return "NetworkUnreachable";
        case CURLPX_REPLY_HOST_UNREACHABLE:
            return "HostUnreachable";
        case CURLPX_REPLY_CONNECTION_REFUSED:
            return "ConnectionRefused";
        case CURLPX_REPLY_TTL_EXPIRED:
            return "TTLExpired";
        case CURLPX_REPLY_COMMAND_NOT_SUPPORTED:
            return "CommandNotSupported";
        case CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED:
            return "AddressNotSupported";
        default:
            return {};
    }
}

}  // namespace

std::string HttpTransfer::tls_failure(const std::string& text) const {
    if (!tls_peer_) return std::string(tls_reason(text));
    if (tls_peer_->verify_result() != X509_V_OK) return tls_peer_->verify_text();
    char* url = nullptr;
    curl_easy_getinfo(handle_.get(), CURLINFO_EFFECTIVE_URL, &url);
    std::string host = host_of(url ? url : request_.url);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return tls_peer_->matches_host(host) ? std::string(tls_reason(text))
                                         : tls_peer_->mismatch_text(host);
}

std::string HttpTransfer::proxy_failure(const std::string& text) const {
    long status = 0, error = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_HTTP_CONNECTCODE, &status);
    if (status >= 300) return fmt::format("Request failed with status code {}", status);
    curl_easy_getinfo(handle_.get(), CURLINFO_PROXY_ERROR, &error);
    if (error == CURLPX_USER_REJECTED || error == CURLPX_NO_AUTH) {
        return "Socks5 Authentication failed";
    }
    const std::string_view reason = socks_reason(error);
    return reason.empty() ? text : fmt::format("Socks5 proxy rejected connection - {}", reason);
}

Failure HttpTransfer::failure_of(CURLcode code) const {
    long os_error = 0, redirects = 0, connect_status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &os_error);
    curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_COUNT, &redirects);
    curl_easy_getinfo(handle_.get(), CURLINFO_HTTP_CONNECTCODE, &connect_status);
    const std::string text = error_text_[0] ? error_text_ : curl_easy_strerror(code);
    const auto unavailable = [](std::string message) {
        return Failure{ErrorKind::unavailable, std::move(message), ""};
    };
    const std::string name = errno_name(static_cast<int>(os_error));
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return redirects > 0 ? unavailable("Unsupported protocol in a redirect")
                                 : invalid("url", "Invalid URL");
        case CURLE_OPERATION_TIMEDOUT:
            return timeout_failure(allowed_);
        case CURLE_COULDNT_RESOLVE_HOST: {
            char* url = nullptr;
            curl_easy_getinfo(handle_.get(), CURLINFO_EFFECTIVE_URL, &url);
            return unavailable("getaddrinfo ENOTFOUND " + host_of(url ? url : request_.url));
        }
        case CURLE_COULDNT_RESOLVE_PROXY:
            return unavailable("getaddrinfo ENOTFOUND " +
                               host_of(request_.proxy ? request_.proxy->url : request_.url));
        case CURLE_COULDNT_CONNECT: {
            const bool local = !request_.unix_socket.empty();
            if (os_error == 0) return unavailable(text);
            return unavailable(
                fmt::format("connect {} {}", name, local ? request_.unix_socket : last_endpoint_));
        }
        case CURLE_RECV_ERROR:
            if (connect_status >= 300) return unavailable(proxy_failure(text));
            return unavailable(os_error ? "read " + name : text);
        case CURLE_PROXY:
            return unavailable(proxy_failure(text));
        case CURLE_WRITE_ERROR:
            return unavailable(refusal_.empty() ? text : refusal_);
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
            return unavailable(tls_failure(text));
        default:
            return unavailable(text);
    }
}

}  // namespace higuma::net
