// Which part of a host name somebody registered, by the public suffix list: "www.example.co.uk" is
// of "example.co.uk".
#pragma once

#include <optional>
#include <string>

namespace higuma::net {

// None for an address, a name of one part, and a suffix that no registry of ICANN runs.
std::optional<std::string> registered_domain(const std::string& host);

}  // namespace higuma::net
