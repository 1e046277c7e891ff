#include "api/small_page.hpp"

#include <fmt/format.h>

namespace higuma::api {

namespace {

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f4f5f7;"
    "color:#1d2430;font:16px/1.5 system-ui,sans-serif}"
    "main{box-sizing:border-box;width:min(30rem,92vw);padding:2rem;border-radius:.9rem;"
    "background:#fff;border-top:.35rem solid #2f9e6e;box-shadow:0 .5rem 2rem rgba(20,30,50,.12)}"
    "main.bad{border-top-color:#d1495b}"
    "h1{margin:0 0 .5rem;font-size:1.35rem;overflow-wrap:anywhere}"
    "p{margin:0 0 1.25rem;overflow-wrap:anywhere}"
    "a{display:inline-block;margin:0 .5rem .5rem 0;padding:.45rem .9rem;border-radius:.5rem;"
    "background:#e9edf2;color:inherit;text-decoration:none}a:focus,a:hover{background:#d6dee8}"
    "@media(prefers-color-scheme:dark){body{background:#12161c;color:#e6eaf0}"
    "main{background:#1c222b;box-shadow:none}a{background:#2a323d}"
    "a:focus,a:hover{background:#364250}}";

constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

}  // namespace

std::string escape_html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

Response small_page_response(const SmallPage& page, int status) {
    std::string links;
    for (const auto& [address, words] : page.links) {
        links += fmt::format("<a href=\"{}\">{}</a>", escape_html(address), escape_html(words));
    }
    const auto title = escape_html(page.title);
    auto response = Response::text(
        fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                    "<title>{} · Higuma</title><style>{}</style></head>"
                    "<body><main{}><h1>{}</h1><p>{}</p><nav>{}</nav></main></body></html>\n",
                    title, kStyle, page.good ? "" : " class=\"bad\"", title, escape_html(page.text),
                    links),
        "text/html; charset=utf-8", status);
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    return response;
}

}  // namespace higuma::api
