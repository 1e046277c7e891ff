#include "api/auth.hpp"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <unordered_map>

#include "api/auth_tokens.hpp"
#include "base/log.hpp"
#include "store/users.hpp"

namespace higuma::api {
namespace {

constexpr std::size_t kHashThreads = 2;
constexpr std::size_t kHashQueueLimit = 64;
constexpr std::size_t kCacheLimit = 10'000;
constexpr std::size_t kAddressLimit = 10'000;
constexpr std::size_t kKeyTries = 60;
constexpr std::size_t kLoginTries = 20;
constexpr Seconds kCacheTime{60};
constexpr std::size_t kLongestName = 255, kLongestPassword = 1024;
// Compared with when there is no such user, so that the time taken does not tell.
constexpr const char* kNobodysHash = "$2b$10$abcdefghijklmnopqrstuu37RkUr9H1EPO4Rc63Ngz60LSVREthYa";

Failure refused(std::string message) { return {ErrorKind::unauthorized, std::move(message), ""}; }
Failure too_many_tries() {
    return {ErrorKind::overloaded, "Too many failed tries; wait a minute.", ""};
}

// API keys that were verified not long ago, by the SHA-256 of their text.
class KeyCache {
  public:
    std::optional<Principal> find(const std::string& digest, Instant now) const {
        const auto found = entries_.find(digest);
        if (found == entries_.end() || found->second.until <= now) return std::nullopt;
        return found->second.principal;
    }
    void put(const std::string& digest, Principal principal, Instant now) {
        const bool is_new =
            entries_.insert_or_assign(digest, Entry{principal, now + kCacheTime}).second;
        if (is_new) order_.push_back(digest);
        while (order_.size() > kCacheLimit) {
            entries_.erase(order_.front());
            order_.pop_front();
        }
    }

  private:
    struct Entry {
        Principal principal;
        Instant until;
    };
    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::string> order_;  // oldest first
};

// One verification of a key under way; who brings the same key meanwhile waits for its end.
struct Verification {
    explicit Verification(boost::asio::any_io_executor executor) : ended(executor) {
        ended.expires_at(boost::asio::steady_timer::time_point::max());
    }
    boost::asio::steady_timer ended;  // cancelled at the end
    std::optional<Result<Principal>> outcome;
};

}  // namespace

struct Authenticator::Impl : std::enable_shared_from_this<Authenticator::Impl> {
    Impl(boost::asio::any_io_executor executor_, std::shared_ptr<const Clock> clock_,
         store::Database& db_)
        : executor(std::move(executor_)), clock(std::move(clock_)), db(db_), pool(kHashThreads) {}

    Task<Result<bool>> verify_on_pool(std::string password, std::string hash, Deadline deadline);
    Task<Result<std::string>> secret(Deadline deadline);
    Task<Result<Principal>> check_key(std::string key, std::string remote, Deadline deadline);
    Task<Result<Principal>> check_unknown_key(std::string key, std::string digest,
                                              std::string remote, Deadline deadline);
    Task<Result<Principal>> wait_for(std::shared_ptr<Verification> other, Deadline deadline);
    Task<Result<Principal>> verify_key(KeyParts parts, Deadline deadline);
    Task<Result<Principal>> check_token(std::string token, Deadline deadline);
    Task<Result<std::string>> log_in(std::string username, std::string password, Deadline deadline);

    boost::asio::any_io_executor executor;
    std::shared_ptr<const Clock> clock;
    store::Database& db;
    boost::asio::thread_pool pool;
    std::shared_ptr<std::atomic<bool>> closing = std::make_shared<std::atomic<bool>>(false);
    std::size_t hashing = 0;
    KeyCache keys;
    // By the key's digest; bounded by the queue of the hashing pool.
    std::unordered_map<std::string, std::shared_ptr<Verification>> under_way;
    TryLimiter key_tries{kKeyTries, kAddressLimit};
    TryLimiter login_tries{kLoginTries, kAddressLimit};
    std::string secret_value;
    Instant secret_until{};
};

Authenticator::Authenticator(boost::asio::any_io_executor executor,
                             std::shared_ptr<const Clock> clock, store::Database& db)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(clock), db)) {}

