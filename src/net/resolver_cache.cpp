#include "net/resolver_cache.hpp"

#include <algorithm>

namespace higuma::net {

const ResolverCache::Entry* ResolverCache::find(const Key& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
}

void ResolverCache::store(const Key& key, Addresses addresses, Seconds ttl, Instant now) {
    if (!entries_.contains(key) && entries_.size() >= limit_) make_room();
    entries_[key] = {std::move(addresses), now + std::clamp(ttl, kMinTtl, kMaxTtl), {}};
}

void ResolverCache::query_failed(const Key& key, Instant now) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) found->second.retry_at = now + kRetryAfter;
}

void ResolverCache::make_room() {
    const auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.fresh_until < b.second.fresh_until; });
    if (oldest != entries_.end()) entries_.erase(oldest);
}

}  // namespace higuma::net
