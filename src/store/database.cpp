#include "store/database.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace higuma::store {

namespace asio = boost::asio;

namespace {

enum class JobState { queued, connecting, running, done, given_up };

// After a failed connect a thread leaves the server alone for this long and refuses jobs at once.
constexpr Millis kConnectBackOff{250};

const Failure kTooLate{ErrorKind::timeout, "the database did not answer in time", {}};
const Failure kClosed{ErrorKind::unavailable, "the database pool is closed", {}};

// One call of run(). Guarded by the pool's mutex, but for `finished`, which the caller's executor
// owns.
struct PendingJob {
    std::function<void(Connection&)> work;
    JobState state = JobState::queued;
    std::optional<Failure> failure;
    std::size_t worker = 0;  // while running
    // How the caller is woken; both gone when it has left.
    std::optional<asio::any_io_executor> executor;
    asio::steady_timer* timer = nullptr;
    bool finished = false;
};
using Pending = std::shared_ptr<PendingJob>;

}  // namespace

struct Database::Impl {
    Impl(std::size_t limit, std::shared_ptr<const Clock> c)
        : queue_limit(limit), clock(std::move(c)) {}

    void work(std::size_t worker);
    Pending next_job(std::unique_lock<std::mutex>& lock);
    std::optional<Failure> run_one(std::size_t worker, PendingJob& job,
                                   std::unique_lock<std::mutex>& lock);
    std::optional<Failure> connect(std::size_t worker, std::unique_lock<std::mutex>& lock);
    void finish(const Pending& job, std::optional<Failure> failure);
    std::optional<Failure> enqueue(const Pending& job);
    bool give_up(const Pending& job);
    void leave(const Pending& job);
    void close();

    mutable std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable ended;
    std::deque<Pending> queue;
    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<Instant> no_connect_before;
    std::vector<std::thread> threads;
    const std::size_t queue_limit;
    const std::shared_ptr<const Clock> clock;
    DatabaseStats counters;
    Failure last_failure;  // of connecting
    bool closing = false;
};

Pending Database::Impl::next_job(std::unique_lock<std::mutex>& lock) {
    wake.wait(lock, [&] { return closing || !queue.empty(); });
    if (closing) return nullptr;
    auto job = std::move(queue.front());
    queue.pop_front();
    return job;
}

void Database::Impl::work(std::size_t worker) {
    std::unique_lock lock(mutex);
    while (auto job = next_job(lock)) {
        auto failure = run_one(worker, *job, lock);
        finish(job, std::move(failure));
    }
}

// Called and left with the lock held; not held while it connects or works.
std::optional<Failure> Database::Impl::run_one(std::size_t worker, PendingJob& job,
                                               std::unique_lock<std::mutex>& lock) {
    job.state = JobState::connecting;
    if (auto failure = connect(worker, lock)) return failure;
    if (job.state == JobState::given_up) return kTooLate;
    job.state = JobState::running;
    job.worker = worker;
    ++counters.jobs;
    lock.unlock();
    std::optional<Failure> failure;
    try {
        job.work(*connections[worker]);
        job.work = nullptr;  // what it holds is the caller's: it ends before the caller goes on
    } catch (const std::exception& thrown) {
        failure = Failure{
            ErrorKind::internal, fmt::format("a database job threw: {}", thrown.what()), {}};
    }
    lock.lock();
    if (!connections[worker]->connected()) ++counters.lost;
    return failure;
}

std::optional<Failure> Database::Impl::connect(std::size_t worker,
                                               std::unique_lock<std::mutex>& lock) {
    auto& connection = *connections[worker];
    if (!connection.connected() && clock->now() < no_connect_before[worker]) return last_failure;
    lock.unlock();
    auto ready = connection.refresh();
    lock.lock();
    counters.reachable = ready.has_value();
    if (ready) return std::nullopt;
    no_connect_before[worker] = clock->now() + kConnectBackOff;
    counters.last_error = ready.error().message;
    last_failure = ready.error();
    return last_failure;
}