Authenticator::~Authenticator() {
    impl_->closing->store(true);
    impl_->pool.join();
}

Task<Result<bool>> Authenticator::Impl::verify_on_pool(std::string password, std::string hash,
                                                       Deadline deadline) {
    if (hashing >= kHashQueueLimit) {
        co_return Failure{ErrorKind::overloaded, "Too many passwords are being checked.", ""};
    }
    ++hashing;
    auto work = [](std::string text, std::string stored, Deadline until,
                   std::shared_ptr<const Clock> now,
                   std::shared_ptr<std::atomic<bool>> stop) -> Task<std::optional<bool>> {
        if (stop->load() || until.passed(now->now())) co_return std::nullopt;
        co_return bcrypt_verify(text, stored);
    };
    auto job = work(std::move(password), std::move(hash), deadline, clock, closing);
    const auto good = co_await boost::asio::co_spawn(pool.get_executor(), std::move(job),
                                                     boost::asio::use_awaitable);
    --hashing;
    if (!good) co_return Failure{ErrorKind::timeout, "Checking the password took too long.", ""};
    co_return *good;
}

Task<Result<std::string>> Authenticator::Impl::secret(Deadline deadline) {
    if (clock->now() < secret_until) co_return secret_value;
    auto job = [](store::Connection& c) { return store::jwt_secret(c); };
    auto read = co_await db.run(deadline, job);
    if (!read) co_return read.error();
    secret_value = *read;
    secret_until = clock->now() + kCacheTime;
    co_return secret_value;
}

Task<Result<Principal>> Authenticator::Impl::check_key(std::string key, std::string remote,
                                                       Deadline deadline) {
    auto digest = sha256(key);
    if (auto known = keys.find(digest, clock->now())) co_return *known;
    const auto other = under_way.find(digest);
    if (other != under_way.end()) co_return co_await wait_for(other->second, deadline);
    co_return co_await check_unknown_key(std::move(key), std::move(digest), std::move(remote),
                                         deadline);
}

using namespace boost::asio::experimental::awaitable_operators;

Task<Result<Principal>> Authenticator::Impl::wait_for(std::shared_ptr<Verification> other,
                                                      Deadline deadline) {
    if (!other->outcome) {
        boost::asio::steady_timer patience(
            executor, std::min<Duration>(deadline.remaining(clock->now()), kCacheTime));
        auto ended = other->ended.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        auto passed = patience.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        co_await (std::move(ended) || std::move(passed));
    }
    if (other->outcome) co_return *other->outcome;
    co_return Failure{ErrorKind::timeout, "Checking the API key took too long.", ""};
}

Task<Result<Principal>> Authenticator::Impl::check_unknown_key(std::string key, std::string digest,
                                                               std::string remote,
                                                               Deadline deadline) {
    auto parts = parse_api_key(key);
    if (!parts) co_return refused("The API key is not valid.");
    if (!key_tries.take(remote, clock->now())) co_return too_many_tries();
    auto mine = std::make_shared<Verification>(executor);
    under_way.emplace(digest, mine);
    auto principal = co_await verify_key(std::move(*parts), deadline);
    under_way.erase(digest);
    // Only a wrong key counts as a try, not a success or a database that is away.
    if (principal || principal.error().kind != ErrorKind::unauthorized) key_tries.give_back(remote);
    if (principal) keys.put(digest, *principal, clock->now());
    mine->outcome = principal;
    mine->ended.cancel();
    co_return principal;
}

Task<Result<Principal>> Authenticator::Impl::verify_key(KeyParts parts, Deadline deadline) {
    auto job = [id = parts.id](store::Connection& c) { return store::get_api_key(c, id); };
    auto stored = co_await db.run(deadline, job);
    if (!stored) {
        if (stored.error().kind != ErrorKind::not_found) co_return stored.error();
        co_return refused("The API key is not valid.");
    }
    if (!stored->active || stored->expired) co_return refused("The API key is not valid.");
    auto good = co_await verify_on_pool(parts.secret, stored->key_hash, deadline);
    if (!good) co_return good.error();
    if (!*good) co_return refused("The API key is not valid.");
    co_return Principal{Principal::Kind::api_key, stored->name, stored->user};
}

