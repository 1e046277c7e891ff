#include "routing/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <random>

#include "routing/table_view.hpp"
#include "unit/routing/support.hpp"

namespace higuma::routing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

NodeTable three_nodes() {
    NodeTable table;
    table.generation = 7;
    table.setup_complete = true;
    table.forced = "node2";
    table.algorithm = Algorithm::weighted;
    table.nodes = {{"node2", "[::1]:3002", NodeState::draining, true, false, 20, 500, 250, 800},
                   {"node1", "127.0.0.1:3001", NodeState::online, false, true, 10, 1000},
                   {"node3", "", NodeState::offline, false, false, 0, 1000}};
    return table;
}

OwnerTable some_owners() {
    OwnerTable table;
    table.generation = 9;
    table.node_ids = {"node1", "node2", "node3"};
    table.monitors = {{1, 0}, {2, 1}, {3, 2}, {400, 1}, {5'000'000'000, 2}};
    table.push_tokens = {{"abcDEF123", 1}, {"zz", 2}};
    return table;
}

class TableTest : public ::testing::Test {
  protected:
    // An exact-sized heap copy, so that a sanitizer sees any read outside of it.
    std::span<const std::byte> hold(const std::vector<char>& bytes) {
        held_ = std::make_unique<std::byte[]>(bytes.size());
        std::ranges::copy(std::as_bytes(std::span(bytes)), held_.get());
        return {held_.get(), bytes.size()};
    }
    std::vector<char> node_bytes() {
        EXPECT_THAT(write_node_table(path_, three_nodes()), IsEmpty());
        return read_file(path_);
    }
    std::vector<char> owner_bytes() {
        EXPECT_THAT(write_owner_table(path_, some_owners()), IsEmpty());
        return read_file(path_);
    }

    TemporaryFolder folder_;
    std::string path_ = folder_.file("t.route");
    std::unique_ptr<std::byte[]> held_;
    std::string reason_;
};

TEST_F(TableTest, NodesComeBackOrderedById) {
    const auto view = open_node_table(hold(node_bytes()), reason_);
    ASSERT_TRUE(view) << reason_;
    EXPECT_EQ(view->generation(), 7u);
    EXPECT_TRUE(view->setup_complete());
    ASSERT_EQ(view->size(), 3u);
    EXPECT_EQ(view->node(0).id.view(), "node1");
    EXPECT_EQ(view->node(0).address.view(), "127.0.0.1:3001");
    EXPECT_EQ(view->node(0).flags, kNodePrimary);
    EXPECT_EQ(view->node(1).id.view(), "node2");
    EXPECT_EQ(view->node(1).state, static_cast<std::uint8_t>(NodeState::draining));
    EXPECT_EQ(view->node(1).flags, kNodeSuspect);
    EXPECT_EQ(view->node(1).monitors, 20u);
    EXPECT_EQ(view->node(1).ramp_permille, 500u);
    EXPECT_EQ(view->node(1).weight, 250u);
    EXPECT_EQ(view->node(1).announced_load_permille, 800u);
    EXPECT_EQ(view->node(2).address.view(), "");
    EXPECT_EQ(view->node(2).weight, 100u);
    EXPECT_EQ(view->forced(), "node2");
    EXPECT_EQ(view->algorithm(), Algorithm::weighted);
}

TEST_F(TableTest, OwnersComeBackByMonitorAndToken) {
    const auto view = open_owner_table(hold(owner_bytes()), reason_);
    ASSERT_TRUE(view) << reason_;
    EXPECT_EQ(view->monitor_count(), 5u);
    EXPECT_EQ(view->token_count(), 2u);
    for (const auto& [id, node] : some_owners().monitors)
        EXPECT_EQ(view->owner_of_monitor(id), node);
    for (const auto& [token, node] : some_owners().push_tokens) {
        EXPECT_EQ(view->owner_of_token(token), node);
    }
    EXPECT_EQ(view->node_id(2), "node3");
    EXPECT_EQ(view->owner_of_monitor(4), std::nullopt);
    EXPECT_EQ(view->owner_of_monitor(0), std::nullopt);
    EXPECT_EQ(view->owner_of_token("abcDEF12"), std::nullopt);
    EXPECT_EQ(view->owner_of_token(""), std::nullopt);
}

TEST_F(TableTest, ATokenIsNotInTheFile) {
    const std::vector<char> bytes = owner_bytes();
    EXPECT_THAT(std::string(bytes.begin(), bytes.end()), ::testing::Not(HasSubstr("abcDEF123")));
}

TEST_F(TableTest, EmptyTablesAreTables) {
    ASSERT_THAT(write_owner_table(path_, {}), IsEmpty());
    const auto owners = open_owner_table(hold(read_file(path_)), reason_);
    ASSERT_TRUE(owners) << reason_;
    EXPECT_EQ(owners->owner_of_monitor(1), std::nullopt);
    ASSERT_THAT(write_node_table(path_, {}), IsEmpty());
    const auto nodes = open_node_table(hold(read_file(path_)), reason_);
    ASSERT_TRUE(nodes) << reason_;
    EXPECT_EQ(nodes->size(), 0u);
    EXPECT_EQ(nodes->forced(), "");
    EXPECT_EQ(nodes->algorithm(), Algorithm::least_monitors);
}

TEST_F(TableTest, TruncationAtEveryLengthIsRefused) {
    for (const bool nodes : {true, false}) {
        const std::vector<char> whole = nodes ? node_bytes() : owner_bytes();
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const auto bytes = hold({whole.begin(), whole.begin() + static_cast<long>(length)});
            const bool opened = nodes ? open_node_table(bytes, reason_).has_value()
                                      : open_owner_table(bytes, reason_).has_value();
            EXPECT_FALSE(opened) << "at " << length;
        }
    }
}

TEST_F(TableTest, ExtraBytesAreRefused) {
    std::vector<char> bytes = node_bytes();
    bytes.push_back(0);
    EXPECT_FALSE(open_node_table(hold(bytes), reason_));
}

TEST_F(TableTest, EveryFlippedBitIsRefused) {
    for (const bool nodes : {true, false}) {
        std::vector<char> bytes = nodes ? node_bytes() : owner_bytes();
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            const char mask = static_cast<char>(1 << (bit % 8));
            bytes[bit / 8] ^= mask;
            const bool opened = nodes ? open_node_table(hold(bytes), reason_).has_value()
                                      : open_owner_table(hold(bytes), reason_).has_value();
            EXPECT_FALSE(opened) << "bit " << bit;
            bytes[bit / 8] ^= mask;
        }
    }
}

