// What is kept of a target's answer, in the form of Uptime Kuma's column `heartbeat.response`:
// Base64 of Brotli.
#pragma once

#include <string>
#include <string_view>

namespace higuma::store {

// At most what the column holds: of a text that does not compress into it the end is left out.
// Empty for an empty text.
std::string encode_saved_response(std::string_view text);

// The text again. What is no such form is returned as it is, as Uptime Kuma does; of what would
// become larger than any saved answer the end is left out.
std::string decode_saved_response(std::string_view stored);

}  // namespace higuma::store
