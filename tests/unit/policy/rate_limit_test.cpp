#include "policy/rate_limit.hpp"

#include <gtest/gtest.h>

namespace higuma::policy {
namespace {

using namespace std::chrono_literals;

struct Ask {
    Millis at;
    const char* client;
    std::optional<Millis> wait;  // none: admitted
};

struct Case {
    const char* name;
    RateLimit limit;
    std::vector<Ask> asks;
};

const Case kCases[] = {
    {"a burst, then one for each tenth of the window",
     {3, 3000ms, 10},
     {{0ms, "a", {}},
      {0ms, "a", {}},
      {0ms, "a", {}},
      {0ms, "a", 1000ms},
      {400ms, "a", 600ms},
      {1000ms, "a", {}},
      {1000ms, "a", 1000ms},
      {2500ms, "a", {}},
      {2500ms, "a", 500ms}}},
    {"clients do not share",
     {1, 1000ms, 10},
     {{0ms, "a", {}}, {0ms, "b", {}}, {0ms, "a", 1000ms}, {0ms, "b", 1000ms}}},
    {"no more than the burst is saved up",
     {2, 1000ms, 10},
     {{0ms, "a", {}}, {3'600'000ms, "a", {}}, {3'600'000ms, "a", {}}, {3'600'000ms, "a", 500ms}}},
    {"a refused one costs nothing",
     {1, 1000ms, 10},
     {{0ms, "a", {}}, {500ms, "a", 500ms}, {900ms, "a", 100ms}, {1000ms, "a", {}}}},
    {"zero is no limit", {0, 1000ms, 10}, {{0ms, "a", {}}, {0ms, "a", {}}, {0ms, "a", {}}}},
    {"the one that asked longest ago is forgotten first",
     {1, 1000ms, 2},
     {{0ms, "a", {}},
      {1ms, "b", {}},
      {2ms, "a", 998ms},
      {3ms, "c", {}},
      {4ms, "a", 996ms},
      {5ms, "b", {}}}},
};

TEST(RateLimiter, Table) {
    for (const auto& each : kCases) {
        RateLimiter limiter(each.limit);
        for (const auto& ask : each.asks) {
            EXPECT_EQ(limiter.refuse(ask.client, Instant{} + ask.at), ask.wait)
                << each.name << ", " << ask.client << " at " << ask.at.count();
        }
        EXPECT_LE(limiter.clients(), each.limit.most_clients);
    }
}

TEST(RateLimiter, IsBounded) {
    RateLimiter limiter({5, 1000ms, 100});
    for (int i = 0; i < 10'000; ++i) {
        limiter.refuse(std::to_string(i), Instant{} + Millis{i});
    }
    EXPECT_EQ(limiter.clients(), 100U);
}

}  // namespace
}  // namespace higuma::policy