TEST_F(TableTest, TheOtherKindIsRefused) {
    EXPECT_FALSE(open_owner_table(hold(node_bytes()), reason_));
    EXPECT_EQ(reason_, "route table of the other kind");
    EXPECT_FALSE(open_node_table(hold(owner_bytes()), reason_));
}

// A file whose checksums are right although its fields lie: only bounds protect the reader.
TEST_F(TableTest, LyingCountsAreRefusedBeforeAnySectionIsTouched) {
    const std::vector<char> good = owner_bytes();
    const auto refused = [&](auto change) {
        std::vector<char> bytes = good;
        FileHeader header;
        std::memcpy(&header, bytes.data(), sizeof(header));
        change(header);
        header.header_checksum = header_checksum_of(header);
        std::memcpy(bytes.data(), &header, sizeof(header));
        return !open_owner_table(hold(bytes), reason_).has_value();
    };
    EXPECT_TRUE(refused([](FileHeader& h) { h.version = 1; }));
    EXPECT_EQ(reason_, "unknown format version");
    EXPECT_TRUE(refused([](FileHeader& h) { h.node_count = 4; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.node_count = 0xFFFFFFFF; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.monitor_slots = ~std::uint64_t{0}; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.monitor_slots = std::uint64_t{1} << 63; }));
    EXPECT_TRUE(refused([](FileHeader& h) { ++h.token_slots; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.total_size += 10; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.monitor_probe = 1000; }));
    EXPECT_TRUE(refused([](FileHeader& h) { h.monitor_count = 1000; }));
}

