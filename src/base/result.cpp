#include "base/result.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace higuma {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid_input:
            return "invalid_input";
        case ErrorKind::unauthorized:
            return "unauthorized";
        case ErrorKind::forbidden:
            return "forbidden";
        case ErrorKind::not_found:
            return "not_found";
        case ErrorKind::conflict:
            return "conflict";
        case ErrorKind::too_large:
            return "too_large";
        case ErrorKind::overloaded:
            return "overloaded";
        case ErrorKind::timeout:
            return "timeout";
        case ErrorKind::unavailable:
            return "unavailable";
        case ErrorKind::denied:
            return "denied";
        case ErrorKind::stale:
            return "stale";
        case ErrorKind::internal:
            return "internal";
    }
    return "internal";
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::runtime_error(std::string(to_string(failure.kind)) + ": " + failure.message);
}

void invariant(bool holds, std::string_view what) {
    if (holds) return;
    std::fprintf(stderr, "broken invariant: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

}  // namespace higuma
