#include "policy/check_cost.hpp"

#include <gtest/gtest.h>

namespace higuma::policy {
namespace {

TEST(CheckCost, WeighsChecksPerSecond) {
    const auto http = cost_class_of("http");
    EXPECT_FLOAT_EQ(load_of(http, 20), 0.05F);
    EXPECT_LT(load_of(cost_class_of("port"), 20), load_of(http, 20));
    EXPECT_LT(load_of(cost_class_of("push"), 20), load_of(http, 20));
    EXPECT_GT(load_of(cost_class_of("push"), 20), load_of(cost_class_of("port"), 20));
    EXPECT_EQ(load_of(http, 0), 0);
    EXPECT_EQ(load_of(http, -5), 0);
}

TEST(CheckCost, AnUnknownTypeCountsAsHttp) {
    EXPECT_EQ(cost_class_of("gamedig"), cost_class_of("http"));
    EXPECT_EQ(cost_class_of(""), cost_class_of("http"));
    EXPECT_FLOAT_EQ(cost_of(255), 1);
}

}  // namespace
}  // namespace higuma::policy
