// SMTP replies: "250-first line" ... "250 last line".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace higuma::checks {

struct SmtpLine {
    int code = 0;
    bool last = false;  // no further line of this reply follows
};
// `line`: without its line end. None: no line of a reply.
std::optional<SmtpLine> parse_smtp_line(std::string_view line);

// Whether the reply to EHLO (its lines, each ended by "\n") offers STARTTLS.
bool offers_starttls(std::string_view reply);

}  // namespace higuma::checks