// Random bytes under right checksums: whatever is accepted is read within its bounds.
TEST_F(TableTest, NoBytesMakeAReaderLeaveItsBounds) {
    std::mt19937_64 random(20261122);
    const std::vector<char> originals[] = {node_bytes(), owner_bytes()};
    int accepted = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::vector<char> bytes = originals[round % 2];
        for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
            bytes[8 + random() % (bytes.size() - 8)] = static_cast<char>(random());
        }
        FileHeader header;
        std::memcpy(&header, bytes.data(), sizeof(header));
        header.body_checksum =
            body_checksum_of(std::as_bytes(std::span(bytes)).subspan(sizeof(header)));
        header.header_checksum = header_checksum_of(header);
        std::memcpy(bytes.data(), &header, sizeof(header));
        const auto held = hold(bytes);
        if (const auto nodes = open_node_table(held, reason_)) {
            ++accepted;
            EXPECT_TRUE(nodes->forced().empty() || is_valid_name(nodes->forced()));
            EXPECT_LE(nodes->algorithm(), Algorithm::weighted);
            for (std::size_t i = 0; i < nodes->size(); ++i) {
                EXPECT_TRUE(is_valid_name(nodes->node(i).id.view()));
                EXPECT_TRUE(is_printable(nodes->node(i).address.view()));
            }
        }
        if (const auto owners = open_owner_table(held, reason_)) {
            ++accepted;
            for (std::uint64_t id = 0; id < 20; ++id) {
                const auto owner = owners->owner_of_monitor(id);
                EXPECT_TRUE(!owner || is_valid_name(owners->node_id(*owner)));
            }
            owners->owner_of_token("abcDEF123");
        }
    }
    EXPECT_GT(accepted, 0);
}

TEST_F(TableTest, BadInputIsRefusedByTheWriter) {
    NodeTable nodes = three_nodes();
    nodes.nodes[0].id = "node1";
    EXPECT_THAT(write_node_table(path_, nodes), HasSubstr("twice"));
    nodes.nodes[0].id = "a b";
    EXPECT_THAT(write_node_table(path_, nodes), HasSubstr("a b"));
    nodes.nodes[0].id = std::string(51, 'x');
    EXPECT_THAT(write_node_table(path_, nodes), HasSubstr("not valid"));
    nodes = three_nodes();
    nodes.nodes[0].address = std::string(200, '1');
    EXPECT_THAT(write_node_table(path_, nodes), HasSubstr("address of node2"));
    nodes.nodes[0].address = "1.2.3.4:80\r\nX: y";
    EXPECT_THAT(write_node_table(path_, nodes), HasSubstr("address of node2"));
    nodes = three_nodes();
    nodes.forced = "a b";
    EXPECT_THAT(write_node_table(path_, nodes), HasSubstr("forced node"));
    nodes.forced.clear();
    nodes.nodes.resize(kMaxNodes + 1);
    EXPECT_THAT(write_node_table(path_, nodes), HasSubstr("256"));
    OwnerTable owners = some_owners();
    owners.monitors.emplace_back(8, 3);
    EXPECT_THAT(write_owner_table(path_, owners), HasSubstr("not among the nodes"));
    EXPECT_THAT(write_owner_table("/nonexistent/folder/x", some_owners()),
                HasSubstr("/nonexistent"));
}

TEST_F(TableTest, AMillionMonitorsRoundTripAndVerifyInSlices) {
    constexpr std::uint64_t kMonitors = 1'000'000;
    OwnerTable table;
    table.node_ids = {"node1", "node2", "node3"};
    table.monitors.reserve(kMonitors);
    for (std::uint64_t id = 1; id <= kMonitors; ++id) {
        table.monitors.emplace_back(id, static_cast<std::uint16_t>(id * 7 % 3));
        if (id % 100 == 0) table.push_tokens.emplace_back("token" + std::to_string(id), id % 3);
    }
    ASSERT_THAT(write_owner_table(path_, table), IsEmpty());
    const auto bytes = hold(read_file(path_));

    TableVerifier verifier(bytes, FileKind::owners);
    constexpr std::size_t kSlice = 256 * 1024;
    std::size_t steps = 1;
    auto progress = verifier.step(kSlice);
    for (std::size_t before = 0; progress == TableVerifier::Progress::more; ++steps) {
        EXPECT_LE(verifier.position() - before, kSlice);
        before = verifier.position();
        progress = verifier.step(kSlice);
    }
    ASSERT_EQ(progress, TableVerifier::Progress::good) << verifier.reason();
    EXPECT_EQ(steps, (bytes.size() + kSlice - 1) / kSlice);

    const OwnerTableView view(bytes);
    std::size_t wrong = 0;
    for (const auto& [id, node] : table.monitors) wrong += view.owner_of_monitor(id) != node;
    for (const auto& [token, node] : table.push_tokens) wrong += view.owner_of_token(token) != node;
    for (std::uint64_t id = kMonitors + 1; id < kMonitors + 1000; ++id) {
        wrong += view.owner_of_monitor(id).has_value();
    }
    EXPECT_EQ(wrong, 0u);
    FileHeader header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    EXPECT_LT(header.monitor_probe, 300u) << "a search has to stay short";
}

}  // namespace
}  // namespace higuma::routing
