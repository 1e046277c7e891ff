#include "policy/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace higuma::policy {

RateLimiter::Bucket& RateLimiter::bucket_of(const std::string& client, Instant now) {
    const auto known = buckets_.find(client);
    if (known != buckets_.end()) {
        order_.splice(order_.begin(), order_, known->second);
        return order_.front();
    }
    if (buckets_.size() >= limit_.most_clients && !order_.empty()) {
        buckets_.erase(order_.back().client);
        order_.pop_back();
    }
    order_.push_front({client, static_cast<double>(limit_.count), now});
    buckets_[client] = order_.begin();
    return order_.front();
}

std::optional<Millis> RateLimiter::refuse(const std::string& client, Instant now) {
    if (limit_.count <= 0) return std::nullopt;
    const double most = limit_.count;
    const double per_milli =
        most / static_cast<double>(std::max<std::int64_t>(limit_.window.count(), 1));
    Bucket& bucket = bucket_of(client, now);
    const std::chrono::duration<double, std::milli> passed = now - bucket.filled;
    bucket.tokens = std::min(most, bucket.tokens + std::max(passed.count(), 0.0) * per_milli);
    bucket.filled = now;
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return std::nullopt;
    }
    ++refused_;
    return Millis{static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) / per_milli))};
}

}  // namespace higuma::policy
