#include "contract/store/fixture.hpp"
#include "store/monitors.hpp"

namespace higuma::store {
namespace {

class PushTargetsTest : public StoreTest {};

TEST_F(PushTargetsTest, AreFoundTogetherAndExactly) {
    add_node("node1");
    add_node("node2");
    run("INSERT INTO monitor (name, type, push_token, node_id) VALUES ('on', 'push', 'AbC''123', "
        "'node1')");
    run("UPDATE node SET host = '127.0.0.1:1' WHERE node_id = 'node2'");
    run("INSERT INTO monitor (name, type, push_token, active, node_id, assigned_node) VALUES "
        "('off', 'push', 'second', 0, 'node1', 'node2'), ('none', 'push', 'third', 1, NULL, NULL)");
    const auto found = find_push_targets(*db, {"second", "abc'123", "", "' OR 1=1 --", "AbC'123 ",
                                               "\xff", "AbC'123", "third", "second"});
    HIGUMA_OK(found);
    ASSERT_EQ(found->size(), 9U);
    for (const std::size_t wrong : {1U, 2U, 3U, 4U, 5U}) EXPECT_FALSE((*found)[wrong]) << wrong;
    ASSERT_TRUE((*found)[0] && (*found)[6] && (*found)[7] && (*found)[8]);
    EXPECT_FALSE((*found)[0]->active);
    EXPECT_EQ((*found)[0]->node, NodeId{"node2"});
    EXPECT_EQ((*found)[0]->host, "127.0.0.1:1");
    EXPECT_EQ((*found)[8]->monitor, (*found)[0]->monitor);
    EXPECT_EQ((*found)[6]->node, NodeId{"node1"});
    EXPECT_NE((*found)[6]->monitor, (*found)[0]->monitor);
    EXPECT_TRUE((*found)[6]->active);
    EXPECT_FALSE((*found)[7]->node);
    HIGUMA_OK(find_push_targets(*db, {}));
}

}  // namespace
}  // namespace higuma::store
