#include <gmock/gmock.h>

#include "contract/api/controller_fixture.hpp"

namespace higuma::test {
namespace {

class Balance : public ControllerApi {
  protected:
    bool known(std::size_t monitors) {
        return until([&] { return gateway->controller.view().monitors_active == monitors; });
    }
    json::value status() { return get("/api/rebalancing-status").body; }
    bool done() {
        return until([&] { return status().at("state") == "done"; });
    }
    // A gateway whose churn is limited: at 60 % a minute, one per cent of the load a second.
    void limit_churn(double percent) {
        gateway->drain();
        live.reset();
        churn = percent;
        gateway = std::make_unique<Running>(*this, "gateway");
        live = std::make_unique<api::LiveView>(loop.get_executor(), clock, gateway->db,
                                               gateway->controller);
    }
};

TEST_F(Balance, BringsNodesToTheSameLoadAndChangesHomes) {
    add_monitors(100, "node1");
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(known(100));
    EXPECT_EQ(status().at("state"), "idle");
    const auto answer = post("/api/trigger-rebalancing", R"({"reason":"uneven"})");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.body.at("started"), true) << answer.text;
    const auto planned = answer.body.at("planned").to_number<int>();
    EXPECT_GE(planned, 45);
    EXPECT_LE(planned, 50);
    ASSERT_TRUE(done());
    EXPECT_EQ(monitors_on("node2"), planned);
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE assigned_node IS NOT NULL"), 0);
    const auto after = status();
    EXPECT_EQ(after.at("done").to_number<int>(), planned);
    EXPECT_EQ(after.at("failed").to_number<int>(), 0);
    EXPECT_EQ(after.at("actor"), "anonymous");
    EXPECT_EQ(after.at("figures").at("max_over_mean_before").to_number<double>(), 2.0);
    EXPECT_LE(after.at("figures").at("max_over_mean_after").to_number<double>(), 1.1);
    EXPECT_TRUE(after.at("finished").is_string());
    EXPECT_TRUE(until([&] { return events("rebalancing") == 1; }));

    const auto again = post("/lb/trigger-rebalancing");
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body.at("started"), false);
    EXPECT_EQ(again.body.at("planned").to_number<int>(), 0);
    const auto all = get("/api/force-rebalance-all");
    EXPECT_EQ(all.status, 200) << all.text;
    EXPECT_EQ(all.body.at("kind"), "all");
    ASSERT_TRUE(done());
}

TEST_F(Balance, OneAtATimeAndOnlyUnderTheBudget) {
    limit_churn(60);
    add_monitors(200, "node1");
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(known(200));
    ASSERT_EQ(post("/api/trigger-rebalancing").status, 200);
    const auto refused = post("/api/trigger-rebalancing");
    EXPECT_EQ(refused.status, 409) << refused.text;
    EXPECT_THAT(refused.text, testing::HasSubstr("runs already"));
    EXPECT_EQ(post("/api/force-rebalance-all").status, 409);
    ASSERT_TRUE(until([&] { return monitors_on("node2") > 0; }));
    const auto state = status();
    EXPECT_EQ(state.at("running"), true);
    EXPECT_LT(monitors_on("node2"), 60) << "a hundredth of the load is two of them";
}

TEST_F(Balance, TheNextLeaderGoesOn) {
    limit_churn(60);
    add_monitors(200, "node1");
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(known(200));
    ASSERT_EQ(post("/api/trigger-rebalancing").status, 200);
    ASSERT_TRUE(until([&] { return monitors_on("node2") >= 4; }));
    gateway->drain();
    const auto moved = monitors_on("node2");
    EXPECT_LT(moved, 90);
    churn = 0;
    Running next(*this, "gateway2");
    ASSERT_TRUE(until([&] {
        const auto view = next.controller.view();
        return view.leader && view.rebalancing.state == cluster::RebalanceState::done;
    }));
    EXPECT_GE(monitors_on("node2"), 90);
    const auto record = next.controller.view().rebalancing;
    EXPECT_EQ(record.done, static_cast<std::uint64_t>(monitors_on("node2")));
    EXPECT_EQ(record.planned, record.done);
    EXPECT_EQ(number("SELECT MAX(assignment_epoch) FROM monitor"), 2) << "none moved twice";
}

TEST_F(Balance, SwitchedAndPinnedMonitorsStay) {
    add_monitors(10, "node1");
    ASSERT_TRUE(admin.execute("UPDATE monitor SET pinned = 1 WHERE id <= 9"));
    serve();
    ASSERT_TRUE(settled());
    ASSERT_TRUE(known(10));
    ASSERT_EQ(post("/api/force-rebalance-all").status, 200);
    let_run(Millis{800});
    EXPECT_GE(monitors_on("node1"), 9);
    EXPECT_EQ(post("/api/trigger-rebalancing", R"({"kind":"all"})").status, 400);
    EXPECT_EQ(ask("PUT", "/api/trigger-rebalancing").status, 405);
}

}  // namespace
}  // namespace higuma::test
