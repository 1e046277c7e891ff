// One HTTP request as libcurl sees it: its options, its callbacks and what came of it.
// Knows nothing of the loop; http_client.cpp drives it.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

#include "net/http_client.hpp"
#include "net/tls_peer.hpp"
#include "net/wake_up.hpp"

namespace higuma::net {

template <auto Function>
struct Closer {
    template <class T>
    void operator()(T* handle) const {
        Function(handle);
    }
};
using EasyHandle = std::unique_ptr<CURL, Closer<curl_easy_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Closer<curl_slist_free_all>>;

// Refuses what cannot be put into a request: an empty URL, line breaks in headers.
Result<void> validate(const HttpRequest& request);

class HttpTransfer : public std::enable_shared_from_this<HttpTransfer> {
  public:
    HttpTransfer(boost::asio::any_io_executor executor, HttpRequest request, Duration allowed)
        : wake(executor), request_(std::move(request)), allowed_(allowed) {}

    // Sets every option on a clean handle. Failure: invalid_input.
    Result<void> prepare(EasyHandle handle);
    // Reads the outcome from the handle; call before it leaves the multi handle.
    void conclude(CURLcode code);
    void fail(Failure failure) { result_ = std::move(failure); }

    CURL* handle() const { return handle_.get(); }
    EasyHandle take_handle() { return std::move(handle_); }
    std::optional<Result<HttpResponse>>& result() { return result_; }
    Duration allowed() const { return allowed_; }

    WakeUp wake;  // of the coroutine that waits for the result

  private:
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static CURLcode on_tls_context(CURL* handle, void* context, void* self);
    static void on_tls_progress(const SSL* connection, int where, int result);
    template <class Value>
    void set(CURLoption option, Value value);
    void set_method_and_body();
    Result<void> set_headers();
    void set_connection();
    void set_address();
    void set_tls();
    void set_credentials();
    void set_proxy();
    void take_status_line(std::string_view line);
    Failure failure_of(CURLcode code) const;
    std::string tls_failure(const std::string& text) const;
    std::string proxy_failure(const std::string& text) const;

    HttpRequest request_;
    Duration allowed_;
    EasyHandle handle_;
    HeaderList headers_;
    HttpResponse response_;
    std::string last_endpoint_;     // that a connection was tried to
    std::string refusal_;           // why a callback ended the transfer
    std::size_t header_bytes_ = 0;  // of the answer that is being read
    std::size_t body_bytes_ = 0;    // unpacked
    int handshakes_to_skip_ = 0;    // those with a proxy
    std::shared_ptr<const TlsPeer> tls_peer_;
    CURLcode set_error_ = CURLE_OK;
    char error_text_[CURL_ERROR_SIZE] = {};
    std::optional<Result<HttpResponse>> result_;
};

}  // namespace higuma::net
