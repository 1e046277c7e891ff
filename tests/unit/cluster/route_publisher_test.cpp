#include "cluster/route_publisher.hpp"

#include <gtest/gtest.h>

namespace higuma::cluster {
namespace {

const Instant kStart{Seconds(100)};

TEST(RampPermille, GrowsOverTheSlowStart) {
    struct Case {
        Millis age;
        std::uint32_t share;
    };
    for (const auto& [age, share] :
         {Case{Millis{0}, 50}, Case{Millis{15'000}, 500}, Case{Millis{29'999}, 999},
          Case{Millis{30'000}, 1000}, Case{Millis{90'000}, 1000}}) {
        EXPECT_EQ(ramp_permille(kStart, kStart + age, Millis{30'000}), share) << age.count();
    }
    EXPECT_EQ(ramp_permille(std::nullopt, kStart, Millis{30'000}), 1000U);
    EXPECT_EQ(ramp_permille(kStart, kStart, Millis{0}), 1000U);
}

TEST(WriteBudget, CoalescesChangesWithinTheInterval) {
    WriteBudget budget(Millis{200});
    EXPECT_LE(budget.next(), kStart);  // the first change is written at once
    budget.wrote(kStart, kStart + Millis{5});
    EXPECT_EQ(budget.next(), kStart + Millis{200});
}

TEST(WriteBudget, ALongWriteRestsFourTimesAsLong) {
    WriteBudget budget(Millis{200});
    budget.wrote(kStart, kStart + Millis{300});
    EXPECT_EQ(budget.next(), kStart + Millis{1'500});
}

TEST(SameContent, LooksAtEverythingButTheGeneration) {
    routing::NodeTable a;
    a.nodes.push_back({"node1", "127.0.0.1:1", routing::NodeState::online, false, true, 3, 1000});
    auto b = a;
    b.generation = 9;
    EXPECT_TRUE(same_content(a, b));
    const auto differs = [&](auto change) {
        auto c = a;
        change(c);
        return !same_content(a, c);
    };
    EXPECT_TRUE(differs([](auto& t) { t.setup_complete = true; }));
    EXPECT_TRUE(differs([](auto& t) { t.nodes[0].suspect = true; }));
    EXPECT_TRUE(differs([](auto& t) { t.nodes[0].state = routing::NodeState::offline; }));
    EXPECT_TRUE(differs([](auto& t) { t.nodes[0].monitors = 4; }));
    EXPECT_TRUE(differs([](auto& t) { t.nodes[0].address = ""; }));
    EXPECT_TRUE(differs([](auto& t) { t.nodes[0].ramp_permille = 10; }));
    EXPECT_TRUE(differs([](auto& t) { t.nodes[0].weight = 200; }));
    EXPECT_TRUE(differs([](auto& t) { t.nodes[0].announced_load_permille = 10; }));
    EXPECT_TRUE(differs([](auto& t) { t.forced = "node1"; }));
    EXPECT_TRUE(differs([](auto& t) { t.algorithm = routing::Algorithm::weighted; }));
    EXPECT_TRUE(differs([](auto& t) { t.nodes.clear(); }));
}

}  // namespace
}  // namespace higuma::cluster
