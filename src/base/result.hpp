// Expected failures as values: what went wrong, in which class, and in which input field.
// Broken start-up is an exception that reaches main; a broken invariant is `invariant()`.
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace higuma {

enum class ErrorKind {
    invalid_input,  // the caller's fault; `field` names the input
    unauthorized,   // no or wrong credentials
    forbidden,      // good credentials, not allowed
    not_found,
    conflict,     // exists already, is running already, or is full
    too_large,    // a body or value over its limit
    overloaded,   // a bounded queue is full; try again later
    timeout,      // the deadline passed first
    unavailable,  // the other side (database, node) cannot be reached now
    denied,       // the other side refused our credentials: trying again will not help
    stale,        // the epoch, term or incarnation is no longer current
    internal,     // a bug or a broken dependency
};

std::string_view to_string(ErrorKind kind);

struct Failure {
    ErrorKind kind = ErrorKind::internal;
    std::string message;
    std::string field;  // the offending input field, or empty
};

[[noreturn]] void throw_exception_from_error(const Failure& failure,
                                             const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Failure>;

inline Failure invalid(std::string field, std::string message) {
    return {ErrorKind::invalid_input, std::move(message), std::move(field)};
}

// Thrown where the program cannot start: wrong configuration, missing program, wrong password.
// The message is one line for a person.
class StartupError : public std::exception {
  public:
    explicit StartupError(std::string message) : message_(std::move(message)) {}
    const char* what() const noexcept override { return message_.c_str(); }

  private:
    std::string message_;
};

// Stays on in release builds: prints and aborts.
void invariant(bool holds, std::string_view what);

}  // namespace higuma
