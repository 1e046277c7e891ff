// Bad input on every endpoint: a 4xx that names what is wrong, nothing changed, and the node lives.
#include "contract/api/node_fixture.hpp"

namespace higuma::api {
namespace {

struct Target {
    const char* method;
    const char* path;
};
constexpr Target kBodyTakers[] = {{"POST", "/api/v1/monitors"},    {"PUT", "/api/v1/monitors/1"},
                                  {"PATCH", "/api/v1/monitors/1"}, {"POST", "/api/v1/nodes"},
                                  {"PUT", "/api/v1/nodes/node1"},  {"PATCH", "/api/v1/nodes/node1"},
                                  {"POST", "/api/v1/login"}};

class BadInput : public NodeApiTest {
  protected:
    void SetUp() override {
        NodeApiTest::SetUp();
        ASSERT_EQ(create(R"({"name":"a","type":"push","interval":3600})"), 1);
        before_ = object(ask("GET", "/api/v1/monitors/1"));
    }
    void TearDown() override {
        EXPECT_EQ(object(ask("GET", "/api/v1/monitors/1")), before_);
        EXPECT_EQ(count("SELECT COUNT(*) FROM monitor"), 1);
        EXPECT_EQ(count("SELECT COUNT(*) FROM node"), 2);
        EXPECT_EQ(plain("GET", "/api/v1/health").status, 200);
        NodeApiTest::TearDown();
    }
    void expect_refused(const test::Answer& answer, const std::string& what) {
        EXPECT_GE(answer.status, 400) << what;
        EXPECT_LT(answer.status, 500) << what << answer.body;
        const auto body = object(answer);
        EXPECT_EQ(body.at("ok"), false) << what;
        EXPECT_FALSE(body.at("msg").as_string().empty()) << what;
        EXPECT_TRUE(answer.status != 400 || body.contains("field")) << what << answer.body;
        EXPECT_EQ(answer.all("Content-Type").size(), 1u);
    }

  private:
    boost::json::object before_;
};

// Fault 11 of the original: 500 for JSON of another shape than expected.
TEST_F(BadInput, WrongJsonIsRefusedEverywhere) {
    const std::string deep = "{\"name\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
    for (const auto& [method, path] : kBodyTakers) {
        for (const std::string& body :
             {std::string(" "), std::string("{"), std::string("[]"), std::string("1"),
              std::string("null"), std::string("\"text\""), std::string("{\"name\":\"\xff\xfe\"}"),
              std::string("{\"\":{}}"), std::string("{\"name\":{}}"), std::string("{\"name\":[1]}"),
              std::string("{\"name\":1e999}"), std::string("{\"name\":\"a\\u0000\"}"),
              std::string("{\"name\":\"\\ud800\"}"),
              std::string("{\"name\":\"a\",\"type\":{\"$ne\":1}}"),
              std::string("{\"interval\":\"20\"}"), std::string("{\"host\":5}"),
              std::string("{\"__proto__\":{}}"), deep}) {
            expect_refused(ask(method, path, body),
                           std::string(method) + " " + path + " " + body.substr(0, 80));
        }
        expect_refused(ask(method, path), std::string(method) + " " + path + " without a body");
    }
}

TEST_F(BadInput, HugeBodiesAreRefused) {
    for (const auto& [method, path] : kBodyTakers) {
        EXPECT_EQ(ask(method, path, "{\"name\":\"" + std::string(2'000'000, 'a') + "\"}").status,
                  413);
    }
}

// Fault 10 of the original: SQL through what clients send.
TEST_F(BadInput, SqlIsOnlyText) {
    const std::string evil = "x%27%3B%20DROP%20TABLE%20monitor%3B%20--%20";
    for (const auto* path : {"/api/v1/monitors/", "/api/v1/nodes/"}) {
        for (const auto* method : {"GET", "DELETE"}) expect_refused(ask(method, path + evil), path);
    }
    expect_refused(ask("GET", "/api/v1/monitors?node=" + evil), "node");
    expect_refused(ask("GET", "/api/v1/monitors?after=" + evil), "after");
    for (const auto& search :
         {evil, std::string("%5C"), std::string("%25_%27%22%60"), std::string("%F0%9F%90%BB")}) {
        const auto answer = ask("GET", "/api/v1/monitors?search=" + search);
        EXPECT_EQ(answer.status, 200) << answer.body;
        EXPECT_EQ(object(answer).at("total"), 0);
    }
    const auto name = R"(x'; DROP TABLE monitor; -- \\ " %)";
    boost::json::object monitor{{"name", name}, {"type", "push"}};
    const auto made = ask("POST", "/api/v1/monitors", boost::json::serialize(monitor));
    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(object(made).at("name"), name);
    ask("DELETE", "/api/v1/monitors/" + std::to_string(object(made).at("id").as_int64()));
}

TEST_F(BadInput, IdsAndParametersAreChecked) {
    for (const std::string& id :
         {std::string("0"), std::string("-1"), std::string("1.5"), std::string("abc"),
          std::string("1e3"), std::string("99999999999999999999"), std::string("%20"),
          std::string("1%00"), std::string("1%20"), std::string("%ff"), std::string("0x1"),
          std::string(3000, '1')}) {
        const auto path = "/api/v1/monitors/" + id;
        for (const auto* method : {"GET", "DELETE"}) expect_refused(ask(method, path), path);
        for (const auto* method : {"PUT", "PATCH"}) expect_refused(ask(method, path, "{}"), path);
        expect_refused(ask("GET", path + "/heartbeats"), path);
    }
    for (const auto* query : {"?limit=0", "?limit=1001", "?limit=abc", "?limit=-1", "?limit=",
                              "?limit=1.0", "?limit=99999999999999999999", "?limit=%00"}) {
        for (const std::string path : {"/api/v1/monitors", "/api/v1/monitors/1/heartbeats",
                                       "/api/v1/nodes/node1/monitors"}) {
            expect_refused(ask("GET", path + query), path + query);
        }
    }
    expect_refused(ask("GET", "/api/v1/monitors?after=-1"), "after");
    expect_refused(ask("GET", "/api/v1/monitors?after=99999999999999999999"), "after");
    expect_refused(ask("GET", "/api/v1/monitors/1/heartbeats?before=x"), "before");
    expect_refused(ask("GET", "/api/v1/monitors?node="), "node");
    expect_refused(ask("GET", "/api/v1/monitors?search=" + std::string(256, 'a')), "search");
    expect_refused(ask("GET", "/api/v1/nodes/" + std::string(51, 'a')), "node");
    EXPECT_EQ(ask("GET", "/api/v1/monitors/4294967295").status, 404);
    EXPECT_EQ(ask("GET", "/api/v1/nodes/nope").status, 404);
}

TEST_F(BadInput, OtherMethodsAndPathsAreRefused) {
    EXPECT_EQ(ask("DELETE", "/api/v1/monitors").header("Allow"), "GET, HEAD, POST");
    EXPECT_EQ(ask("POST", "/api/v1/monitors/1").status, 405);
    EXPECT_EQ(ask("POST", "/api/v1/health").status, 405);
    EXPECT_EQ(ask("DELETE", "/api/push/abc").status, 405);
    for (const auto* path :
         {"/", "/api", "/api/v1", "/api/v1/monitorsX", "/api/v1/monitors/", "/api/v1/healthXYZ",
          "/api/v1/monitors/1/nope", "//api/v1/health", "/api/push/", "/api/push/a/b"}) {
        EXPECT_EQ(ask("GET", path).status, 404) << path;
    }
}

}  // namespace
}  // namespace higuma::api
