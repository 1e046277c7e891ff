#include "api/http/target.hpp"

#include <gtest/gtest.h>

namespace higuma::api {
namespace {

TEST(Target, DecodesPathAndQuery) {
    const auto target = parse_target("/api/push/a%20b?msg=it+works%21&status=up&ping=");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path(), "/api/push/a b");
    ASSERT_EQ(target->query.size(), 3u);
    EXPECT_EQ(target->query[0], (std::pair<std::string, std::string>("msg", "it works!")));
    EXPECT_EQ(target->query[2], (std::pair<std::string, std::string>("ping", "")));
}

TEST(Target, AnEncodedSlashStaysInItsSegment) {
    const auto target = parse_target("/a%2Fb/c");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->segments, (std::vector<std::string>{"a/b", "c"}));
}

TEST(Target, TakesTheAbsoluteForm) {
    EXPECT_EQ(parse_target("http://host:3001/x?y=1")->path(), "/x");
    EXPECT_EQ(parse_target("http://host")->path(), "/");
}

TEST(Target, OddQueriesAreHarmless) {
    for (const auto* raw : {"/?", "/?&&", "/?=", "/?a", "/?a=b=c", "/?%41=1"}) {
        EXPECT_TRUE(parse_target(raw)) << raw;
    }
}

TEST(Target, RefusesWhatIsNotDecodable) {
    struct Case {
        const char* raw;
        const char* field;
    };
    for (const auto& [raw, field] :
         {Case{"/%", "path"}, Case{"/%4", "path"}, Case{"/%zz", "path"}, Case{"/a%00b", "path"},
          Case{"/%ff", "path"}, Case{"/%c0%af", "path"}, Case{"/%ed%a0%80", "path"},
          Case{"", "path"}, Case{"*", "path"}, Case{"x", "path"}, Case{"/a#b", "path"},
          Case{"/?a=%", "query"}, Case{"/?a=%00", "query"}, Case{"/?%ff=1", "query"},
          Case{"/?a=%f5%80%80%80", "query"}}) {
        const auto target = parse_target(raw);
        ASSERT_FALSE(target) << raw;
        EXPECT_EQ(target.error().kind, ErrorKind::invalid_input) << raw;
        EXPECT_EQ(target.error().field, field) << raw;
    }
}

TEST(Utf8, KnowsValidText) {
    for (const auto* text : {"", "abc", "ü", "羆", "🐻", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_TRUE(is_valid_utf8(text)) << text;
    }
    for (const auto* text :
         {"\x80", "\xc3", "\xe2\x82", "\xf0\x80\x80\x80", "\xf8", "a\xc3(", "\xe0\x80\x80"}) {
        EXPECT_FALSE(is_valid_utf8(text)) << text;
    }
}

TEST(PercentEncode, ComesBackAsItWas) {
    const std::string text = "ü &=?/%\n+~";
    const auto target = parse_target("/?a=" + percent_encode(text));
    ASSERT_TRUE(target);
    EXPECT_EQ(target->query.at(0).second, text);
}

}  // namespace
}  // namespace higuma::api
