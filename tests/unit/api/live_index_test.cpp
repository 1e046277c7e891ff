// The live page's order: problems first, then names; counts, pages, searches and moves follow each
// change.
#include "api/live_index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace higuma::api {
namespace {

constexpr WallTime kStart{Seconds{1'795'000'000}};

store::LiveBeat beat(std::int64_t id, std::int64_t monitor, BeatStatus status, Seconds at) {
    return {id, {monitor}, status, 12, kStart + at};
}

store::LiveMonitor monitor(std::int64_t id, std::string name, std::string node = "node1") {
    store::LiveMonitor one;
    one.id = {id};
    one.name = std::move(name);
    one.type = "http";
    one.target = "https://example.org/" + std::to_string(id);
    one.node = node;
    one.home = std::move(node);
    return one;
}

std::vector<std::int64_t> ids(const std::vector<const LiveRow*>& rows) {
    std::vector<std::int64_t> out;
    for (const auto* row : rows) out.push_back(row->monitor.id.value);
    return out;
}

std::vector<std::int64_t> search(const LiveIndex& index, const LiveFilter& filter,
                                 std::size_t steps = 3) {
    std::vector<MonitorId> found;
    LiveWalk at;
    while (!at.done) index.walk(filter, at, steps, found);
    std::vector<std::int64_t> out;
    for (const auto id : found) out.push_back(id.value);
    return out;
}

TEST(LiveIndex, ShowsProblemsFirstThenNames) {
    LiveIndex index;
    index.put(monitor(1, "beta"));
    index.put(monitor(2, "Alpha"));
    index.put(monitor(3, "gamma"));
    index.put(monitor(4, "delta"));
    auto paused = monitor(5, "a paused one");
    paused.active = false;
    index.put(paused);
    index.beat(beat(1, 1, BeatStatus::up, Seconds{1}));
    index.beat(beat(2, 2, BeatStatus::up, Seconds{1}));
    index.beat(beat(3, 3, BeatStatus::down, Seconds{1}));
    EXPECT_EQ(ids(index.page({}, 0, 10)), (std::vector<std::int64_t>{3, 4, 2, 1, 5}));

    index.beat(beat(4, 1, BeatStatus::pending, Seconds{2}));
    index.beat(beat(5, 4, BeatStatus::maintenance, Seconds{2}));
    EXPECT_EQ(ids(index.page({}, 0, 10)), (std::vector<std::int64_t>{3, 1, 4, 2, 5}));
    EXPECT_EQ(index.count(LiveStatus::unknown), 0u);
    EXPECT_EQ(index.count(LiveStatus::paused), 1u);
}

TEST(LiveIndex, ABeatThatWasKeptOnDiskDoesNotHideANewerOne) {
    LiveIndex index;
    index.put(monitor(1, "one"));
    EXPECT_TRUE(index.beat(beat(10, 1, BeatStatus::up, Seconds{60})));
    EXPECT_FALSE(index.beat(beat(11, 1, BeatStatus::down, Seconds{20})));
    EXPECT_EQ(index.find({1})->status, LiveStatus::up);
    EXPECT_FALSE(index.beat(beat(10, 1, BeatStatus::up, Seconds{60})))
        << "read twice, counted once";
    EXPECT_TRUE(index.beat(beat(12, 1, BeatStatus::down, Seconds{60})));
    EXPECT_EQ(index.find({1})->status, LiveStatus::down);
    EXPECT_FALSE(index.beat(beat(13, 99, BeatStatus::up, Seconds{60}))) << "nobody's beat";
}

TEST(LiveIndex, SettingsDoNotTakeTheLastBeatAway) {
    LiveIndex index;
    index.put(monitor(1, "one"));
    index.beat(beat(1, 1, BeatStatus::down, Seconds{1}));
    index.put(monitor(1, "renamed"));
    EXPECT_EQ(index.find({1})->status, LiveStatus::down);
    EXPECT_EQ(index.find({1})->monitor.name, "renamed");
    EXPECT_EQ(index.count(LiveStatus::down), 1u);
}

TEST(LiveIndex, CountsWhatRunsAwayFromHome) {
    LiveIndex index;
    index.put(monitor(1, "one", "node2"));
    index.put(monitor(2, "two", "node2"));
    auto away = monitor(1, "one", "node2");
    away.node = "node1";
    index.put(away);
    EXPECT_EQ(index.node("node1").moved_in, 1);
    EXPECT_EQ(index.node("node2").moved_out, 1);
    index.beat(beat(1, 1, BeatStatus::down, Seconds{1}));
    EXPECT_EQ(index.node("node1").moved_in, 1);
    index.put(monitor(1, "one", "node2"));
    index.remove({2});
    EXPECT_EQ(index.node("node1").moved_in, 0);
    EXPECT_EQ(index.node("node2").moved_out, 0);
}

TEST(LiveIndex, FindsByNameTargetNodeAndStatus) {
    LiveIndex index;
    for (int id = 1; id <= 40; ++id) {
        index.put(monitor(id, "Shop " + std::to_string(id), id % 2 ? "node1" : "node2"));
        index.beat(beat(id, id, id <= 10 ? BeatStatus::down : BeatStatus::up, Seconds{1}));
    }
    EXPECT_EQ(search(index, {{}, "", "shop 39"}), (std::vector<std::int64_t>{39}));
    EXPECT_EQ(search(index, {{}, "", "example.org/40"}), (std::vector<std::int64_t>{40}));
    EXPECT_EQ(search(index, {LiveStatus::down, "node2", ""}),
              (std::vector<std::int64_t>{10, 2, 4, 6, 8}));
    EXPECT_EQ(search(index, {{}, "node1", ""}).size(), 20u);
    EXPECT_TRUE(search(index, {{}, "node3", ""}).empty());
    EXPECT_EQ(search(index, {{}, "", ""}, 1), ids(index.page({}, 0, 100)));
}

TEST(LiveIndex, ARangeThatIsReadAgainReplacesWhatWasThere) {
    LiveIndex index;
    for (int id = 1; id <= 9; ++id) index.put(monitor(id, "m" + std::to_string(id)));
    index.replace_range({3}, {6}, {monitor(4, "four"), monitor(6, "six")});
    EXPECT_EQ(index.find({5}), nullptr);
    EXPECT_EQ(index.find({4})->monitor.name, "four");
    EXPECT_NE(index.find({3}), nullptr);
    EXPECT_NE(index.find({7}), nullptr);
    EXPECT_EQ(index.size(), 8u);
}

// Against a plain sort, with names that repeat and enough rows for many blocks.
TEST(LiveIndex, AgreesWithAPlainSortAfterManyRandomChanges) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto below = [&](int limit) { return static_cast<int>(random() % limit); };
    LiveIndex index;
    std::map<std::int64_t, LiveRow> plain;
    for (int step = 1; step <= 20'000; ++step) {
        const std::int64_t id = 1 + below(4'000);
        const int what = below(10);
        if (what < 5) {
            index.put(monitor(id, "name " + std::to_string(below(50))));
        } else if (what < 9) {
            index.beat(beat(step, id, static_cast<BeatStatus>(below(4)), Seconds{step}));
        } else {
            index.remove({id});
            plain.erase(id);
        }
        if (const auto* row = index.find({id})) plain[id] = *row;
    }
    std::vector<const LiveRow*> sorted;
    for (const auto& [id, row] : plain) sorted.push_back(&row);
    std::sort(sorted.begin(), sorted.end(), [](const LiveRow* a, const LiveRow* b) {
        return std::tie(a->status, a->key, a->monitor.id) <
               std::tie(b->status, b->key, b->monitor.id);
    });
    const auto all = ids(sorted);
    ASSERT_EQ(index.size(), all.size());
    EXPECT_EQ(ids(index.page({}, 0, all.size() + 1)), all);
    for (int page = 0; page < 50; ++page) {
        const auto offset = static_cast<std::size_t>(below(static_cast<int>(all.size())));
        const auto end = std::min(all.size(), offset + 60);
        EXPECT_EQ(ids(index.page({}, offset, 60)),
                  std::vector<std::int64_t>(all.begin() + static_cast<std::ptrdiff_t>(offset),
                                            all.begin() + static_cast<std::ptrdiff_t>(end)));
    }
    EXPECT_EQ(search(index, {{}, "", "name"}, 700), all);
}

TEST(LiveIndex, IsDroppedInPortions) {
    LiveIndex index;
    for (int id = 1; id <= 5; ++id) index.put(monitor(id, "m"));
    EXPECT_TRUE(index.drop(3));
    EXPECT_EQ(ids(index.page({}, 0, 10)), (std::vector<std::int64_t>{4, 5}));
    EXPECT_FALSE(index.drop(3));
    EXPECT_EQ(index.count(LiveStatus::unknown), 0u);
}

TEST(LiveIndex, AWalkGoesOnWhenItsPlaceIsGone) {
    LiveIndex index;
    for (int id = 1; id <= 9; ++id) index.put(monitor(id, "m" + std::to_string(id)));
    std::vector<MonitorId> found;
    LiveWalk at;
    index.walk({}, at, 4, found);
    index.remove({4});
    index.remove({5});
    while (!at.done) index.walk({}, at, 4, found);
    EXPECT_EQ(found.size(), 8u);
    EXPECT_EQ(found.back().value, 9);
}

TEST(LiveStatus, NamesAreReadBack) {
    for (const auto status : {LiveStatus::down, LiveStatus::pending, LiveStatus::unknown,
                              LiveStatus::maintenance, LiveStatus::up, LiveStatus::paused}) {
        EXPECT_EQ(live_status_from(to_string(status)), status);
    }
    EXPECT_EQ(live_status_from("Down"), std::nullopt);
}

}  // namespace
}  // namespace higuma::api
