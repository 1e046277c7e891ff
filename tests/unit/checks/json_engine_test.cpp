#include "checks/json_engine.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace higuma::checks {

class JsonEngineTest : public testing::Test {
  protected:
    JsonVerdict ask(const std::string& body, const std::string& path, const std::string& operation,
                    const std::string& expected, Seconds most = Seconds{60}) {
        return engine_.ask({body, path, operation, expected}, clock_.now() + most);
    }

    std::atomic<bool> stop_{false};
    SystemClock clock_;
    JsonEngine engine_{stop_, clock_};
};

TEST_F(JsonEngineTest, AnswersAsUptimeKumaDoes) {
    struct Row {
        std::string body, path, operation, expected;
        bool ok;
        std::string message;
    };
    const std::string failed = "Error evaluating JSON query: ";
    for (const Row& row : {
             Row{R"({"a":[{"b":1},{"b":2}]})", "$sum(a.b)", "==", "3", true,
                 "JSON query passes (comparing 3 == 3)"},
             Row{R"({"a":1})", "a", "==", "2", false,
                 "JSON query does not pass (comparing 1 == 2)"},
             Row{R"({"a":true})", "a", "!=", "false", true,
                 "JSON query passes (comparing true != false)"},
             Row{R"({"v":"10"})", "v", ">", "9", true, "JSON query passes (comparing 10 > 9)"},
             Row{R"({"v":2.5})", "v", ">=", "2.50", true,
                 "JSON query passes (comparing 2.5 >= 2.50)"},
             Row{R"({"v":2})", "v", "<", "1e1", true, "JSON query passes (comparing 2 < 1e1)"},
             Row{R"({"v":3})", "v", "<=", "2", false,
                 "JSON query does not pass (comparing 3 <= 2)"},
             Row{R"({"v":"all is well"})", "v", "contains", "well", true,
                 "JSON query passes (comparing all is well contains well)"},
             Row{"plain text", "", "contains", "text", true,
                 "JSON query passes (comparing plain text contains text)"},
             Row{R"("{\"a\":1}")", "a", "==", "1", true, "JSON query passes (comparing 1 == 1)"},
             Row{R"({"a":"x"})", "a", ">", "1", false,
                 failed +
                     "Unable to cast value to a number: \"x\". Response from server was: \"x\""},
             Row{"{}", "a.b", "==", "1", false,
                 failed + "Empty or undefined response. Check query syntax and response structure. "
                          "Response from server was: undefined"},
             Row{R"({"a":{}})", "a", "==", "1", false,
                 failed + "The post-JSON query evaluated response from the server is of type "
                          "object, which cannot be directly compared to the expected value. "
                          "Response from server was: {}"},
             Row{R"(["first element","second element"])", "$", "==", "1", false,
                 failed + R"(JSON query returned the array ["first element","second ...], but a )"
                          "primitive value is required. Modify your query to return a single value "
                          "via [0] to get the first element or use an aggregation like $count(), "
                          "$sum() or $boolean().. Response from server was: "
                          R"(["first element","second element"])"},
             Row{"{}", "a[", "==", "1", false,
                 failed + "Expected \"]\" before end of expression. Response from server was: {}"},
             Row{R"({"a":1})", "a", "~", "1", false,
                 failed + "Invalid condition ~. Response from server was: 1"},
         }) {
        const auto verdict = ask(row.body, row.path, row.operation, row.expected);
        EXPECT_EQ(verdict.ok, row.ok) << row.path;
        EXPECT_EQ(verdict.message, row.message);
        EXPECT_TRUE(engine_.sound());
    }
}

