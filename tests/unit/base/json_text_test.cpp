#include "base/json_text.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <limits>

namespace higuma {
namespace {

namespace json = boost::json;

TEST(JsonText, WritesNumbersAsPeopleDo) {
    EXPECT_EQ(json_text(0.3), "0.3");
    EXPECT_EQ(json_text(10.0), "10");
    EXPECT_EQ(json_text(0.0), "0");
    EXPECT_EQ(json_text(7), "7");
    EXPECT_EQ(json_text(-2.25), "-2.25");
    EXPECT_EQ(json_text(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(json_text(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsonText, IsTheSameValueWhenRead) {
    const json::value value = {{"text", "a \"quoted\" line\n\u00fc"},
                               {"a \"key\"", {1, 2.5, nullptr, true}},
                               {"empty", json::object()},
                               {"list", json::array()},
                               {"large", 1e300},
                               {"small", 1e-300},
                               {"third", 1.0 / 3}};
    EXPECT_EQ(json::parse(json_text(value)), value);
}

}  // namespace
}  // namespace higuma
