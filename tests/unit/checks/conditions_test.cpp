#include "checks/conditions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace higuma::checks {
namespace {

std::string comparison(const std::string& op, const std::string& value,
                       const std::string& join = "and", const std::string& variable = "v") {
    return R"({"type":"expression","variable":")" + variable + R"(","operator":")" + op +
           R"(","value":")" + value + R"(","andOr":")" + join + R"("})";
}

Result<bool> met(const std::string& list, const ConditionValue& value) {
    const auto conditions = Conditions::parse("[" + list + "]");
    if (!conditions) return conditions.error();
    return conditions->met_by({{"v", value}});
}

TEST(Conditions, EveryOperator) {
    struct Row {
        std::string op, value;
        ConditionValue given;
        bool expected;
    };
    for (const Row& row : std::vector<Row>{{"equals", "abc", "abc", true},
                                           {"equals", "abc", "abcd", false},
                                           {"equals", "5", 5.0, false},
                                           {"not_equals", "abc", "abd", true},
                                           {"not_equals", "5", 5.0, true},
                                           {"contains", "b", "abc", true},
                                           {"contains", "x", "abc", false},
                                           {"contains", "", "abc", true},
                                           {"not_contains", "x", "abc", true},
                                           {"starts_with", "ab", "abc", true},
                                           {"starts_with", "bc", "abc", false},
                                           {"not_starts_with", "bc", "abc", true},
                                           {"ends_with", "bc", "abc", true},
                                           {"not_ends_with", "bc", "abc", false},
                                           {"num_equals", "5", 5.0, true},
                                           {"num_equals", " 5.0 ", 5.0, true},
                                           {"num_equals", "5", "5", false},
                                           {"num_not_equals", "5", 6.0, true},
                                           {"num_not_equals", "5", "5", true},
                                           {"lt", "7", 5.0, true},
                                           {"lt", "7", "10", false},
                                           {"lt", "x", 5.0, false},
                                           {"gt", "x", 5.0, false},
                                           {"gt", "-3", "-2", true},
                                           {"lte", "5", 5.0, true},
                                           {"gte", "5", 4.9, false},
                                           {"gte", "", 0.0, true},
                                           {"gt", "1e3", 1001.0, true},
                                           {"lt", "Infinity", 1e300, true},
                                           {"gt", "-Infinity", 0.0, true}}) {
        const auto result = met(comparison(row.op, row.value), row.given);
        ASSERT_TRUE(result) << row.op;
        EXPECT_EQ(*result, row.expected) << row.op << " \"" << row.value << "\"";
    }
}

TEST(Conditions, AreJoinedFromLeftToRight) {
    const auto yes = [](const std::string& join) { return comparison("equals", "a", join); };
    const auto no = [](const std::string& join) { return comparison("equals", "b", join); };
    struct Row {
        std::string list;
        bool expected;
    };
    for (const Row& row : std::vector<Row>{
             {"", true},
             {no("or"), false},  // nothing stands before the first
             {yes("and") + "," + no("and"), false},
             {yes("and") + "," + no("or"), true},
             {no("and") + "," + yes("or") + "," + no("and"), false},
             {yes("and") + "," + no("and") + "," + yes("or"), true},
             {yes("and") + R"(,{"type":"group","andOr":"and","children":[)" + no("and") + "," +
                  yes("or") + "]}",
              true},
             {yes("and") + R"(,{"type":"group","children":[)" + no("and") + "]}", false}}) {
        const auto result = met(row.list, "a");
        ASSERT_TRUE(result) << row.list;
        EXPECT_EQ(*result, row.expected) << row.list;
    }
}

TEST(Conditions, BadOnesNameTheField) {
    std::string deep = comparison("equals", "a");
    for (int i = 0; i < 20; ++i) deep = R"({"type":"group","children":[)" + deep + "]}";
    for (const std::string& text :
         {std::string("{}"), std::string("nonsense"), std::string("[1]"),
          std::string(R"([{"type":"else"}])"), std::string(R"([{"type":"group"}])"),
          std::string(R"([{"type":"group","children":[]}])"),
          std::string(R"([{"type":"expression","operator":"equals","value":"a"}])"),
          "[" + comparison("resembles", "a") + "]", "[" + deep + "]"}) {
        const auto conditions = Conditions::parse(text);
        ASSERT_FALSE(conditions) << text;
        EXPECT_EQ(conditions.error().field, "conditions");
        EXPECT_FALSE(conditions.error().message.empty());
    }
}

TEST(Conditions, AVariableThatIsNotThere) {
    const auto conditions = Conditions::parse("[" + comparison("equals", "a", "and", "w") + "]");
    ASSERT_TRUE(conditions);
    EXPECT_THAT(conditions->variables(), testing::ElementsAre("w"));
    const auto result = conditions->met_by({{"v", "a"}});
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, testing::HasSubstr("\"w\""));
}

}  // namespace
}  // namespace higuma::checks
