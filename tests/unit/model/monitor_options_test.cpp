#include "model/monitor_options.hpp"

#include <gtest/gtest.h>

#include <set>

namespace higuma {
namespace {

TEST(MonitorOptions, TheTableFollowsTheEnumeration) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < option_table().size(); ++i) {
        const OptionInfo& info = option_table()[i];
        EXPECT_EQ(static_cast<std::size_t>(info.option), i) << info.column;
        EXPECT_TRUE(names.insert(info.column).second) << info.column;
        EXPECT_TRUE(info.alias.empty() || names.insert(info.alias).second) << info.alias;
        EXPECT_TRUE(info.nullable || info.otherwise) << info.column;
    }
}

TEST(MonitorOptions, NothingSetIsTheDefaults) {
    const MonitorOptions options;
    EXPECT_EQ(options.number(Option::packet_size), 56);
    EXPECT_TRUE(options.flag(Option::expiry_notification));
    EXPECT_FALSE(options.flag(Option::save_response));
    EXPECT_EQ(options.text(Option::conditions), "[]");
    EXPECT_EQ(options.text(Option::mqtt_topic), "");
    EXPECT_EQ(options.get(Option::mqtt_topic), std::nullopt);
    EXPECT_EQ(options.number(Option::proxy_id), std::nullopt);
}

TEST(MonitorOptions, KeepsWhatDiffersInAnyOrder) {
    MonitorOptions options;
    options.set(Option::ntp_stratum_threshold, "3");
    options.set(Option::auth_domain, "corp");
    options.set(Option::packet_size, "1200");
    EXPECT_EQ(options.number(Option::ntp_stratum_threshold), 3);
    EXPECT_EQ(options.text(Option::auth_domain), "corp");
    EXPECT_EQ(options.number(Option::packet_size), 1'200);
    options.set(Option::packet_size, "56");
    options.set(Option::auth_domain, std::nullopt);
    options.set(Option::ntp_stratum_threshold, "5");
    EXPECT_EQ(options, MonitorOptions{});
}

TEST(MonitorOptions, NullIsKeptWhereTheColumnMayBeNull) {
    MonitorOptions options;
    options.set(Option::ntp_stratum_threshold, std::nullopt);
    EXPECT_EQ(options.get(Option::ntp_stratum_threshold), std::nullopt);
    options.set(Option::ping_count, "9");
    options.set(Option::ping_count, std::nullopt);
    EXPECT_EQ(options.number(Option::ping_count), 1);
}

TEST(MonitorOptions, WhatIsNoNumberIsNone) {
    MonitorOptions options;
    options.set(Option::proxy_id, "7x");
    EXPECT_EQ(options.number(Option::proxy_id), std::nullopt);
    EXPECT_EQ(options.number_or(Option::proxy_id, 3), 3);
}

}  // namespace
}  // namespace higuma
