// One signature for every monitor type, and the table from a type's name to its check.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "model/monitor.hpp"
#include "policy/beat_machine.hpp"

namespace higuma::net {
class HttpClient;
class Pinger;
class Resolver;
class TlsContexts;
}  // namespace higuma::net

namespace higuma::checks {

struct HttpServices;

// What checks may use; owned by the engine's owner, outlives every check.
struct CheckContext {
    net::HttpClient& http;
    net::Resolver& resolver;
    net::TlsContexts& tls;
    const Clock& clock;
    HttpServices& web;
    net::Pinger& ping;
};

// Never throws and never outlasts the deadline: a failing check is an outcome, not an error.
using CheckFunction = Task<policy::CheckOutcome> (*)(const CheckContext&, const Monitor&, Deadline);

// Checks that the node starts by schedule; those of the engine itself have none.
CheckFunction find_check(std::string_view type);  // nullptr: unknown type
std::vector<std::string_view> known_types();      // including the engine's own

}  // namespace higuma::checks
