// Whose push it is, from the database, for many pushes by one statement: what comes while a look-up
// is under way goes together into the next. A lone push does not wait for others.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "store/monitors.hpp"

namespace higuma::api {

class PushLookup : public std::enable_shared_from_this<PushLookup> {
  public:
    PushLookup(store::Database& db, std::shared_ptr<const Clock> clock)
        : db_(db), clock_(std::move(clock)) {}

    // Failures: not_found, overloaded, timeout, unavailable, as the database has them.
    Task<Result<store::PushTarget>> find(std::string token, Deadline deadline);

    struct Stats {
        std::size_t waiting = 0, limit = 0;
        std::uint64_t tokens = 0, statements = 0;
    };
    Stats stats() const;

  private:
    struct Wanted;
    Task<> work();

    store::Database& db_;
    std::shared_ptr<const Clock> clock_;
    std::deque<std::shared_ptr<Wanted>> waiting_;
    std::size_t running_ = 0;  // statements under way
    std::uint64_t tokens_ = 0, statements_ = 0;
};

}  // namespace higuma::api
