#include "base/log_ring.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>

namespace higuma {
namespace {

struct Case {
    const char* line;
    const char* kept;
};

TEST(LogRing, SecretsAreBlackedOut) {
    for (const auto& [line, kept] : std::vector<Case>{
             {"nothing to hide", "nothing to hide"},
             {"the token is geheim-123.", "the token is ***."},
             {"geheim-123geheim-123", "******"},
             {"Authorization: Bearer abc.def", "Authorization: Bearer ***"},
             {"authorization: BASIC dXNlcjpwdw==, next", "authorization: BASIC ***, next"},
             {"GET /x?token=abc&a=b", "GET /x?token=***&a=b"},
             {R"({"password":"pw","a":1})", R"({"password":"***","a":1})"},
             {"password=", "password="},
             {"mysql://kuma:pw@db/kuma", "mysql://kuma:***@db/kuma"},
             {"http://node1:3001/a@b", "http://node1:3001/a@b"},
             {"bearer ", "bearer "},
         }) {
        EXPECT_EQ(without_secrets(line, {"geheim-123", ""}), kept);
    }
}

TEST(LogRing, KeepsTheLastLines) {
    const auto ring = std::make_shared<LogRing>(std::vector<std::string>{"pw"});
    spdlog::logger log("test", ring);
    for (std::size_t i = 0; i < LogRing::kLines + 5; ++i) log.warn("line {} pw", i);
    log.error(std::string(10'000, 'x'));
    const auto all = ring->last(100'000);
    ASSERT_EQ(all.size(), LogRing::kLines);
    EXPECT_EQ(all.front().text, "line 6 ***");
    EXPECT_EQ(all.front().level, "warning");
    EXPECT_EQ(all.back().text.size(), LogRing::kLineBytes);
    EXPECT_EQ(ring->last(2).size(), 2U);
}

}  // namespace
}  // namespace higuma
