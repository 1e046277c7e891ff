// A page for people, embedded in the program: one HTML document with its styles and scripts inside,
// and a content security policy that admits exactly these.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/http/server.hpp"

namespace higuma::api {

// A style or script that takes the place of its reference in the document.
struct PagePart {
    std::string_view reference;  // how the document names it
    std::string_view tag;        // "style" or "script"
    std::string_view (*text)();
};

class EmbeddedPage {
  public:
    EmbeddedPage(std::string_view html, std::span<const PagePart> parts);

    std::string_view html() const {
        return html_;
    }  // complete in itself; its policy is in a <meta>
    std::string_view policy() const { return policy_; }  // of a Content-Security-Policy header
    // The page with its policy as a header; 304 to a browser that has it.
    Response response(const Request& request) const;

  private:
    std::string html_;
    std::string policy_;
    std::string etag_;  // quoted
};

}  // namespace higuma::api
