#include "api/live_page.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <string>

namespace higuma {
// Generated from web/live by the build.
std::string_view live_file_index_html();
std::string_view live_file_live_css();
std::string_view live_file_dom_js();
std::string_view live_file_cluster_js();
std::string_view live_file_beats_js();
std::string_view live_file_monitors_js();
std::string_view live_file_feed_js();
std::string_view live_file_live_js();
}  // namespace higuma

namespace higuma::api {

namespace {

struct Part {
    std::string_view reference;  // how index.html names it
    std::string_view tag;
    std::string_view (*text)();
};

constexpr std::array kParts{
    Part{R"(<link rel="stylesheet" href="live.css">)", "style", live_file_live_css},
    Part{R"(<script src="dom.js"></script>)", "script", live_file_dom_js},
    Part{R"(<script src="cluster.js"></script>)", "script", live_file_cluster_js},
    Part{R"(<script src="beats.js"></script>)", "script", live_file_beats_js},
    Part{R"(<script src="monitors.js"></script>)", "script", live_file_monitors_js},
    Part{R"(<script src="feed.js"></script>)", "script", live_file_feed_js},
    Part{R"(<script src="live.js"></script>)", "script", live_file_live_js},
};

std::string sha256_base64(std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> encoded{};
    const int size =
        EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

struct Document {
    std::string html;
    std::string policy;
    std::string etag;  // quoted
};

Document put_together() {
    Document page;
    page.html = live_file_index_html();
    std::string scripts, styles;
    for (const auto& part : kParts) {
        const auto text = part.text();
        const auto at = page.html.find(part.reference);
        invariant(at != std::string::npos, "web/live/index.html names each part of the page");
        invariant(text.find("</") == std::string_view::npos, "no part ends its own element");
        std::string element = "<" + std::string(part.tag) + ">";
        element += text;
        element += "</" + std::string(part.tag) + ">";
        page.html.replace(at, part.reference.size(), element);
        (part.tag == "style" ? styles : scripts) += " 'sha256-" + sha256_base64(text) + "'";
    }
    page.policy = "default-src 'none'; script-src" + scripts + "; style-src" + styles +
                  "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'";
    constexpr std::string_view kHead = "<head>\n";
    page.html.insert(
        page.html.find(kHead) + kHead.size(),
        "<meta http-equiv=\"Content-Security-Policy\" content=\"" + page.policy + "\">\n");
    page.etag = '"' + sha256_base64(page.html).substr(0, 22) + '"';
    return page;
}

const Document& document() {
    static const Document page = put_together();
    return page;
}

}  // namespace

std::string_view live_page() { return document().html; }

std::string_view live_page_policy() { return document().policy; }

Response live_page_response(const Request& request) {
    const auto& page = document();
    const bool known = request.header("if-none-match") == page.etag;
    auto response = known ? Response::text("", "text/html; charset=utf-8", 304)
                          : Response::text(page.html, "text/html; charset=utf-8");
    // Only a header can forbid other sites to frame the page.
    response.headers.emplace_back("Content-Security-Policy",
                                  page.policy + "; frame-ancestors 'none'");
    response.headers.emplace_back("ETag", page.etag);
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    return response;
}

}  // namespace higuma::api
