#include "checks/json_queries.hpp"

#include <boost/asio/post.hpp>
#include <optional>

#include "net/errors.hpp"
#include "net/wake_up.hpp"

namespace higuma::checks {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxPending = 4096;
constexpr std::size_t kMaxPendingBytes = 64 << 20;
constexpr Seconds kMostTime{2};

}  // namespace

struct JsonQueries::Job {
    Job(const asio::any_io_executor& executor, JsonQuestion q, Instant u)
        : question(std::move(q)), until(u), wake(executor) {}
    JsonQuestion question;
    Instant until;
    std::atomic<bool> abandoned{false};
    std::optional<JsonVerdict> verdict;  // the loop's once it was posted there
    net::WakeUp wake;
};

JsonQueries::JsonQueries(asio::any_io_executor executor, const Clock& clock, int threads)
    : executor_(executor),
      clock_(clock),
      pool_(std::make_unique<asio::thread_pool>(static_cast<std::size_t>(threads))) {}

JsonQueries::~JsonQueries() {
    stop_ = true;
    pool_->stop();
    pool_->join();
}

// On a thread of the pool.
void JsonQueries::run(Job& job) {
    if (job.abandoned) return;
    std::unique_ptr<JsonEngine> engine;
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            engine = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!engine) {
        engine = std::make_unique<JsonEngine>(stop_, clock_);
        ++engines_made_;
    }
    job.verdict = engine->ask(job.question, std::min(job.until, clock_.now() + kMostTime));
    if (!engine->sound()) return;
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(engine));
}

Task<Result<JsonVerdict>> JsonQueries::ask(JsonQuestion question, Deadline deadline) {
    const std::size_t bytes = question.body.size() + question.path.size();
    if (pending_ >= kMaxPending || pending_bytes_ + bytes > kMaxPendingBytes) {
        ++refused_;
        co_return Failure{ErrorKind::overloaded, "too many JSON queries are waiting", ""};
    }
    ++asked_;
    ++pending_;
    pending_bytes_ += bytes;
    const Instant now = clock_.now();
    const Duration left = std::min<Duration>(deadline.remaining(now), std::chrono::hours{1});
    const auto job = std::make_shared<Job>(executor_, std::move(question), now + left);
    asio::post(*pool_, [this, job, executor = executor_] {
        run(*job);
        // Only what the loop lives for is used there: this object may be gone by then.
        asio::post(executor, [job] { job->wake.notify(); });
    });
    const net::Woken woken = co_await job->wake.wait(clock_, deadline);
    --pending_;
    pending_bytes_ -= bytes;
    if (woken == net::Woken::by_event && job->verdict) co_return std::move(*job->verdict);
    job->abandoned = true;
    if (woken == net::Woken::by_deadline) co_return net::timeout_failure(left);
    co_return net::cancelled_failure();
}

JsonQueries::Stats JsonQueries::stats() const {
    return {pending_, kMaxPending, asked_, refused_, engines_made_};
}

}  // namespace higuma::checks
