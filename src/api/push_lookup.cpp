#include "api/push_lookup.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "net/wake_up.hpp"

namespace higuma::api {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxWaiting = 20'000;
constexpr std::size_t kTokensPerStatement = 128;
// A second one, so that a slow statement does not hold up those that come after it.
constexpr std::size_t kMaxRunning = 2;
constexpr Millis kStatementTime{2'000};

}  // namespace

struct PushLookup::Wanted {
    Wanted(asio::any_io_executor executor, std::string t)
        : token(std::move(t)), answered(std::move(executor)) {}
    std::string token;
    std::optional<Result<store::PushTarget>> answer;
    net::WakeUp answered;
};

Task<Result<store::PushTarget>> PushLookup::find(std::string token, Deadline deadline) {
    const auto self = shared_from_this();
    if (waiting_.size() >= kMaxWaiting) {
        co_return Failure{ErrorKind::overloaded, "too many pushes wait for the database", ""};
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto wanted = std::make_shared<Wanted>(executor, std::move(token));
    waiting_.push_back(wanted);
    ++tokens_;
    if (running_ < kMaxRunning) {
        ++running_;
        asio::co_spawn(executor, work(), asio::detached);
    }
    co_await wanted->answered.wait(*clock_, deadline);
    if (!wanted->answer) {
        co_return Failure{ErrorKind::timeout, "the database does not answer in time", ""};
    }
    co_return std::move(*wanted->answer);
}

// Ends when nothing waits any more.
Task<> PushLookup::work() {
    const auto self = shared_from_this();
    while (!waiting_.empty()) {
        std::vector<std::shared_ptr<Wanted>> batch;
        std::vector<std::string> tokens;
        while (!waiting_.empty() && batch.size() < kTokensPerStatement) {
            batch.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
            tokens.push_back(batch.back()->token);
        }
        ++statements_;
        auto job = [tokens = std::move(tokens)](store::Connection& c) {
            return store::find_push_targets(c, tokens);
        };
        const auto deadline = Deadline::after(*clock_, kStatementTime);
        const auto found = co_await db_.run(deadline, std::move(job));
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (!found) {
                batch[i]->answer = found.error();
            } else if (const auto& target = (*found)[i]) {
                batch[i]->answer = *target;
            } else {
                batch[i]->answer = Failure{ErrorKind::not_found, "there is no such monitor", ""};
            }
            batch[i]->answered.notify();
        }
    }
    --running_;
}

PushLookup::Stats PushLookup::stats() const {
    return {waiting_.size(), kMaxWaiting, tokens_, statements_};
}

}  // namespace higuma::api
