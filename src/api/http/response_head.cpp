#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <iterator>

#include "api/http/session.hpp"

namespace higuma::api {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

// The server writes these itself, exactly once.
bool is_servers_own(std::string_view name) {
    for (const std::string_view own :
         {"Content-Type", "Content-Length", "Connection", "Date", "Transfer-Encoding"}) {
        if (same_name(name, own)) return true;
    }
    return false;
}

// A value never ends its line: what a client sent may be part of it.
std::string one_line(std::string_view value) {
    std::string text(value);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return text;
}

}  // namespace

std::string response_head(const Response& response, int http_minor_version, bool keep_alive,
                          WallTime now) {
    const auto reason =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(response.status));
    std::string head;
    auto out = std::back_inserter(head);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", response.status,
                   std::string_view(reason.data(), reason.size()),
                   fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
    if (response.status != 204 && response.status != 304) {
        fmt::format_to(out, "Content-Type: {}\r\nContent-Length: {}\r\n",
                       one_line(response.content_type), response.body.size());
    }
    for (const auto& [name, value] : response.headers) {
        if (!is_servers_own(name))
            fmt::format_to(out, "{}: {}\r\n", one_line(name), one_line(value));
    }
    if (!keep_alive) {
        head += "Connection: close\r\n";
    } else if (http_minor_version == 0) {
        head += "Connection: keep-alive\r\n";
    }
    head += "\r\n";
    return head;
}

}  // namespace higuma::api
