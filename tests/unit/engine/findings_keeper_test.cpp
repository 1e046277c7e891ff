#include "engine/findings_keeper.hpp"

#include <gtest/gtest.h>

namespace higuma::engine {
namespace {

using namespace std::chrono_literals;

store::MonitorFindings found(std::int64_t id, std::string tls) {
    auto findings = std::make_shared<Findings>();
    findings->tls_info = std::move(tls);
    return {MonitorId{id}, Epoch{1}, findings};
}

TEST(FindingsKeeper, WritesWhatChangedAndAllAgainAfterAnHour) {
    FindingsKeeper keeper;
    const Instant start = Instant{} + 1h;
    keeper.offer(found(1, "a"), start);
    keeper.offer(found(1, "a"), start);
    EXPECT_EQ(keeper.waiting(), 1u);
    keeper.written(keeper.take(), start);
    keeper.offer(found(1, "a"), start + 59min);
    EXPECT_EQ(keeper.waiting(), 0u) << "known, and fresh";
    keeper.offer(found(1, "b"), start + 59min);
    EXPECT_EQ(keeper.waiting(), 1u) << "changed";
    keeper.offer(found(1, "a"), start + 59min);
    EXPECT_EQ(keeper.waiting(), 0u) << "again as it is stored";
    keeper.offer(found(1, "a"), start + 60min);
    EXPECT_EQ(keeper.waiting(), 1u) << "an hour old";
    keeper.forget(MonitorId{1});
    EXPECT_EQ(keeper.waiting(), 0u);
    keeper.offer({MonitorId{1}, Epoch{1}, nullptr}, start);
    keeper.offer(found(1, ""), start);
    EXPECT_EQ(keeper.waiting(), 0u) << "nothing was learned";
}

TEST(FindingsKeeper, WhatCouldNotBeWrittenWaitsUnlessANewerCame) {
    FindingsKeeper keeper;
    const Instant now = Instant{} + 1h;
    keeper.offer(found(1, "old"), now);
    keeper.offer(found(2, "two"), now);
    auto batch = keeper.take();
    keeper.offer(found(1, "new"), now);
    keeper.put_back(std::move(batch));
    batch = keeper.take();
    ASSERT_EQ(batch.size(), 2u);
    for (const auto& one : batch) {
        EXPECT_EQ(one.findings->tls_info, one.monitor.value == 1 ? "new" : "two");
    }
}

TEST(FindingsKeeper, IsBounded) {
    FindingsKeeper keeper({.waiting = 10, .bytes = 1'000, .batch = 4, .batch_bytes = 250});
    const Instant now = Instant{} + 1h;
    for (int i = 0; i < 20; ++i) keeper.offer(found(i, std::string(10, 'a')), now);
    EXPECT_EQ(keeper.waiting(), 10u);
    EXPECT_EQ(keeper.dropped(), 10u);
    EXPECT_EQ(keeper.take().size(), 4u);
    while (!keeper.take().empty()) {
    }
    for (int i = 0; i < 10; ++i) keeper.offer(found(i, std::string(200, 'a')), now);
    EXPECT_EQ(keeper.waiting(), 5u) << "by bytes";
    EXPECT_EQ(keeper.take().size(), 1u) << "by bytes";
}

}  // namespace
}  // namespace higuma::engine
