// The resolver's memory: answers by name and family until their TTL ends, and the last good ones
// after. Bounded: when full, the entry that expired (or will expire) first makes room.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace higuma::net {

class ResolverCache {
  public:
    using Key = std::pair<std::string, std::string>;  // name, family
    using Addresses = std::vector<boost::asio::ip::address>;
    // Short TTLs are not taken literally: a burst of calls is one query.
    static constexpr Seconds kMinTtl{1};
    static constexpr Seconds kMaxTtl{300};
    // After a failed query the last good addresses answer at once for this long.
    static constexpr Millis kRetryAfter{1'000};

    struct Entry {
        Addresses addresses;
        Instant fresh_until{};
        Instant retry_at{};  // no new query before; set by a failure
    };

    explicit ResolverCache(std::size_t limit) : limit_(limit) {}

    const Entry* find(const Key& key) const;
    void store(const Key& key, Addresses addresses, Seconds ttl, Instant now);
    void query_failed(const Key& key, Instant now);
    void forget(const Key& key) { entries_.erase(key); }
    std::size_t size() const { return entries_.size(); }
    std::size_t limit() const { return limit_; }

  private:
    void make_room();
    std::map<Key, Entry> entries_;
    std::size_t limit_;
};

}  // namespace higuma::net
