// The pages that people look at: the live page at / and the operators' page at /lb/. Each shares
// the parts of web/live that both need.
#pragma once

#include "api/embedded_page.hpp"

namespace higuma::api {

const EmbeddedPage& live_page();
const EmbeddedPage& operator_page();

}  // namespace higuma::api
