// The pure half of HTTP checks: a monitor's settings to a request, and an answer to a judgement.
// Behaves as Uptime Kuma 2.5.3 does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/monitor.hpp"
#include "net/http_client.hpp"

namespace higuma::checks {

// `cache_buster` is used when the monitor wants one. Failures: invalid_input, the message for a
// beat.
Result<net::HttpRequest> request_of(const Monitor& monitor, const std::string& cache_buster);

// Whether the status is one of "200", "200-299", ...; no list accepts nothing.
bool is_accepted_status(int status, const std::vector<std::string>& accepted);

// `url` with `name=value` added to its query.
std::string with_query(const std::string& url, const std::string& name, const std::string& value);

// The text with bytes that are not UTF-8 replaced.
std::string valid_utf8(std::string text);

// What JavaScript makes of the answer: JSON without its white space, anything else as it is, bytes
// that are not UTF-8 replaced. Keywords are looked for in this.
std::string text_of_answer(std::string body);

// The first `most` characters as JavaScript counts them, and a mark when some were cut off: what is
// kept with a beat.
std::string kept_part(const std::string& text, std::size_t most);

// The host of a URL, without brackets; empty when it has none.
std::string host_of(const std::string& url);

// The body on one line without tags, at most 50 characters: for the message of a keyword check.
std::string excerpt_of(std::string_view body);

}  // namespace higuma::checks
