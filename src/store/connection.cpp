#include <errmsg.h>
#include <fmt/format.h>
#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

#include "store/database.hpp"
#include "store/errors.hpp"
#include "store/rows.hpp"
#include "store/sql.hpp"

namespace higuma::store {

namespace {

constexpr int kTransactionTries = 5;

struct CloseHandle {
    void operator()(MYSQL* handle) const { mysql_close(handle); }
};
struct FreeResult {
    void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Handle = std::unique_ptr<MYSQL, CloseHandle>;
using ResultSet = std::unique_ptr<MYSQL_RES, FreeResult>;

class FetchedRow final : public RowView {
  public:
    FetchedRow(MYSQL_ROW row, const unsigned long* lengths, unsigned int columns)
        : row_(row), lengths_(lengths), columns_(columns) {}
    Cell text(std::size_t column) const override {
        if (column >= columns_) throw std::out_of_range("no such column in the result");
        if (row_[column] == nullptr) return std::nullopt;
        return std::string_view(row_[column], lengths_[column]);
    }

  private:
    MYSQL_ROW row_;
    const unsigned long* lengths_;
    unsigned int columns_;
};

unsigned int whole_seconds(Millis span) {
    return static_cast<unsigned int>(std::max<std::int64_t>(1, (span.count() + 999) / 1000));
}

// Of different length for each thread, or two that met would meet again.
void pause_before_retry(int tried) {
    thread_local std::minstd_rand random(std::random_device{}());
    const int longest = 10 * tried * tried;
    std::this_thread::sleep_for(Millis{std::uniform_int_distribution<int>(1, longest)(random)});
}

}  // namespace

struct Connection::Impl {
    explicit Impl(DatabaseConfig c) : config(std::move(c)) {
        where =
            config.socket.empty() ? fmt::format("{}:{}", config.host, config.port) : config.socket;
    }

    Result<void> open();
    Result<void> start_session();
    Result<void> ready();
    Result<void> send(std::string_view sql);
    Result<Rows> read_rows();
    Result<void> read_each(const std::function<void(const RowView&)>& on_row);
    Failure fail();
    void close();
    Result<void> run_transaction(Connection& self,
                                 const std::function<Result<void>(Connection&)>& body);
    template <class Statement>
    auto again_after_deadlock(Statement statement) -> decltype(statement());