Task<Result<Principal>> Authenticator::Impl::check_token(std::string token, Deadline deadline) {
    auto key = co_await secret(deadline);
    if (!key) co_return key.error();
    const auto claims = verify_token(*key, token, clock->wall_now());
    if (!claims) co_return refused("The token is not valid or has expired.");
    if (claims->issuer == "higuma" && claims->subject == "controller" && claims->expires) {
        co_return Principal{Principal::Kind::service, "controller", std::nullopt};
    }
    if (claims->username.empty()) co_return refused("The token is not valid or has expired.");
    auto job = [name = claims->username](store::Connection& c) {
        return store::get_user_by_name(c, name);
    };
    auto user = co_await db.run(deadline, job);
    if (!user && user.error().kind != ErrorKind::not_found) co_return user.error();
    // A changed password changes the mark, which ends the tokens made before.
    if (!user || !user->active ||
        !same_secret(claims->password_mark, shake256_hex(user->password_hash, 16))) {
        co_return refused("The token is not valid or has expired.");
    }
    co_return Principal{Principal::Kind::user, user->username, user->id};
}

Task<Result<Principal>> Authenticator::authenticate(std::optional<std::string> authorization,
                                                    std::string remote, Deadline deadline) {
    const auto impl = impl_;
    if (!authorization || authorization->empty()) {
        co_return refused("An API key or a token in the Authorization header is needed.");
    }
    const auto credential = credential_of(*authorization);
    if (!credential || credential->empty()) {
        co_return refused("The Authorization header is neither Bearer, Basic nor a bare key.");
    }
    if (credential->starts_with("uk"))
        co_return co_await impl->check_key(*credential, remote, deadline);
    co_return co_await impl->check_token(*credential, deadline);
}

Task<Result<std::string>> Authenticator::Impl::log_in(std::string username, std::string password,
                                                      Deadline deadline) {
    struct Account {
        store::User user;
        bool second_factor = false;
    };
    auto job = [username](store::Connection& c) -> Result<Account> {
        auto user = store::get_user_by_name(c, username);
        if (!user) return user.error();
        auto row =
            c.query("SELECT twofa_status FROM `user` WHERE id = " + std::to_string(user->id.value));
        if (!row) return row.error();
        return Account{*user, row->size() > 0 && row->integer(0, 0) != 0};
    };
    auto account = co_await db.run(deadline, job);
    if (!account && account.error().kind != ErrorKind::not_found) co_return account.error();
    const bool known = account.has_value() && account->user.active;
    std::string hash = known ? account->user.password_hash : kNobodysHash;
    auto good = co_await verify_on_pool(std::move(password), std::move(hash), deadline);
    if (!good) co_return good.error();
    if (!known || !*good) co_return refused("Incorrect username or password.");
    if (account->second_factor) {
        co_return refused("This account has a second factor: use an API key here.");
    }
    auto key = co_await secret(deadline);
    if (!key) co_return key.error();
    co_return make_user_token(*key, account->user.username, account->user.password_hash,
                              clock->wall_now());
}

Task<Result<std::string>> Authenticator::login(std::string username, std::string password,
                                               std::string remote, Deadline deadline) {
    const auto impl = impl_;
    if (username.size() > kLongestName || password.size() > kLongestPassword) {
        co_return refused("Incorrect username or password.");
    }
    if (!impl->login_tries.take(remote, impl->clock->now())) co_return too_many_tries();
    auto token = co_await impl->log_in(std::move(username), std::move(password), deadline);
    if (token || token.error().kind != ErrorKind::unauthorized) impl->login_tries.give_back(remote);
    co_return token;
}

}  // namespace higuma::api
