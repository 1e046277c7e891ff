#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "routing/table_loader.hpp"
#include "unit/routing/support.hpp"

namespace higuma::routing {
namespace {

using Progress = TableLoader::Progress;
using ::testing::IsEmpty;

constexpr std::size_t kAll = kMaxFileBytes;

OwnerTable owners(std::uint64_t generation, std::size_t monitors = 10) {
    OwnerTable table;
    table.generation = generation;
    table.node_ids = {"node1"};
    for (std::size_t id = 1; id <= monitors; ++id) table.monitors.emplace_back(id, 0);
    return table;
}

class LoaderTest : public ::testing::Test {
  protected:
    TemporaryFolder folder_;
    std::string path_ = folder_.file("owners.route");
    TableLoader loader_{path_, FileKind::owners};
};

TEST_F(LoaderTest, AMissingFileIsSaidOnceAndThenAwaited) {
    EXPECT_EQ(loader_.step(kAll), Progress::refused);
    EXPECT_EQ(loader_.step(kAll), Progress::unchanged);
    ASSERT_THAT(write_owner_table(path_, owners(1)), IsEmpty());
    EXPECT_EQ(loader_.step(kAll), Progress::loaded);
    EXPECT_EQ(loader_.step(kAll), Progress::unchanged);
    EXPECT_GT(loader_.written_ns(), 0);
}

TEST_F(LoaderTest, EveryReplacementIsSeen) {
    for (std::uint64_t generation = 1; generation <= 50; ++generation) {
        ASSERT_THAT(write_owner_table(path_, owners(generation)), IsEmpty());
        ASSERT_EQ(loader_.step(kAll), Progress::loaded) << generation;
        const LoadedTable table = loader_.take();
        EXPECT_EQ(OwnerTableView(table.bytes()).generation(), generation);
    }
}

TEST_F(LoaderTest, ALargeFileIsReadInSlicesWhileItIsReplaced) {
    ASSERT_THAT(write_owner_table(path_, owners(1, 10'000)), IsEmpty());
    EXPECT_EQ(loader_.step(4096), Progress::more);
    ASSERT_THAT(write_owner_table(path_, owners(2, 10'000)), IsEmpty());
    Progress progress = Progress::more;
    while (progress == Progress::more) progress = loader_.step(4096);
    ASSERT_EQ(progress, Progress::loaded);
    EXPECT_EQ(OwnerTableView(loader_.take().bytes()).generation(), 1u);
    progress = loader_.step(4096);
    while (progress == Progress::more) progress = loader_.step(4096);
    ASSERT_EQ(progress, Progress::loaded);
    EXPECT_EQ(OwnerTableView(loader_.take().bytes()).generation(), 2u);
}

TEST_F(LoaderTest, ADamagedFileIsRefusedOnceAndALoadedTableStays) {
    ASSERT_THAT(write_owner_table(path_, owners(1)), IsEmpty());
    ASSERT_EQ(loader_.step(kAll), Progress::loaded);
    const LoadedTable good = loader_.take();

    std::vector<char> bytes = read_file(path_);
    bytes.back() ^= 1;
    overwrite_file(path_, bytes);  // in place: a shared mapping would have changed under its reader
    std::filesystem::last_write_time(
        path_, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(2));
    EXPECT_EQ(loader_.step(kAll), Progress::refused);
    EXPECT_EQ(loader_.reason(), "checksum is wrong");
    EXPECT_EQ(loader_.step(kAll), Progress::unchanged);
    EXPECT_EQ(OwnerTableView(good.bytes()).owner_of_monitor(10), 0);

    overwrite_file(path_, {});
    EXPECT_EQ(loader_.step(kAll), Progress::refused);
    std::filesystem::remove(path_);
    std::filesystem::create_directory(path_);
    EXPECT_EQ(loader_.step(kAll), Progress::refused);
    EXPECT_EQ(loader_.step(kAll), Progress::unchanged);
    EXPECT_EQ(OwnerTableView(good.bytes()).owner_of_monitor(10), 0);
}

TEST_F(LoaderTest, AFileThatShrinksWhileItIsReadIsRefused) {
    ASSERT_THAT(write_owner_table(path_, owners(1, 10'000)), IsEmpty());
    EXPECT_EQ(loader_.step(4096), Progress::more);
    std::filesystem::resize_file(path_, 5000);
    Progress progress = Progress::more;
    while (progress == Progress::more) progress = loader_.step(4096);
    EXPECT_EQ(progress, Progress::refused);
}

TEST_F(LoaderTest, ATouchedFileIsNewlyCurrent) {
    ASSERT_THAT(write_owner_table(path_, owners(1)), IsEmpty());
    std::filesystem::last_write_time(
        path_, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    ASSERT_EQ(loader_.step(kAll), Progress::loaded);
    const std::int64_t before = loader_.written_ns();
    ASSERT_THAT(touch_table(path_), IsEmpty());
    ASSERT_EQ(loader_.step(kAll), Progress::loaded);
    EXPECT_GT(loader_.written_ns(), before);
    EXPECT_THAT(touch_table(folder_.file("none")), ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace higuma::routing
