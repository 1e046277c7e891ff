// Pushes: the recorded answers of Uptime Kuma, pushes for another node's monitor, and the database
// away.
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>

#include "contract/api/node_fixture.hpp"
#include "support/project_root.hpp"

namespace higuma::api {
namespace {

constexpr const char* kToken = "PEERpushTOKEN0123456789abcdefghi";

std::string push_monitor(const std::string& node) {
    return R"({"name":"p","type":"push","interval":3600,"push_token":")" + std::string(kToken) +
           R"(","node_id":")" + node + "\"}";
}

TEST_F(NodeApiTest, PushAnswersAsRecorded) {
    const auto id = create(push_monitor("node1"));
    std::ifstream lines(test::project_root() / "tests/contract/api/recorded_push.jsonl");
    int replayed = 0;
    for (std::string line; std::getline(lines, line); ++replayed) {
        const auto recorded = boost::json::parse(line).as_object();
        const auto word = [&](const char* name) {
            return std::string(recorded.at(name).as_string());
        };
        const auto answer = plain(word("method"), word("path"));
        EXPECT_EQ(answer.status, recorded.at("status").as_int64()) << line;
        EXPECT_EQ(answer.body, word("body")) << line;
        EXPECT_EQ(answer.all("Content-Type"), std::vector<std::string>{word("content_type")});
        EXPECT_EQ(answer.header("X-Frame-Options"), "SAMEORIGIN");
    }
    EXPECT_EQ(replayed, 8);
    const auto monitor = " FROM heartbeat WHERE monitor_id = " + std::to_string(id);
    EXPECT_TRUE(test::eventually([&] { return count("SELECT COUNT(*)" + monitor) == 6; }));
    EXPECT_EQ(count("SELECT COUNT(*)" + monitor + " AND status = 0 AND msg = 'bad'"), 1);
    EXPECT_EQ(count("SELECT COUNT(*)" + monitor + " AND ping = 6"), 1);
}

TEST_F(NodeApiTest, APushForAnInactiveMonitorIsNotFound) {
    const auto id = create(push_monitor("node1"));
    const auto path = std::string("/api/push/") + kToken;
    EXPECT_EQ(plain("GET", path).status, 200);
    ask("PATCH", "/api/v1/monitors/" + std::to_string(id), R"({"active":false})");
    EXPECT_EQ(plain("GET", path).status, 404);
    EXPECT_EQ(plain("GET", path + "x").status, 404);
    EXPECT_EQ(plain("GET", "/api/push/" + std::string(2000, 'a')).status, 404);
    EXPECT_EQ(plain("GET", "/api/push/%27%20OR%201%3D1%20--%20").status, 404);
}

TEST_F(NodeApiTest, APushForAnotherNodesMonitorIsHandedOnOnce) {
    const auto id = create(push_monitor("node2"));
    const auto path = std::string("/api/push/") + kToken;
    const auto answer = plain("GET", path + "?status=down&msg=from%20%C3%BC%26x&ping=3");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, R"({"ok":true})");
    EXPECT_TRUE(test::eventually([&] {
        return count(
                   "SELECT COUNT(*) FROM heartbeat WHERE node_id = 'node2' AND ping = 3 AND msg = "
                   "'from ü&x' AND monitor_id = " +
                   std::to_string(id)) == 1;
    }));
    const auto again = plain("GET", path, "", {"X-Higuma-Forwarded: node9"});
    EXPECT_EQ(again.status, 503);
    EXPECT_FALSE(again.header("Retry-After").empty());
    run("UPDATE node SET host = '127.0.0.1:" + std::to_string(test::free_port()) +
        "' WHERE node_id = 'node2'");
    const auto refused = plain("POST", path);
    EXPECT_EQ(refused.status, 503);
    EXPECT_FALSE(refused.header("Retry-After").empty());
}

// A server of its own, to take it away.
class WithoutDatabase : public NodeApiTest {
  protected:
    test::MariaDbServer& server() override {
        if (!own_) own_ = std::make_unique<test::MariaDbServer>();
        return *own_;
    }
    void TearDown() override {
        own_->start();
        NodeApiTest::TearDown();
    }
    std::unique_ptr<test::MariaDbServer> own_;
};

TEST_F(WithoutDatabase, PushesGoOnAndTheRestSaysWhenToComeBack) {
    create(push_monitor("node1"));
    const auto path = std::string("/api/push/") + kToken;
    EXPECT_EQ(plain("GET", path).status, 200);
    own_->kill();
    EXPECT_EQ(plain("GET", path + "?msg=meanwhile").status, 200);
    EXPECT_EQ(plain("GET", "/api/push/unknown0123456789").status, 503);
    for (const auto* target : {"/api/v1/monitors", "/api/v1/monitors/1", "/api/v1/nodes"}) {
        const auto answer = ask("GET", target);
        EXPECT_EQ(answer.status, 503) << target << answer.body;
        EXPECT_FALSE(answer.header("Retry-After").empty());
    }
    const auto login =
        plain("POST", "/api/v1/login", R"({"username":"admin","password":"secret"})");
    EXPECT_EQ(login.status, 503) << login.body;
    const auto health = plain("GET", "/api/v1/health");
    EXPECT_EQ(health.status, 200);
    EXPECT_EQ(object(health).at("database").at("reachable"), false);
    own_->start();
    EXPECT_TRUE(test::eventually([&] { return ask("GET", "/api/v1/monitors").status == 200; }));
    EXPECT_TRUE(test::eventually(
        [&] { return count("SELECT COUNT(*) FROM heartbeat WHERE msg = 'meanwhile'") == 1; }));
}

// Fault 9 of the original took 429 for dead: it says that the node works and is behind.
TEST_F(WithoutDatabase, AFullBeatQueueIsTold) {
    create(push_monitor("node1"));
    const auto path = std::string("/api/push/") + kToken;
    EXPECT_EQ(plain("GET", path).status, 200);
    own_->kill();
    for (int i = 0; i < 81; ++i) EXPECT_EQ(plain("GET", path).status, 200);
    const auto behind = plain("GET", "/api/v1/health");
    EXPECT_EQ(behind.status, 429);
    EXPECT_EQ(object(behind).at("status"), "overloaded");
    own_->start();
    EXPECT_TRUE(test::eventually([&] { return plain("GET", "/api/v1/health").status == 200; }));
}

}  // namespace
}  // namespace higuma::api
