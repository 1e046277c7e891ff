#include "cluster/janitor.hpp"

#include <gtest/gtest.h>

namespace higuma::cluster {
namespace {

TEST(Janitor, ReadsTheSettingAsUptimeKumaWritesIt) {
    EXPECT_EQ(keep_days_from(std::nullopt, 180), 180);
    EXPECT_EQ(keep_days_from("30", 180), 30);
    EXPECT_EQ(keep_days_from("\"30\"", 180), 30);
    EXPECT_EQ(keep_days_from("0", 180), 0);
    EXPECT_EQ(keep_days_from("-1", 180), 180);
    EXPECT_EQ(keep_days_from("null", 180), 180);
    EXPECT_EQ(keep_days_from("\"", 180), 180);
    EXPECT_EQ(keep_days_from("", 180), 180);
}

}  // namespace
}  // namespace higuma::cluster
