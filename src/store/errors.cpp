#include "store/errors.hpp"

#include <errmsg.h>
#include <fmt/format.h>
#include <mysqld_error.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace higuma::store {

namespace {

// The server's numbers that its client header does not name.
constexpr unsigned int kConnectionKilled = 1927;
constexpr unsigned int kStatementTimeout = 1969;
constexpr unsigned int kWsrepNotReady = 1047;

struct ErrorClass {
    unsigned int code;
    ErrorKind kind;
};

constexpr std::array kClasses = {
    ErrorClass{ER_ACCESS_DENIED_ERROR, ErrorKind::denied},
    ErrorClass{ER_ACCESS_DENIED_NO_PASSWORD_ERROR, ErrorKind::denied},
    ErrorClass{ER_DBACCESS_DENIED_ERROR, ErrorKind::denied},
    ErrorClass{ER_BAD_DB_ERROR, ErrorKind::denied},
    ErrorClass{ER_HOST_NOT_PRIVILEGED, ErrorKind::denied},
    ErrorClass{ER_TABLEACCESS_DENIED_ERROR, ErrorKind::denied},
    ErrorClass{ER_COLUMNACCESS_DENIED_ERROR, ErrorKind::denied},
    ErrorClass{ER_SPECIFIC_ACCESS_DENIED_ERROR, ErrorKind::denied},
    ErrorClass{ER_MUST_CHANGE_PASSWORD, ErrorKind::denied},
    ErrorClass{CR_CONNECTION_ERROR, ErrorKind::unavailable},
    ErrorClass{CR_CONN_HOST_ERROR, ErrorKind::unavailable},
    ErrorClass{CR_UNKNOWN_HOST, ErrorKind::unavailable},
    ErrorClass{CR_SERVER_GONE_ERROR, ErrorKind::unavailable},
    ErrorClass{CR_SERVER_LOST, ErrorKind::unavailable},
    ErrorClass{CR_SERVER_LOST_EXTENDED, ErrorKind::unavailable},
    ErrorClass{ER_CON_COUNT_ERROR, ErrorKind::unavailable},
    ErrorClass{ER_SERVER_SHUTDOWN, ErrorKind::unavailable},
    ErrorClass{ER_NORMAL_SHUTDOWN, ErrorKind::unavailable},
    ErrorClass{ER_ABORTING_CONNECTION, ErrorKind::unavailable},
    ErrorClass{ER_NET_READ_ERROR, ErrorKind::unavailable},
    ErrorClass{ER_HOST_IS_BLOCKED, ErrorKind::unavailable},
    ErrorClass{ER_OPTION_PREVENTS_STATEMENT, ErrorKind::unavailable},
    ErrorClass{ER_DISK_FULL, ErrorKind::unavailable},
    ErrorClass{ER_RECORD_FILE_FULL, ErrorKind::unavailable},
    ErrorClass{kWsrepNotReady, ErrorKind::unavailable},
    ErrorClass{kConnectionKilled, ErrorKind::unavailable},
    ErrorClass{kStatementTimeout, ErrorKind::timeout},
    ErrorClass{ER_DUP_ENTRY, ErrorKind::conflict},
    ErrorClass{ER_LOCK_DEADLOCK, ErrorKind::conflict},
    ErrorClass{ER_LOCK_WAIT_TIMEOUT, ErrorKind::conflict},
    ErrorClass{ER_CHECKREAD, ErrorKind::conflict},
    ErrorClass{ER_NO_REFERENCED_ROW_2, ErrorKind::conflict},
    ErrorClass{ER_ROW_IS_REFERENCED_2, ErrorKind::conflict},
    ErrorClass{ER_DATA_TOO_LONG, ErrorKind::invalid_input},
    ErrorClass{ER_WARN_DATA_OUT_OF_RANGE, ErrorKind::invalid_input},
    ErrorClass{ER_TRUNCATED_WRONG_VALUE, ErrorKind::invalid_input},
    ErrorClass{ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ErrorKind::invalid_input},
    ErrorClass{ER_BAD_NULL_ERROR, ErrorKind::invalid_input},
    ErrorClass{ER_NET_PACKET_TOO_LARGE, ErrorKind::too_large},
};

// The server says "... for column `db`.`monitor`.`name` at row 1" or "... for column 'name' at row
// 1".
std::string named_column(std::string_view message) {
    const auto at = message.find("column ");
    if (at == std::string_view::npos) return {};
    auto rest = message.substr(at + 7);
    rest = rest.substr(0, rest.find(' '));
    if (const auto dot = rest.rfind('.'); dot != std::string_view::npos)
        rest.remove_prefix(dot + 1);
    std::string name(rest);
    std::erase_if(name, [](char c) { return c == '\'' || c == '`'; });
    return name;
}

}  // namespace

Failure database_failure(unsigned int code, std::string_view message, std::string_view where) {
    const auto* known = std::find_if(kClasses.begin(), kClasses.end(),
                                     [&](const ErrorClass& c) { return c.code == code; });
    Failure failure;
    failure.kind = known == kClasses.end() ? ErrorKind::internal : known->kind;
    failure.message = fmt::format("database {}: {} (error {})", where, message, code);
    if (failure.kind == ErrorKind::invalid_input) failure.field = named_column(message);
    return failure;
}

bool is_retryable(unsigned int code) {
    // A deadlock over the lock of a table's AUTO_INCREMENT is told as ER_AUTOINC_READ_FAILED.
    return code == ER_LOCK_DEADLOCK || code == ER_LOCK_WAIT_TIMEOUT || code == ER_CHECKREAD ||
           code == ER_AUTOINC_READ_FAILED;
}

bool is_connection_lost(unsigned int code) {
    return (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR) || code == CR_CONNECTION_ERROR ||
           code == ER_SERVER_SHUTDOWN || code == ER_NORMAL_SHUTDOWN ||
           code == ER_ABORTING_CONNECTION || code == kConnectionKilled;
}

Result<void> check_server_version(std::string_view version) {
    int major = 0;
    int minor = 0;
    const std::string text(version);
    const bool is_mariadb = text.find("MariaDB") != std::string::npos;
    const bool parsed = std::sscanf(text.c_str(), "%d.%d", &major, &minor) == 2;
    if (is_mariadb && parsed && (major > 10 || (major == 10 && minor >= 6))) return {};
    return Failure{ErrorKind::invalid_input,
                   fmt::format("the database server is {}{}; MariaDB 10.6 or newer is needed",
                               is_mariadb ? "" : "not MariaDB but ", text),
                   {}};
}

}  // namespace higuma::store
