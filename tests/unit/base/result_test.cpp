#include "base/result.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace higuma {
namespace {

Result<int> half_of(int value) {
    if (value % 2 != 0) return invalid("value", "must be even");
    return value / 2;
}

Result<void> must_be_small(int value) {
    if (value > 9) return Failure{ErrorKind::too_large, "over 9", ""};
    return {};
}

TEST(Results, HoldAValueOrAFailure) {
    const auto good = half_of(8);
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, 4);
    const auto bad = half_of(7);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(bad.error().field, "value");
    EXPECT_EQ(bad.error().message, "must be even");
}

TEST(Results, OfNothing) {
    EXPECT_TRUE(must_be_small(3));
    const auto bad = must_be_small(10);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().kind, ErrorKind::too_large);
}

TEST(Results, ThrowWhenAFailureIsReadAsAValue) {
    try {
        half_of(7).value();
        FAIL() << "no exception";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "invalid_input: must be even");
    }
}

TEST(ErrorKinds, HaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
        names.insert(to_string(static_cast<ErrorKind>(kind)));
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorKind::internal) + 1);
}

TEST(StartupErrors, CarryOneLineForAPerson) {
    const StartupError error("port 8084 is in use");
    EXPECT_STREQ(error.what(), "port 8084 is in use");
}

TEST(Invariants, StopTheProgramWhenBroken) {
    invariant(true, "holds");
    EXPECT_DEATH(invariant(false, "two owners"), "broken invariant: two owners");
}

}  // namespace
}  // namespace higuma
