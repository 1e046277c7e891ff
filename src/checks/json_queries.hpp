// JSON queries off the main loop: a few threads, each with an engine of its own once it is needed.
// What waits is bounded in number and bytes; what does not fit is refused and counted.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "checks/json_engine.hpp"

namespace higuma::checks {

class JsonQueries {
  public:
    JsonQueries(boost::asio::any_io_executor executor, const Clock& clock, int threads = 2);
    ~JsonQueries();  // ends what runs

    // Failures: timeout, overloaded, unavailable (cancelled).
    Task<Result<JsonVerdict>> ask(JsonQuestion question, Deadline deadline);

    struct Stats {
        std::size_t pending = 0, limit = 0;
        std::uint64_t asked = 0, refused = 0, engines_made = 0;
    };
    Stats stats() const;

  private:
    struct Job;
    void run(Job& job);

    boost::asio::any_io_executor executor_;
    const Clock& clock_;
    std::size_t pending_ = 0, pending_bytes_ = 0;  // of the main loop
    std::uint64_t asked_ = 0, refused_ = 0;
    std::atomic<std::uint64_t> engines_made_{0};
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::vector<std::unique_ptr<JsonEngine>> idle_;  // at most one for each thread
    std::unique_ptr<boost::asio::thread_pool> pool_;
};

}  // namespace higuma::checks
