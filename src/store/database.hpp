// MariaDB behind a small owner of a connection and a bounded pool of threads: the main loop never
// blocks. Each job has a deadline; a full queue, a passed deadline and a lost server are different
// failures.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace higuma::store {

struct DatabaseConfig {
    std::string host = "mariadb";
    int port = 3306;
    std::string socket;  // a Unix socket path; wins over host and port when set
    std::string user = "kuma";
    std::string password;
    std::string name = "kuma";
    Millis connect_timeout{3'000};
    Millis query_timeout{5'000};  // of one statement, kept by the client and by the server
};

// A value read from a row; none is NULL.
using Cell = std::optional<std::string_view>;

class Rows {  // a whole result set in memory, owned here
  public:
    std::size_t size() const;
    // Throws std::out_of_range for a column or row that is not there (a bug, not an input).
    Cell text(std::size_t row, std::size_t column) const;
    std::int64_t integer(std::size_t row, std::size_t column, std::int64_t if_null = 0) const;
    double real(std::size_t row, std::size_t column, double if_null = 0) const;
    std::string string(std::size_t row, std::size_t column, std::string_view if_null = "") const;
    bool is_null(std::size_t row, std::size_t column) const;

    struct Impl;
    explicit Rows(std::shared_ptr<const Impl> impl);

  private:
    std::shared_ptr<const Impl> impl_;
};

// One row while it is being read; valid only within the call that receives it.
class RowView {
  public:
    virtual ~RowView() = default;
    virtual Cell text(std::size_t column) const = 0;
    std::int64_t integer(std::size_t column, std::int64_t if_null = 0) const;
    std::string string(std::size_t column, std::string_view if_null = "") const;
};

struct Written {
    std::uint64_t affected = 0;
    std::uint64_t last_insert_id = 0;
};

// One connection; used by one thread at a time. Reconnects on the next use after a loss.
class Connection {
  public:
    explicit Connection(DatabaseConfig config);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Failures: denied (wrong password, unknown database), unavailable (not reachable), timeout.
    Result<void> connect();
    // `sql` has values already in it, made by sql_format or quote.
    // Failures: unavailable, timeout, conflict (duplicate key, deadlock after retries),
    // invalid_input (a value that its column cannot hold; `field` names the column), internal.
    Result<Rows> query(std::string_view sql);
    // As query, but hands over row by row: for results that should not be held twice.
    Result<void> stream(std::string_view sql, const std::function<void(const RowView&)>& on_row);
    Result<Written> execute(std::string_view sql);
    // BEGIN, `body`, COMMIT; rolls back on failure; runs again (at most 5 times) after a deadlock.
    Result<void> transaction(const std::function<Result<void>(Connection&)>& body);
    // The text as a quoted and escaped SQL literal. Works without a connection.
    std::string quote(std::string_view text) const;
    bool connected() const;
    // All that were sent to the server so far, those that failed and COMMITs included.
    std::uint64_t statements() const;

    // The limit of one statement from now on (reconnects): migrations of large tables need hours.
    void set_query_timeout(Millis limit);
    Millis query_timeout() const;
    // The server's own words, such as "10.11.6-MariaDB"; empty before the first connect.
    std::string server_version() const;

    // For the owner of a pool. `refresh` connects, or drops and replaces a connection that the
    // server closed while it was idle. `interrupt` may be called from any thread: it breaks the
    // running statement and lets all further ones fail as `timeout` until the next refresh.
    Result<void> refresh();
    void interrupt();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct DatabaseStats {
    std::size_t queued = 0, queue_limit = 0, threads = 0;
    std::uint64_t jobs = 0, refused = 0, timed_out = 0, lost = 0;
    bool reachable = true;
    std::string last_error;
};

// Threads with a connection each, fed by one bounded queue. Results come back on the caller's
// executor, which must run one thing at a time (the main loop).
class Database {
  public:
    Database(DatabaseConfig config, std::size_t threads, std::size_t queue_limit,
             std::shared_ptr<const Clock> clock);
    ~Database();  // waits for the running jobs, refuses the queued ones

    // Runs `job(Connection&)` (returning Result<T>) on a database thread.
    // Adds failures: overloaded (queue full), timeout (the deadline passed: a queued job is never
    // started, a running one has its connection broken, so that its caller goes on at once; what a
    // broken COMMIT did is not known), unavailable (no connection; the job was not started).
    // When the caller is cancelled the same happens. The job is never still running when this
    // returns.
    template <class Job>
    auto run(Deadline deadline, Job job) -> Task<std::invoke_result_t<Job&, Connection&>> {
        using Answer = std::invoke_result_t<Job&, Connection&>;
        auto answer = std::make_shared<std::optional<Answer>>();
        std::function<void(Connection&)> erased = [answer, job](Connection& c) mutable {
            answer->emplace(job(c));
        };
        auto done = co_await run_erased(deadline, std::move(erased));
        if (!done) co_return done.error();
        co_return std::move(**answer);
    }

    DatabaseStats stats() const;

  private:
    Task<Result<void>> run_erased(Deadline deadline, std::function<void(Connection&)> job);
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::store
