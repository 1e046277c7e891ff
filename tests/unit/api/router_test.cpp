#include "api/http/router.hpp"

#include <gtest/gtest.h>

#include "api/http/target.hpp"

namespace higuma::api {
namespace {

Handler none() {
    return [](Request) -> Task<Response> { co_return Response{}; };
}

Router::Match find(const Router& router, std::string_view method, std::string_view path) {
    return router.find(method, parse_target(path)->segments);
}

class RouterTest : public testing::Test {
  protected:
    Router router{{{"GET", "/", none()},
                   {"GET", "/items/{id}", none()},
                   {"DELETE", "/items/{id}", none()},
                   {"GET", "/items/all", none()},
                   {"POST", "/items", none()},
                   {"GET", "/items/{id}/parts/{part}", none()},
                   {"*", "/any", none()}}};
};

TEST_F(RouterTest, MatchesAndCaptures) {
    EXPECT_TRUE(find(router, "GET", "/").handler);
    const auto match = find(router, "GET", "/items/7/parts/x%20y");
    ASSERT_TRUE(match.handler);
    EXPECT_EQ(match.captures, (std::vector<std::string>{"7", "x y"}));
}

TEST_F(RouterTest, AFixedPathWinsOverACapture) {
    EXPECT_TRUE(find(router, "GET", "/items/all").captures.empty());
    EXPECT_EQ(find(router, "DELETE", "/items/all").captures.size(), 1u);
}

TEST_F(RouterTest, HeadIsAnsweredByGet) {
    EXPECT_TRUE(find(router, "HEAD", "/items/7").handler);
    EXPECT_FALSE(find(router, "HEAD", "/items").handler);
}

TEST_F(RouterTest, AnotherMethodIsToldWhatIsAllowed) {
    EXPECT_EQ(find(router, "PUT", "/items/7").allowed, "DELETE, GET, HEAD");
    EXPECT_EQ(find(router, "GET", "/items").allowed, "POST");
    EXPECT_TRUE(find(router, "BREW", "/any").handler);
}

// Fault 16 of the original: a longer path answered as its beginning.
TEST_F(RouterTest, ALongerPathIsNotItsBeginning) {
    for (const auto* path : {"/itemsXYZ", "/items/", "/items//parts/1", "/ite", "/items/7/parts",
                             "/items/7/parts/1/2", "/any/", "//"}) {
        EXPECT_FALSE(find(router, "GET", path).known_path()) << path;
    }
}

}  // namespace
}  // namespace higuma::api
