#include "policy/fault_scan.hpp"

#include <gtest/gtest.h>

namespace higuma::policy {
namespace {

using namespace std::chrono_literals;

constexpr auto kNone = static_cast<Suspicion>(255);

struct Row {
    const char* name;
    ScannedNode node;
    Suspicion expected;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

const Row kRows[] = {
    {"well", {NodeStatus::online, 0, 1s, std::nullopt}, kNone},
    {"failing", {NodeStatus::online, 1, 1s, std::nullopt}, Suspicion::failing},
    {"never registered", {NodeStatus::unknown, 0, 1s, std::nullopt}, kNone},
    {"checked at the limit", {NodeStatus::online, 0, 40s, std::nullopt}, kNone},
    {"unchecked", {NodeStatus::online, 0, 41s, std::nullopt}, Suspicion::unchecked},
    {"lease within the grace", {NodeStatus::online, 0, 1s, 30s}, kNone},
    {"lease lapsed", {NodeStatus::online, 0, 1s, 31s}, Suspicion::lease_lapsed},
    {"a draining node is watched too", {NodeStatus::draining, 0, 1s, 31s}, Suspicion::lease_lapsed},
    {"the first suspicion counts", {NodeStatus::online, 2, 41s, 31s}, Suspicion::failing},
    {"offline is no suspicion but a fact", {NodeStatus::offline, 9, 41s, 31s}, kNone},
};

class FaultScan : public testing::TestWithParam<Row> {};

TEST_P(FaultScan, Finds) {
    const ScanLimits limits{40s, 30s};
    const std::vector<ScannedNode> nodes{{NodeStatus::online, 0, 1s, std::nullopt},
                                         GetParam().node};
    const auto suspects = scan_for_faults(limits, nodes);
    if (GetParam().expected == kNone) {
        EXPECT_TRUE(suspects.empty());
        return;
    }
    ASSERT_EQ(suspects.size(), 1U);
    EXPECT_EQ(suspects[0].node, 1U);
    EXPECT_EQ(suspects[0].why, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Table, FaultScan, testing::ValuesIn(kRows));

}  // namespace
}  // namespace higuma::policy
