#include "checks_fixture.hpp"

namespace higuma::checks {

class JsonQueryTest : public ChecksTest {
  protected:
    Monitor query(const std::string& url, const std::string& path, const std::string& operation,
                  const std::string& expected) {
        Monitor monitor = http_monitor(url, "json-query");
        monitor.options.set(Option::json_path, path);
        monitor.options.set(Option::json_path_operator, operation);
        monitor.options.set(Option::expected_value, expected);
        return monitor;
    }
    std::string body_ = R"({"load": {"now": 3}, "names": ["a", "b"]})";
    int status_ = 200;
    LocalHttpServer server_{
        [this](const ServedRequest&) { return ServedReply{.status = status_, .body = body_}; }};
};

TEST_F(JsonQueryTest, Passes) {
    const auto outcome = check(query(server_.url(), "load.now", "<", "10"));
    EXPECT_TRUE(outcome.ok);
    EXPECT_EQ(outcome.msg, "JSON query passes (comparing 3 < 10)");
    EXPECT_TRUE(outcome.ping);
}

TEST_F(JsonQueryTest, DoesNotPass) {
    auto monitor = query(server_.url(), "$count(names)", "==", "3");
    auto outcome = check(monitor);
    EXPECT_FALSE(outcome.ok);
    EXPECT_FALSE(outcome.conclusive);
    EXPECT_EQ(outcome.msg, "JSON query does not pass (comparing 2 == 3)");
    monitor.options.set(Option::retry_only_on_status_code_failure, "1");
    EXPECT_TRUE(check(monitor).conclusive);
    monitor.options.set(Option::json_path, "nothing");
    EXPECT_FALSE(check(monitor).conclusive) << "a query without an answer may be tried again";
    status_ = 503;
    outcome = check(monitor);
    EXPECT_FALSE(outcome.conclusive);
    EXPECT_EQ(outcome.msg, "Request failed with status code 503");
}

TEST_F(JsonQueryTest, KeepsTheAnswerWhenAsked) {
    auto monitor = query(server_.url(), "load.now", "==", "4");
    EXPECT_EQ(check(monitor).response, "");
    monitor.options.set(Option::save_response, "1");
    EXPECT_EQ(check(monitor).response, R"({"load":{"now":3},"names":["a","b"]})");
}

TEST_F(JsonQueryTest, AnAnswerThatIsTooLargeIsNotAsked) {
    body_ = "\"" + std::string(5 << 20, 'x') + "\"";
    const auto outcome = check(query(server_.url(), "$length($)", ">", "1"));
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.msg, "Error evaluating JSON query: the answer is larger than 4 MiB");
}

TEST_F(JsonQueryTest, AnEndlessExpressionEndsWithTheCheck) {
    auto monitor = query(server_.url(), "($f := function(){$f()}; $f())", "==", "1");
    monitor.timeout = Millis{300};
    EXPECT_THAT(check(monitor).msg,
                testing::AnyOf("timeout of 300ms exceeded",
                               "Error evaluating JSON query: it takes too much time"));
    EXPECT_EQ(check(query(server_.url(), "load.now", "==", "3")).msg,
              "JSON query passes (comparing 3 == 3)")
        << "the next one has an engine of its own";
}

TEST_F(JsonQueryTest, ManyAtOnceAreAllAnswered) {
    const Monitor monitor = query(server_.url(), "load.now", "==", "3");
    const auto function = find_check("json-query");
    int left = 100;
    for (int i = 0; i < 100; ++i) {
        asio::co_spawn(loop_, function(context_, monitor, Deadline::after(*clock_, Seconds{60})),
                       [&](std::exception_ptr, const CheckOutcome& outcome) {
                           EXPECT_TRUE(outcome.ok) << outcome.msg;
                           --left;
                       });
    }
    EXPECT_TRUE(test::run_until(loop_, [&] { return left == 0; }));
    const auto stats = services_.web().queries.stats();
    EXPECT_EQ(stats.pending, 0u);
    EXPECT_EQ(stats.asked, 100u);
    EXPECT_LE(stats.engines_made, 2u);
}

TEST_F(JsonQueryTest, Cancelled) {
    LocalHttpServer hanging([](const ServedRequest&) { return ServedReply{.hang = true}; });
    const auto outcome =
        cancel(query(hanging.url(), "a", "==", "1"), [&] { return hanging.requests() == 1; });
    EXPECT_FALSE(outcome.ok);
}

}  // namespace higuma::checks
