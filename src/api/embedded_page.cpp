#include "api/embedded_page.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace higuma::api {

namespace {

std::string sha256_base64(std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::array<unsigned char, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> encoded{};
    const int size =
        EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

}  // namespace

EmbeddedPage::EmbeddedPage(std::string_view html, std::span<const PagePart> parts) : html_(html) {
    std::string scripts, styles;
    for (const auto& part : parts) {
        const auto text = part.text();
        const auto at = html_.find(part.reference);
        invariant(at != std::string::npos, "the document names each part of the page");
        invariant(text.find("</") == std::string_view::npos, "no part ends its own element");
        std::string element = "<" + std::string(part.tag) + ">";
        element += text;
        element += "</" + std::string(part.tag) + ">";
        html_.replace(at, part.reference.size(), element);
        (part.tag == "style" ? styles : scripts) += " 'sha256-" + sha256_base64(text) + "'";
    }
    policy_ = "default-src 'none'; script-src" + scripts + "; style-src" + styles +
              "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'";
    constexpr std::string_view kHead = "<head>\n";
    html_.insert(html_.find(kHead) + kHead.size(),
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy_ + "\">\n");
    etag_ = '"' + sha256_base64(html_).substr(0, 22) + '"';
}

Response EmbeddedPage::response(const Request& request) const {
    const bool known = request.header("if-none-match") == etag_;
    auto response = known ? Response::text("", "text/html; charset=utf-8", 304)
                          : Response::text(html_, "text/html; charset=utf-8");
    // Only a header can forbid other sites to frame the page.
    response.headers.emplace_back("Content-Security-Policy", policy_ + "; frame-ancestors 'none'");
    response.headers.emplace_back("ETag", etag_);
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    return response;
}

}  // namespace higuma::api