    DatabaseConfig config;
    std::string where;
    std::string version;
    Handle handle;
    unsigned int last_code = 0;
    std::uint64_t statements = 0;
    bool in_transaction = false;
    bool deadlocked = false;  // within this transaction
    std::atomic<bool> interrupted = false;
    std::mutex socket_mutex;  // guards `socket` against its reuse while it is interrupted
    int socket = -1;
};

void Connection::Impl::close() {
    {
        const std::lock_guard lock(socket_mutex);
        socket = -1;
    }
    handle.reset();
}

// The failure of the last call; a lost connection is closed.
Failure Connection::Impl::fail() {
    const int system_error = errno;
    last_code = mysql_errno(handle.get());
    auto failure = database_failure(last_code, mysql_error(handle.get()), where);
    if (is_retryable(last_code)) deadlocked = true;
    if (!is_connection_lost(last_code)) return failure;
    close();
    if (interrupted) {
        failure = {ErrorKind::timeout, fmt::format("database {}: no answer in time", where), {}};
    } else if (system_error == ETIMEDOUT || system_error == EAGAIN) {
        failure.kind = ErrorKind::timeout;
    }
    return failure;
}

Result<void> Connection::Impl::open() {
    static std::once_flag once;
    std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
    close();
    handle.reset(mysql_init(nullptr));
    invariant(handle != nullptr, "mysql_init: out of memory");
    const unsigned int connect_seconds = whole_seconds(config.connect_timeout);
    // The server ends a long statement first and the connection lives on; this is for a silent
    // server.
    const unsigned int wait_seconds = whole_seconds(config.query_timeout) + 1;
    const unsigned int no_local_files = 0;
    const unsigned int protocol =
        config.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    mysql_options(handle.get(), MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
    mysql_options(handle.get(), MYSQL_OPT_READ_TIMEOUT, &wait_seconds);
    mysql_options(handle.get(), MYSQL_OPT_WRITE_TIMEOUT, &wait_seconds);
    mysql_options(handle.get(), MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(handle.get(), MYSQL_OPT_LOCAL_INFILE, &no_local_files);
    mysql_options(handle.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const char* path = config.socket.empty() ? nullptr : config.socket.c_str();
    const char* host = config.socket.empty() ? config.host.c_str() : nullptr;
    // With CLIENT_FOUND_ROWS an UPDATE counts the rows that it matched, changed or not.
    errno = 0;
    if (mysql_real_connect(handle.get(), host, config.user.c_str(), config.password.c_str(),
                           config.name.c_str(), static_cast<unsigned int>(config.port), path,
                           CLIENT_FOUND_ROWS) == nullptr) {
        auto failure = fail();
        if (failure.kind == ErrorKind::timeout || failure.kind == ErrorKind::internal) {
            failure.kind = ErrorKind::unavailable;
        }
        handle.reset();
        return failure;
    }
    version = mysql_get_server_info(handle.get());
    if (auto supported = check_server_version(version); !supported) {
        close();
        supported.error().message = fmt::format("{}: {}", where, supported.error().message);
        return supported;
    }
    {
        const std::lock_guard lock(socket_mutex);
        socket = static_cast<int>(mysql_get_socket(handle.get()));
    }
    return start_session();
}

Result<void> Connection::Impl::start_session() {
    const double statement_limit = static_cast<double>(config.query_timeout.count()) / 1000.0;
    const auto lock_wait = std::max(1U, whole_seconds(config.query_timeout) / 2);
    for (const std::string& sql :
         {sql_format("SET SESSION time_zone='+00:00', max_statement_time=?, "
                     "innodb_lock_wait_timeout=?, group_concat_max_len=1048576, "
                     "sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
                     "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
                     statement_limit, lock_wait),
          std::string("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")}) {
        if (auto sent = send(sql); !sent) {
            close();
            return sent;
        }
    }
    return {};
}

// Connects when needed. Within a transaction a lost connection stays lost: the rest of the
// transaction must not run on a new one.
Result<void> Connection::Impl::ready() {
    if (interrupted) {
        return Failure{
            ErrorKind::timeout, fmt::format("database {}: no answer in time", where), {}};
    }
    if (handle) return {};
    if (in_transaction) {
        return Failure{
            ErrorKind::unavailable, fmt::format("database {}: the connection was lost", where), {}};
    }
    return open();
}

Result<void> Connection::Impl::send(std::string_view sql) {
    errno = 0;
    last_code = 0;
    ++statements;
    if (mysql_real_query(handle.get(), sql.data(), sql.size()) != 0) return fail();
    return {};
}

Result<void> Connection::Impl::read_each(const std::function<void(const RowView&)>& on_row) {
    const ResultSet result(mysql_use_result(handle.get()));
    if (!result) {
        if (mysql_errno(handle.get()) != 0) return fail();
        return {};
    }
    const unsigned int columns = mysql_num_fields(result.get());
    errno = 0;
    while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
        on_row(FetchedRow(row, mysql_fetch_lengths(result.get()), columns));
    }
    if (mysql_errno(handle.get()) != 0) return fail();
    return {};
}

Result<Rows> Connection::Impl::read_rows() {
    auto rows = std::make_shared<Rows::Impl>();
    rows->columns = mysql_field_count(handle.get());
    auto done = read_each([&](const RowView& row) {
        for (std::size_t i = 0; i < rows->columns; ++i) rows->add(row.text(i));
    });
    if (!done) return done.error();
    return Rows(std::move(rows));
}

// A single statement that met a deadlock may simply run again; one within a transaction may not.
template <class Statement>
auto Connection::Impl::again_after_deadlock(Statement statement) -> decltype(statement()) {
    for (int tried = 1;; ++tried) {
        auto outcome = statement();
        if (outcome || in_transaction || !is_retryable(last_code) || tried == kTransactionTries) {
            return outcome;
        }
        pause_before_retry(tried);
    }
}

Connection::Connection(DatabaseConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Connection::~Connection() = default;

Result<void> Connection::connect() {
    impl_->interrupted = false;
    return impl_->open();
}

Result<Rows> Connection::query(std::string_view sql) {
    return impl_->again_after_deadlock([&]() -> Result<Rows> {
        if (auto ready = impl_->ready(); !ready) return ready.error();
        if (auto sent = impl_->send(sql); !sent) return sent.error();
        return impl_->read_rows();
    });
}

Result<void> Connection::stream(std::string_view sql,
                                const std::function<void(const RowView&)>& on_row) {
    if (auto ready = impl_->ready(); !ready) return ready;
    if (auto sent = impl_->send(sql); !sent) return sent;
    return impl_->read_each(on_row);
}

Result<Written> Connection::execute(std::string_view sql) {
    return impl_->again_after_deadlock([&]() -> Result<Written> {
        if (auto ready = impl_->ready(); !ready) return ready.error();
        if (auto sent = impl_->send(sql); !sent) return sent.error();
        const ResultSet unread(mysql_use_result(impl_->handle.get()));
        return Written{mysql_affected_rows(impl_->handle.get()),
                       mysql_insert_id(impl_->handle.get())};
    });
}

// One try: body and COMMIT, else ROLLBACK, also when the body throws.
Result<void> Connection::Impl::run_transaction(
    Connection& self, const std::function<Result<void>(Connection&)>& body) {
    struct Ended {
        Impl& impl;
        Connection& self;
        bool committed = false;
        ~Ended() {
            if (!committed && impl.handle && !self.execute("ROLLBACK")) impl.close();
            impl.in_transaction = false;
        }
    };
    if (auto begun = self.execute("START TRANSACTION"); !begun) return begun.error();
    in_transaction = true;
    Ended ended{*this, self};
    auto outcome = body(self);
    if (!outcome) return outcome;
    if (auto committed = self.execute("COMMIT"); !committed) return committed.error();
    ended.committed = true;
    return outcome;
}

Result<void> Connection::transaction(const std::function<Result<void>(Connection&)>& body) {
    invariant(!impl_->in_transaction, "a transaction within a transaction");
    for (int tried = 1;; ++tried) {
        impl_->deadlocked = false;
        auto outcome = impl_->run_transaction(*this, body);
        if (outcome || !impl_->deadlocked || !impl_->handle || tried == kTransactionTries) {
            return outcome;
        }
        pause_before_retry(tried);
    }
}

std::string Connection::quote(std::string_view text) const {
    std::string out;
    append_quoted(out, text);
    return out;
}

bool Connection::connected() const { return impl_->handle != nullptr; }
std::uint64_t Connection::statements() const { return impl_->statements; }

void Connection::set_query_timeout(Millis limit) {
    invariant(!impl_->in_transaction, "set_query_timeout within a transaction");
    impl_->config.query_timeout = limit;
    impl_->close();
}

Millis Connection::query_timeout() const { return impl_->config.query_timeout; }
std::string Connection::server_version() const { return impl_->version; }

Result<void> Connection::refresh() {
    impl_->interrupted = false;
    if (impl_->handle) {
        // An idle connection has nothing to say: what can be read now is its end.
        pollfd waiting{impl_->socket, POLLIN | POLLRDHUP, 0};
        if (::poll(&waiting, 1, 0) != 0) impl_->close();
    }
    return impl_->ready();
}

void Connection::interrupt() {
    impl_->interrupted = true;
    const std::lock_guard lock(impl_->socket_mutex);
    if (impl_->socket >= 0) ::shutdown(impl_->socket, SHUT_RDWR);
}

}  // namespace higuma::store
