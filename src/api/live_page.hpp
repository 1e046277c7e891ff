// The page that shows the running cluster to people, embedded in the program: one document with its
// style and scripts inside, and a content security policy that admits exactly these.
#pragma once

#include <string_view>

#include "api/http/server.hpp"

namespace higuma::api {

std::string_view live_page();         // HTML, complete in itself; names its policy in a <meta>
std::string_view live_page_policy();  // the value of a Content-Security-Policy header

// The page with its policy as a header; 304 to a browser that has it.
Response live_page_response(const Request& request);

}  // namespace higuma::api
