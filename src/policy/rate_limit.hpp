// How often one client may ask: a bucket of tokens for each, which fills again evenly over the
// window. Pure, and bounded: beyond `most_clients` the one that asked longest ago is forgotten.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace higuma::policy {

struct RateLimit {
    int count = 100;  // at once, and in each further window; 0: no limit
    Millis window{900'000};
    std::size_t most_clients = 10'000;
};

class RateLimiter {
  public:
    explicit RateLimiter(RateLimit limit) : limit_(limit) {}

    // None: go on. Otherwise how long to wait until the next one is admitted.
    std::optional<Millis> refuse(const std::string& client, Instant now);
    std::size_t clients() const { return buckets_.size(); }
    std::uint64_t refused() const { return refused_; }

  private:
    struct Bucket {
        std::string client;
        double tokens = 0;
        Instant filled{};
    };
    using Order = std::list<Bucket>;  // who asked last comes first

    Bucket& bucket_of(const std::string& client, Instant now);
    RateLimit limit_;
    Order order_;
    std::unordered_map<std::string, Order::iterator> buckets_;
    std::uint64_t refused_ = 0;
};

}  // namespace higuma::policy
