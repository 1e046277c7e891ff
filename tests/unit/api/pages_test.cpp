// Each page is one document that needs nothing from elsewhere, under a policy that admits its own
// parts.
#include "api/pages.hpp"

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

struct Expected {
    const EmbeddedPage& (*page)();
    std::size_t scripts = 0, styles = 0;
};

class Pages : public ::testing::TestWithParam<Expected> {
  protected:
    const EmbeddedPage& page = GetParam().page();
};

TEST_P(Pages, HoldsAllItsPartsAndLoadsNothing) {
    const auto html = page.html();
    EXPECT_EQ(count(html, "<script>"), GetParam().scripts);
    EXPECT_EQ(count(html, "<style>"), GetParam().styles);
    EXPECT_EQ(count(html, "<script src"), 0u);
    EXPECT_EQ(count(html, "stylesheet"), 0u);
    EXPECT_EQ(count(html, "//cdn"), 0u);
    EXPECT_EQ(count(html, "innerHTML"), 0u) << "values go in as text";
    EXPECT_EQ(count(html, "insertAdjacentHTML"), 0u);
}

TEST_P(Pages, ItsPolicyAdmitsEachPartByItsHash) {
    EXPECT_EQ(count(page.policy(), "'sha256-"), GetParam().scripts + GetParam().styles);
    EXPECT_EQ(count(page.policy(), "unsafe"), 0u);
    EXPECT_EQ(count(page.html(), page.policy()), 1u);
    EXPECT_EQ(count(page.html(), " style=\""), 0u) << "the policy refuses style attributes";
    EXPECT_EQ(count(page.html(), " onclick="), 0u);
}

TEST_P(Pages, IsNotSentAgainToABrowserThatHasIt) {
    Request request;
    const auto first = page.response(request);
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, page.html());
    std::string etag;
    for (const auto& [name, value] : first.headers) {
        if (name == "ETag") etag = value;
    }
    request.headers = {{"if-none-match", etag}};
    const auto second = page.response(request);
    EXPECT_EQ(second.status, 304);
    EXPECT_TRUE(second.body.empty());
}

INSTANTIATE_TEST_SUITE_P(Of, Pages,
                         ::testing::Values(Expected{live_page, 7, 1},
                                           Expected{operator_page, 10, 2}),
                         [](const auto& which) { return which.index == 0 ? "Live" : "Operator"; });

}  // namespace
}  // namespace higuma::api