// With the lock held. The caller may be gone already (`given_up`).
void Database::Impl::finish(const Pending& job, std::optional<Failure> failure) {
    if (job->state == JobState::given_up) return;
    job->state = JobState::done;
    job->failure = std::move(failure);
    ended.notify_all();
    if (!job->executor) return;
    asio::post(*job->executor, [job] {
        job->finished = true;
        if (job->timer != nullptr) job->timer->cancel();
    });
}

std::optional<Failure> Database::Impl::enqueue(const Pending& job) {
    const std::lock_guard lock(mutex);
    if (closing) return kClosed;
    if (queue.size() >= queue_limit) {
        ++counters.refused;
        return Failure{ErrorKind::overloaded, "too much waits for the database already", {}};
    }
    queue.push_back(job);
    wake.notify_one();
    return std::nullopt;
}

// The caller waits no longer. True: the job was not started and never will be. False: it is
// running; its connection is broken, so that it ends soon.
bool Database::Impl::give_up(const Pending& job) {
    const std::lock_guard lock(mutex);
    ++counters.timed_out;
    if (job->state == JobState::running) {
        connections[job->worker]->interrupt();
        return false;
    }
    if (job->state == JobState::done) return false;
    if (job->state == JobState::queued) std::erase(queue, job);
    job->state = JobState::given_up;
    return true;
}

// The caller is done, or was destroyed with its loop: nothing of its may be used from here on.
void Database::Impl::leave(const Pending& job) {
    std::unique_lock lock(mutex);
    job->executor.reset();
    job->timer = nullptr;
    if (job->state == JobState::queued) std::erase(queue, job);
    if (job->state == JobState::queued || job->state == JobState::connecting) {
        job->state = JobState::given_up;
    }
    if (job->state == JobState::running) connections[job->worker]->interrupt();
    ended.wait(lock, [&] { return job->state != JobState::running; });
    job->work = nullptr;
}

void Database::Impl::close() {
    {
        const std::lock_guard lock(mutex);
        closing = true;
        for (const auto& job : queue) finish(job, kClosed);
        queue.clear();
    }
    wake.notify_all();
    for (auto& thread : threads) thread.join();
}

Database::Database(DatabaseConfig config, std::size_t threads, std::size_t queue_limit,
                   std::shared_ptr<const Clock> clock)
    : impl_(std::make_shared<Impl>(queue_limit, std::move(clock))) {
    impl_->counters.queue_limit = queue_limit;
    impl_->counters.threads = threads;
    impl_->no_connect_before.resize(threads);
    for (std::size_t i = 0; i < threads; ++i) {
        impl_->connections.push_back(std::make_unique<Connection>(config));
    }
    for (std::size_t i = 0; i < threads; ++i) {
        impl_->threads.emplace_back([impl = impl_.get(), i] { impl->work(i); });
    }
}

Database::~Database() { impl_->close(); }

Task<Result<void>> Database::run_erased(Deadline deadline, std::function<void(Connection&)> work) {
    const auto impl = impl_;
    const auto now = impl->clock->now();
    if (deadline.passed(now)) co_return kTooLate;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const auto job = std::make_shared<PendingJob>();
    job->work = std::move(work);
    job->executor = timer.get_executor();
    job->timer = &timer;
    struct Caller {
        Impl& pool;
        Pending job;
        ~Caller() { pool.leave(job); }
    };
    const Caller caller{*impl, job};
    if (auto refused = impl->enqueue(job)) co_return *refused;

    // A cancelled caller still waits until its job is off the thread: the job may use what is its.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto span = deadline.remaining(now);
    if (span == Duration::max()) {
        timer.expires_at(asio::steady_timer::time_point::max());
    } else {
        timer.expires_after(span);
    }
    bool given_up = false;
    while (!job->finished) {
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (job->finished || given_up) continue;
        given_up = true;
        if (impl->give_up(job)) {
            job->failure = kTooLate;
            break;
        }
        timer.expires_at(asio::steady_timer::time_point::max());
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    Result<void> outcome;
    if (job->failure) outcome = *job->failure;
    co_return outcome;
}

DatabaseStats Database::stats() const {
    const std::lock_guard lock(impl_->mutex);
    auto stats = impl_->counters;
    stats.queued = impl_->queue.size();
    return stats;
}

}  // namespace higuma::store
