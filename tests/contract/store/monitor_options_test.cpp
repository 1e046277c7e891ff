#include "model/monitor_options.hpp"

#include "contract/store/fixture.hpp"
#include "store/sql.hpp"

namespace higuma::store {
namespace {

TEST_F(StoreTest, TheOptionsDefaultsAreTheColumns) {
    const auto without_quotes = [](std::string text) {
        std::erase(text, '\'');
        return text;
    };
    for (const auto& info : option_table()) {
        auto rows = db->query(
            sql_format("SELECT is_nullable = 'YES', column_default FROM information_schema.columns "
                       "WHERE table_schema = DATABASE() AND table_name = 'monitor' "
                       "AND column_name = ?",
                       info.column));
        HIGUMA_OK(rows);
        ASSERT_EQ(rows->size(), 1u) << info.column;
        EXPECT_EQ(rows->integer(0, 0) != 0, info.nullable) << info.column;
        EXPECT_EQ(without_quotes(rows->string(0, 1)), info.otherwise.value_or("NULL"))
            << info.column;
    }
}

}  // namespace
}  // namespace higuma::store
