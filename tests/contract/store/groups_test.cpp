#include "store/groups.hpp"

#include <gmock/gmock.h>

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

class GroupsTest : public StoreTest {
  protected:
    MonitorId child_of(MonitorId group, const std::string& name) {
        const auto id = add_monitor("node1", name);
        run(sql_format("UPDATE monitor SET parent = ? WHERE id = ?", group, id));
        return id;
    }
    void beat(MonitorId id, int status, const std::string& time) {
        run(sql_format("INSERT INTO heartbeat (monitor_id, status, time) VALUES (?, ?, ?)", id,
                       status, time));
    }
    std::string text_of(const policy::GroupState& state) {
        std::string text = std::to_string(state.children);
        for (const auto& child : state.troubled) {
            text += " " + child.name + "=" +
                    (child.status ? std::string(to_string(*child.status)) : "none");
        }
        return text;
    }
};

TEST_F(GroupsTest, TellsWhichChildrenAreInTroubleForAllGroupsAtOnce) {
    add_node("node1");
    const auto first = add_monitor("node1", "group"), second = add_monitor("node1", "group");
    const auto empty = add_monitor("node1", "group");
    const auto recovered = child_of(first, "recovered"), fallen = child_of(first, "fallen");
    child_of(first, "new");
    const auto paused = child_of(first, "paused"), maintained = child_of(first, "maintained");
    const auto waits = child_of(second, "waits");
    beat(recovered, 0, "2026-11-22 12:00:00");
    beat(recovered, 1, "2026-11-22 12:01:00");
    beat(fallen, 1, "2026-11-22 12:00:00");
    beat(fallen, 0, "2026-11-22 12:01:00");
    beat(paused, 0, "2026-11-22 12:00:00");
    beat(maintained, 3, "2026-11-22 12:00:00");
    beat(waits, 2, "2026-11-22 12:00:00");
    run(sql_format("UPDATE monitor SET active = 0 WHERE id = ?", paused));

    const auto before = db->statements();
    const auto states = group_states(*db, {empty, second, first});
    HIGUMA_OK(states);
    EXPECT_EQ(db->statements(), before + 1);
    ASSERT_EQ(states->size(), 3u);
    EXPECT_EQ(text_of((*states)[0]), "0");
    EXPECT_EQ(text_of((*states)[1]), "1 waits=pending");
    EXPECT_EQ(text_of((*states)[2]), "5 fallen=down new=none");
    EXPECT_EQ((*states)[2].group, first);
}

}  // namespace
}  // namespace higuma::store
