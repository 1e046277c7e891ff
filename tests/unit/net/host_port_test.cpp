#include <gtest/gtest.h>

#include "net/resolver.hpp"
#include "net/resolver_cache.hpp"

namespace higuma::net {

TEST(ParseHostPort, AcceptsNamesAndAddresses) {
    struct Row {
        const char* text;
        const char* host;
        int port;
    };
    for (const Row& row : {Row{"uptime-kuma-node1:3001", "uptime-kuma-node1", 3001},
                           Row{"127.0.0.1:80", "127.0.0.1", 80}, Row{"[::1]:3001", "::1", 3001},
                           Row{"a:65535", "a", 65535}}) {
        const auto parsed = parse_host_port(row.text, "host");
        ASSERT_TRUE(parsed) << row.text;
        EXPECT_EQ(parsed->host, row.host);
        EXPECT_EQ(parsed->port, row.port);
    }
}

TEST(ParseHostPort, RefusesTheRestAndNamesTheField) {
    for (const char* text : {"", ":", ":3001", "host", "host:", "host:0", "host:65536", "host:-1",
                             "host:80x", "::1:3001", "[]:3001", "host: 80"}) {
        const auto parsed = parse_host_port(text, "node host");
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_input) << text;
        EXPECT_EQ(parsed.error().field, "node host");
    }
}

class ResolverCacheTest : public testing::Test {
  protected:
    static ResolverCache::Addresses one(const char* text) {
        return {boost::asio::ip::make_address(text)};
    }
    const ResolverCache::Key key_{"host", ""};
    const Instant now_ = Instant{} + Seconds{100};
};

TEST_F(ResolverCacheTest, KeepsAnAnswerForItsTtl) {
    ResolverCache cache(4);
    cache.store(key_, one("10.0.0.1"), Seconds{30}, now_);
    EXPECT_EQ(cache.find(key_)->fresh_until, now_ + Seconds{30});
}

TEST_F(ResolverCacheTest, HoldsTtlsWithinBounds) {
    ResolverCache cache(4);
    cache.store(key_, one("10.0.0.1"), Seconds{0}, now_);
    EXPECT_EQ(cache.find(key_)->fresh_until, now_ + ResolverCache::kMinTtl);
    cache.store(key_, one("10.0.0.1"), Seconds{86'400}, now_);
    EXPECT_EQ(cache.find(key_)->fresh_until, now_ + ResolverCache::kMaxTtl);
}

TEST_F(ResolverCacheTest, AFailureKeepsTheAddressesAndDelaysTheNextQuery) {
    ResolverCache cache(4);
    cache.store(key_, one("10.0.0.1"), Seconds{1}, now_);
    cache.query_failed(key_, now_ + Seconds{10});
    EXPECT_EQ(cache.find(key_)->addresses, one("10.0.0.1"));
    EXPECT_EQ(cache.find(key_)->retry_at, now_ + Seconds{10} + ResolverCache::kRetryAfter);
}

TEST_F(ResolverCacheTest, IsBounded) {
    ResolverCache cache(3);
    for (int i = 0; i < 100; ++i) {
        cache.store({"host" + std::to_string(i), ""}, one("10.0.0.1"), Seconds{10 + i}, now_);
    }
    EXPECT_EQ(cache.size(), 3u);
    EXPECT_NE(cache.find({"host99", ""}), nullptr);
    EXPECT_EQ(cache.find({"host0", ""}), nullptr);
}

}  // namespace higuma::net
