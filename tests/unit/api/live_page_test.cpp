// The page is one document that needs nothing from elsewhere, under a policy that admits its own
// parts.
#include "api/live_page.hpp"

#include <gtest/gtest.h>

namespace higuma::api {
namespace {

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
        ++found;
    }
    return found;
}

TEST(LivePage, HoldsAllItsPartsAndLoadsNothing) {
    const auto page = live_page();
    EXPECT_EQ(count(page, "<script>"), 6u);
    EXPECT_EQ(count(page, "<style>"), 1u);
    EXPECT_EQ(count(page, "<script src"), 0u);
    EXPECT_EQ(count(page, "stylesheet"), 0u);
    EXPECT_EQ(count(page, "//cdn"), 0u);
    EXPECT_EQ(count(page, "innerHTML"), 0u) << "values go in as text";
    EXPECT_EQ(count(page, "insertAdjacentHTML"), 0u);
}

TEST(LivePage, ItsPolicyAdmitsEachPartByItsHash) {
    const auto policy = live_page_policy();
    EXPECT_EQ(count(policy, "'sha256-"), 7u);
    EXPECT_EQ(count(policy, "unsafe"), 0u);
    EXPECT_EQ(count(live_page(), policy), 1u);
    EXPECT_EQ(count(live_page(), " style=\""), 0u) << "the policy refuses style attributes";
    EXPECT_EQ(count(live_page(), " onclick="), 0u);
}

TEST(LivePage, IsNotSentAgainToABrowserThatHasIt) {
    Request request;
    const auto first = live_page_response(request);
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, live_page());
    std::string etag;
    for (const auto& [name, value] : first.headers) {
        if (name == "ETag") etag = value;
    }
    request.headers = {{"if-none-match", etag}};
    const auto second = live_page_response(request);
    EXPECT_EQ(second.status, 304);
    EXPECT_TRUE(second.body.empty());
}

}  // namespace
}  // namespace higuma::api
