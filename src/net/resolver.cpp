#include "net/resolver.hpp"

#include <fmt/format.h>

#include <charconv>
#include <list>
#include <map>

#include "net/ares_channel.hpp"
#include "net/errors.hpp"
#include "net/resolver_cache.hpp"
#include "net/wake_up.hpp"

namespace higuma::net {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxCached = 8'192;
constexpr std::size_t kMaxQueries = 1'024;
// With a last good address at hand nobody waits longer than this for a slow server.
constexpr Millis kPatienceWithFallback{500};

// One query under way and those who wait for its answer.
struct Lookup {
    std::optional<Result<AresChannel::Found>> answer;
    std::list<std::shared_ptr<WakeUp>> waiters;
};

}  // namespace

struct Resolver::Impl : std::enable_shared_from_this<Resolver::Impl> {
    Impl(asio::any_io_executor e, std::shared_ptr<const Clock> c, const std::string& server)
        : executor(e), clock(std::move(c)), channel(std::in_place, e, server) {}

    // The lookup that runs for the key, or a new one; `waiter` is woken by its answer.
    std::shared_ptr<Lookup> join(const ResolverCache::Key& key, std::shared_ptr<WakeUp> waiter);
    void answered(const ResolverCache::Key& key, Result<AresChannel::Found> found);
    Result<Answer> give_up(const ResolverCache::Key& key, Failure failure);
    bool may_query(const ResolverCache::Key& key) const;

    asio::any_io_executor executor;
    std::shared_ptr<const Clock> clock;
    ResolverCache cache{kMaxCached};
    std::map<ResolverCache::Key, std::shared_ptr<Lookup>> lookups;
    std::optional<AresChannel> channel;  // empty once the resolver is gone
    std::uint64_t queries = 0, failures = 0, served_stale = 0;
};

std::shared_ptr<Lookup> Resolver::Impl::join(const ResolverCache::Key& key,
                                             std::shared_ptr<WakeUp> waiter) {
    if (const auto running = lookups.find(key); running != lookups.end()) {
        running->second->waiters.push_back(std::move(waiter));
        return running->second;
    }
    const auto lookup = std::make_shared<Lookup>();
    lookup->waiters.push_back(std::move(waiter));
    lookups.emplace(key, lookup);
    ++queries;
    channel->query(key.first, key.second,
                   [weak = weak_from_this(), key](Result<AresChannel::Found> found) {
                       if (auto self = weak.lock()) self->answered(key, std::move(found));
                   });
    return lookup;
}

void Resolver::Impl::answered(const ResolverCache::Key& key, Result<AresChannel::Found> found) {
    if (found) {
        cache.store(key, found->addresses, found->ttl, clock->now());
    } else if (found.error().kind == ErrorKind::not_found) {
        cache.forget(key);  // the servers work and say that the name is not there
    } else {
        ++failures;
        cache.query_failed(key, clock->now());
    }
    const auto lookup = lookups.extract(key);
    if (lookup.empty()) return;
    lookup.mapped()->answer = std::move(found);
    for (const auto& waiter : lookup.mapped()->waiters) waiter->notify();
}

Result<Resolver::Answer> Resolver::Impl::give_up(const ResolverCache::Key& key, Failure failure) {
    const auto* last_good = cache.find(key);
    if (!last_good) return failure;
    ++served_stale;
    return Answer{last_good->addresses, true};
}

bool Resolver::Impl::may_query(const ResolverCache::Key& key) const {
    return lookups.contains(key) || lookups.size() < kMaxQueries;
}

namespace {

std::optional<Result<Resolver::Answer>> answer_literal(const std::string& name,
                                                       const std::string& family) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(name, error);
    if (error) return std::nullopt;
    const bool fits = family.empty() || (family == "ipv4" && address.is_v4()) ||
                      (family == "ipv6" && address.is_v6());
    if (fits) return Resolver::Answer{{address}, false};
    return Failure{ErrorKind::not_found, fmt::format("{} is not an {} address", name, family), ""};
}

template <class Impl>
Task<Result<Resolver::Answer>> look_up(std::shared_ptr<Impl> impl, ResolverCache::Key key,
                                       Deadline deadline) {
    const Instant start = impl->clock->now();
    if (const auto* known = impl->cache.find(key)) {
        if (start < known->fresh_until) co_return Resolver::Answer{known->addresses, false};
        if (start < known->retry_at) {
            co_return impl->give_up(key, {ErrorKind::unavailable, "DNS failed just now", ""});
        }
        deadline.at = std::min(deadline.at, start + kPatienceWithFallback);
    }
    if (!impl->channel) co_return impl->give_up(key, cancelled_failure());
    if (!impl->may_query(key)) {
        co_return impl->give_up(key, {ErrorKind::overloaded, "too many DNS queries", ""});
    }
    const auto waiter = std::make_shared<WakeUp>(impl->executor);
    const auto lookup = impl->join(key, waiter);
    const Woken woken = co_await waiter->wait(*impl->clock, deadline);
    lookup->waiters.remove(waiter);
    if (lookup->answer) {
        if (lookup->answer->has_value()) {
            co_return Resolver::Answer{lookup->answer->value().addresses, false};
        }
        co_return impl->give_up(key, lookup->answer->error());
    }
    if (woken == Woken::by_cancel) co_return cancelled_failure();
    impl->cache.query_failed(key, impl->clock->now());
    ++impl->failures;
    co_return impl->give_up(key, {ErrorKind::timeout, "getaddrinfo ETIMEOUT " + key.first, ""});
}

}  // namespace

Resolver::Resolver(asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                   std::string server)
    : impl_(std::make_shared<Impl>(executor, std::move(clock), server)) {}

Resolver::~Resolver() { impl_->channel.reset(); }

Task<Result<Resolver::Answer>> Resolver::resolve(std::string name, std::string family,
                                                 Deadline deadline) {
    if (name.empty()) co_return invalid("hostname", "the host name is empty");
    if (name.size() > 253) co_return invalid("hostname", "the host name is too long");
    if (auto literal = answer_literal(name, family)) co_return std::move(*literal);
    ResolverCache::Key key{std::move(name), std::move(family)};
    auto answer = look_up(impl_, std::move(key), deadline);
    co_return co_await std::move(answer);
}

Resolver::Stats Resolver::stats() const {
    return {impl_->queries, impl_->failures, impl_->served_stale, impl_->cache.size(),
            impl_->cache.limit()};
}

Result<HostPort> parse_host_port(std::string_view text, const std::string& field) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return invalid(field, fmt::format("\"{}\" is not of the form host:port", text));
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return invalid(field, fmt::format("\"{}\": write an IPv6 address as [::1]:3001", text));
    }
    unsigned port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0 ||
        port > 65'535) {
        return invalid(field, fmt::format("\"{}\": the port must be 1 to 65535", text));
    }
    if (host.empty()) return invalid(field, fmt::format("\"{}\": the host is empty", text));
    return HostPort{std::string(host), static_cast<std::uint16_t>(port)};
}

}  // namespace higuma::net
