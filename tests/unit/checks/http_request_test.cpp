#include "checks/http_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "checks/check.hpp"

namespace higuma::checks {

TEST(CheckTable, KnowsTheTypes) {
    EXPECT_NE(find_check("http"), nullptr);
    EXPECT_NE(find_check("keyword"), nullptr);
    EXPECT_NE(find_check("port"), nullptr);
    EXPECT_EQ(find_check("push"), nullptr);
    EXPECT_EQ(find_check("no-such-type"), nullptr);
    const auto types = known_types();
    EXPECT_TRUE(std::is_sorted(types.begin(), types.end()));
    EXPECT_EQ(std::set(types.begin(), types.end()).size(), types.size());
}

TEST(AcceptedStatus, TakesCodesAndRanges) {
    struct Row {
        int status;
        std::vector<std::string> accepted;
        bool expected;
    };
    for (const Row& row :
         {Row{200, {"200-299"}, true}, Row{299, {"200-299"}, true}, Row{300, {"200-299"}, false},
          Row{404, {"200-299", "404"}, true}, Row{404, {}, false}, Row{200, {"abc"}, false},
          Row{200, {""}, false}, Row{200, {"100-abc"}, false}, Row{418, {"400-499"}, true}}) {
        EXPECT_EQ(is_accepted_status(row.status, row.accepted), row.expected) << row.status;
    }
}

TEST(WithQuery, KeepsTheRestOfTheUrl) {
    EXPECT_EQ(with_query("http://a/b", "x", "1"), "http://a/b?x=1");
    EXPECT_EQ(with_query("http://a/b?c=d", "x", "1"), "http://a/b?c=d&x=1");
    EXPECT_EQ(with_query("http://a/b#end", "x", "1"), "http://a/b?x=1");
}

TEST(Excerpt, IsOneLineWithoutTags) {
    EXPECT_EQ(excerpt_of("<html>\n <b>Hello</b>\t\nworld </html>"), "Hello world");
    EXPECT_EQ(excerpt_of(""), "");
    EXPECT_EQ(excerpt_of("<unclosed"), "");
}

TEST(Excerpt, IsCutAtFiftyCharacters) {
    EXPECT_EQ(excerpt_of(std::string(50, 'a')), std::string(50, 'a'));
    EXPECT_EQ(excerpt_of(std::string(51, 'a')), std::string(47, 'a') + "...");
    EXPECT_EQ(excerpt_of(std::string(10'000'000, 'a')).size(), 50u);
    std::string wide;
    for (int i = 0; i < 40; ++i) wide += "\xE7\xBE\x86";
    EXPECT_EQ(excerpt_of(wide).size() % 3, 0u) << "a character was cut in two";
}

TEST(TextOfAnswer, IsWhatJavaScriptMakesOfIt) {
    struct Row {
        std::string body, text;
    };
    for (const Row& row : {
             Row{"plain { text", "plain { text"},
             Row{"", ""},
             Row{" {\n \"a\" : [ 1 , 2.50, true, null ] }", R"({"a":[1,2.5,true,null]})"},
             Row{R"({"a":"\u00e9\/"})", "{\"a\":\"\xC3\xA9/\"}"},
             Row{R"( "just a text" )", "just a text"},
             Row{"{}", "{}"},
             Row{"[ ]", "[]"},
             Row{"-0.0", "0"},
             Row{"1e21", "1e+21"},
             Row{"123456789012345680000", "123456789012345680000"},
             Row{"0.000001", "0.000001"},
             Row{"1.5E-7", "1.5e-7"},
             Row{"-12.25", "-12.25"},
             Row{"{\"a\":1} trailing", "{\"a\":1} trailing"},
             Row{"bad \xFF byte", "bad \xEF\xBF\xBD byte"},
         }) {
        EXPECT_EQ(text_of_answer(row.body), row.text);
    }
    const std::string deep(100'000, '[');
    EXPECT_EQ(text_of_answer(deep), deep);
}

TEST(KeptPart, CountsAsJavaScriptDoes) {
    EXPECT_EQ(kept_part("hello", 5), "hello");
    EXPECT_EQ(kept_part("hello!", 5), "hello... (truncated)");
    EXPECT_EQ(kept_part("\xC3\xA9\xC3\xA9\xC3\xA9", 2), "\xC3\xA9\xC3\xA9... (truncated)");
    const std::string apple = "\xF0\x9F\x8D\x8E";  // two units of UTF-16
    EXPECT_EQ(kept_part(apple + apple, 3), apple + "... (truncated)");
}

TEST(HostOf, IsTheNameInAUrl) {
    EXPECT_EQ(host_of("https://a.example:8443/p?x#y"), "a.example");
    EXPECT_EQ(host_of("https://user:p@ss@host/"), "host");
    EXPECT_EQ(host_of("https://[::1]:443/"), "::1");
    EXPECT_EQ(host_of("http://h?q=http://x/"), "h");
    EXPECT_EQ(host_of("nothing"), "");
}

class RequestOf : public testing::Test {
  protected:
    RequestOf() { monitor_.url = "http://localhost/"; }
    std::string header(const net::HttpRequest& request, const std::string& name) const {
        for (const auto& [key, value] : request.headers) {
            if (key == name) return value;
        }
        return "(none)";
    }
    Monitor monitor_;
};

TEST_F(RequestOf, MeasuresAWholeConnection) {
    const auto request = request_of(monitor_, "");
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->fresh_connection);
    EXPECT_TRUE(request->verify_tls);
    EXPECT_EQ(request->max_redirects, 10);
    EXPECT_TRUE(header(*request, "User-Agent").starts_with("Higuma/"));
}

TEST_F(RequestOf, EncodesBodies) {
    struct Row {
        const char* encoding;
        const char* body;
        const char* type;
    };
    monitor_.method = "POST";
    for (const Row& row :
         {Row{"", "{\"a\":1}", "application/json"}, Row{"json", "[1]", "application/json"},
          Row{"form", "a=b", "application/x-www-form-urlencoded"},
          Row{"xml", "<a/>", "text/xml; charset=utf-8"}}) {
        monitor_.http_body_encoding = row.encoding;
        monitor_.body = row.body;
        const auto request = request_of(monitor_, "");
        ASSERT_TRUE(request) << row.encoding;
        EXPECT_EQ(header(*request, "Content-Type"), row.type);
        EXPECT_EQ(request->body, row.body);
    }
    monitor_.body = "  \n";
    EXPECT_EQ(request_of(monitor_, "")->body, "");
}

TEST_F(RequestOf, RefusesBadSettings) {
    monitor_.body = "{not json";
    auto request = request_of(monitor_, "");
    ASSERT_FALSE(request);
    EXPECT_THAT(request.error().message, testing::StartsWith("Your JSON body is invalid. "));
    EXPECT_EQ(request.error().field, "body");
    monitor_.body.clear();
    for (const char* headers : {"nope", "[]", "1", "{\"a\":{}}", "{\"a\":null}"}) {
        monitor_.headers = headers;
        request = request_of(monitor_, "");
        ASSERT_FALSE(request) << headers;
        EXPECT_EQ(request.error().field, "headers");
    }
}

TEST_F(RequestOf, OwnHeadersWinInAnyCase) {
    monitor_.headers = R"({"user-agent":"mine","X-Number":5})";
    const auto request = request_of(monitor_, "");
    ASSERT_TRUE(request);
    EXPECT_EQ(header(*request, "User-Agent"), "mine");
    EXPECT_EQ(header(*request, "X-Number"), "5");
}

TEST_F(RequestOf, AuthenticatesAndBustsCaches) {
    monitor_.auth_method = "basic";
    monitor_.basic_auth_user = "u";
    monitor_.basic_auth_pass = "p";
    monitor_.bearer_token = "t";
    monitor_.cache_bust = true;
    auto request = request_of(monitor_, "abc");
    EXPECT_EQ(request->basic_user, "u");
    EXPECT_EQ(request->bearer_token, "");
    EXPECT_EQ(request->url, "http://localhost/?uptime_kuma_cachebuster=abc");
    monitor_.auth_method = "bearer";
    request = request_of(monitor_, "abc");
    EXPECT_EQ(request->basic_user, "");
    EXPECT_EQ(request->bearer_token, "t");
}

}  // namespace higuma::checks