// One row for each group of JSONata's functions and operators: what they need of JavaScript is
// there.
TEST_F(JsonEngineTest, HasTheWholeOfJsonata) {
    struct Row {
        std::string path, expected;
    };
    const std::string body =
        R"({"order":[{"id":1,"price":2.5,"tags":["a","b"]},{"id":2,"price":4,"tags":["c"]}]})";
    for (const Row& row : {
             Row{"order[price>3].id", "2"},
             Row{"$string(order.{\"k\": id})", R"([{"k":1},{"k":2}])"},
             Row{"$string(order{$string(id): price})", R"({"1":2.5,"2":4})"},
             Row{"order^(>price)[0].id", "2"},
             Row{"$join(order.tags, \"+\")", "a+b+c"},
             Row{"$count(**.id)", "2"},
             Row{"order#$i[$i=1].id", "2"},
             Row{"$string(order@$o.$o.id)", "[1,2]"},
             Row{"$map([1..3], function($x){$x*2})[2]", "6"},
             Row{"$filter([1..5], function($x){$x>3})[0]", "4"},
             Row{"$reduce([1..5], function($a,$b){$a+$b})", "15"},
             Row{"$string($sort([3,1,2]))", "[1,2,3]"},
             Row{"$string($distinct([1,1,2]))", "[1,2]"},
             Row{"$string($reverse([1,2]))", "[2,1]"},
             Row{"$zip([1,2],[3,4])[0][1]", "3"},
             Row{"$sift({\"a\":1,\"b\":2}, function($v){$v>1}).b", "2"},
             Row{"$each({\"a\":1}, function($v,$k){$k})", "a"},
             Row{"$merge([{\"a\":1},{\"b\":2}]).b", "2"},
             Row{"$lookup({\"a\":5},\"a\")", "5"},
             Row{"$keys({\"a\":5})", "a"},
             Row{"$string({\"x\":{\"y\":1}} ~> |x|{\"z\":2}|)", R"({"x":{"y":1,"z":2}})"},
             Row{"$replace(\"aab\", /a+/, \"x\")", "xb"},
             Row{"$match(\"ab12\", /[a-z]+/i).match", "ab"},
             Row{"$split(\"a-b\", \"-\")[1]", "b"},
             Row{"$substringBefore(\"a-b\", \"-\")", "a"},
             Row{"$pad(\"x\", -3, \"#\")", "##x"},
             Row{"$trim(\"  a   b \")", "a b"},
             Row{"$uppercase(\"stra\xC3\x9F\x65\")", "STRASSE"},
             Row{"$length(\"\xF0\x9F\x8D\x8Ex\")", "2"},
             Row{"$substring(\"\xF0\x9F\x8D\x8Ex\", 0, 1)", "\xF0\x9F\x8D\x8E"},
             Row{"$base64encode(\"hello\")", "aGVsbG8="},
             Row{"$base64decode(\"aGVsbG8=\")", "hello"},
             Row{"$encodeUrlComponent(\"a b\")", "a%20b"},
             Row{"$formatNumber(12345.6, \"#,##0.00\")", "12,345.60"},
             Row{"$formatBase(255, 16)", "ff"},
             Row{"$formatInteger(7, \"w\")", "seven"},
             Row{"$parseInteger(\"twelve\", \"w\")", "12"},
             Row{"$round(2.5)", "2"},
             Row{"$power(2, 10)", "1024"},
             Row{"1.1 + 2.2", "3.3000000000000003"},
             Row{"$fromMillis(1510067557121, \"[M01]/[D01]/[Y0001] [h#1]:[m01][P]\")",
                 "11/07/2017 3:12pm"},
             Row{"$toMillis(\"2017-11-07T15:07:54.972Z\")", "1510067274972"},
             Row{"$now() > \"2020\"", "true"},
             Row{"$eval(\"1+1\")", "2"},
             Row{"\"a\" in [\"a\"]", "true"},
             Row{"$type([])", "array"},
             Row{"($f := function($n){$n <= 1 ? 1 : $n * $f($n-1)}; $f(10))", "3628800"},
             Row{"($f := function($n){$n = 0 ? \"end\" : $f($n-1)}; $f(500))", "end"},
         }) {
        const auto verdict = ask(body, row.path, "==", row.expected);
        EXPECT_TRUE(verdict.ok) << row.path << ": " << verdict.message;
    }
}

TEST_F(JsonEngineTest, OnlyAnAnswerThatIsNoIsConclusive) {
    EXPECT_FALSE(ask("1", "", "==", "1").conclusive);
    EXPECT_TRUE(ask("1", "", "==", "2").conclusive);
    EXPECT_FALSE(ask("{}", "a", "==", "2").conclusive);
}

TEST_F(JsonEngineTest, AnAppleIsAnAppleHoweverItIsWritten) {
    const std::string apple = "\xF0\x9F\x8D\x8E";
    EXPECT_TRUE(ask("{\"a\":\"" + apple + "\"}", "a", "==", apple).ok);
    const auto verdict = ask(R"({"a":"\ud83c\udf4e"})", "a", "==", apple);
    EXPECT_TRUE(verdict.ok);
    EXPECT_EQ(verdict.message, "JSON query passes (comparing " + apple + " == " + apple + ")");
    EXPECT_EQ(ask(R"({"a":"\ud83c"})", "a", "==", "x").message,
              "JSON query does not pass (comparing \xEF\xBF\xBD == x)");
}

TEST_F(JsonEngineTest, AnEndlessExpressionIsStopped) {
    const auto verdict = ask("{}", "($f := function(){$f()}; $f())", "==", "1", Seconds{1});
    EXPECT_FALSE(verdict.ok);
    EXPECT_FALSE(verdict.conclusive);
    EXPECT_EQ(verdict.message, "Error evaluating JSON query: it takes too much time");
    EXPECT_FALSE(engine_.sound());
}

TEST_F(JsonEngineTest, AnExpressionThatWantsAllMemoryIsStopped) {
    const auto verdict =
        ask("{}",
            "($f := function($s, $n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $length($f(\"xx\", 40)))",
            "==", "1");
    EXPECT_FALSE(verdict.ok);
    EXPECT_THAT(verdict.message, testing::HasSubstr("memory"));
    EXPECT_LT(engine_.memory_used(), 100u << 20);
}

TEST_F(JsonEngineTest, ARegularExpressionThatBacktracksWithoutEndIsStopped) {
    const auto verdict =
        ask("{\"a\":\"" + std::string(60, 'a') + "!\"}", "$match(a, /^(a+)+$/)", "==", "1");
    EXPECT_FALSE(verdict.ok);
    EXPECT_THAT(verdict.message, testing::StartsWith("Error evaluating JSON query: "));
}

TEST_F(JsonEngineTest, StoppingEndsWhatRuns) {
    stop_ = true;
    EXPECT_FALSE(ask("{}", "($f := function(){$f()}; $f())", "==", "1").ok);
}

TEST_F(JsonEngineTest, DeepAndBrokenBodiesAreText) {
    EXPECT_FALSE(ask(std::string(100'000, '['), "a", "==", "1").ok);
    EXPECT_FALSE(ask("\xFF\xFE\x01", "a", "==", "1").ok);
}

TEST_F(JsonEngineTest, ThousandsOfExpressionsDoNotAddUp) {
    for (int i = 0; i < 600; ++i) {
        ASSERT_TRUE(ask("{\"a\":1}", fmt::format("a + {}", i), ">", "0").ok) << i;
    }
    EXPECT_LT(engine_.memory_used(), 24u << 20);
    EXPECT_TRUE(engine_.sound());
}

}  // namespace higuma::checks
