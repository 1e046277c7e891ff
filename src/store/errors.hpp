// What the server's error numbers mean to our callers, and which server versions we work with.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace higuma::store {

// `where` is "host:port" or a socket's path; never credentials.
Failure database_failure(unsigned int code, std::string_view message, std::string_view where);

// Deadlock, lock wait time-out or a record changed under a snapshot: the transaction may run again.
bool is_retryable(unsigned int code);
// The connection is of no further use.
bool is_connection_lost(unsigned int code);

// Failures: invalid_input for MySQL and for MariaDB before 10.6.
Result<void> check_server_version(std::string_view version);

}  // namespace higuma::store
