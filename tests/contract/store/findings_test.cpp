#include "store/findings.hpp"

#include "contract/store/fixture.hpp"

namespace higuma::store {
namespace {

class FindingsTest : public StoreTest {
  protected:
    void SetUp() override {
        StoreTest::SetUp();
        incarnation = add_node("node1");
        add_node("node2");
    }
    static MonitorFindings found(MonitorId id, std::string tls, std::string dns = "",
                                 Epoch epoch = Epoch{1}) {
        auto findings = std::make_shared<Findings>();
        findings->tls_info = std::move(tls);
        findings->dns_last_result = std::move(dns);
        return {id, epoch, findings};
    }
    void write(const std::vector<MonitorFindings>& batch) {
        HIGUMA_OK(write_findings(*db, {"node1"}, incarnation, batch));
    }
    static std::string certificate(const std::string& print) {
        return R"({"valid":true,"certInfo":{"fingerprint256":")" + print + R"("}})";
    }

    Incarnation incarnation;
};

TEST_F(FindingsTest, KeepsOneRowForAMonitorAndTheLastAnswerBesideIt) {
    const auto a = add_monitor("node1"), b = add_monitor("node1");
    write({found(b, certificate("'x'"), "1.2.3.4"), found(a, certificate("y"))});
    write({found(a, certificate("z")), found(b, "", "5.6.7.8")});
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor_tls_info"), 2);
    EXPECT_EQ(word(sql_format("SELECT info_json FROM monitor_tls_info WHERE monitor_id = ?", a)),
              certificate("z"));
    EXPECT_EQ(word(sql_format("SELECT info_json FROM monitor_tls_info WHERE monitor_id = ?", b)),
              certificate("'x'"));
    EXPECT_EQ(word(sql_format("SELECT dns_last_result FROM monitor WHERE id = ?", b)), "5.6.7.8");
    EXPECT_EQ(word(sql_format("SELECT dns_last_result FROM monitor WHERE id = ?", a)), "NULL");
}

TEST_F(FindingsTest, OnlyTheCurrentOwnerWrites) {
    const auto mine = add_monitor("node1"), others = add_monitor("node2");
    const auto moved = add_monitor("node1");
    HIGUMA_OK(apply_moves(*db, lead(), {{moved, Epoch{1}, {"node2"}}}));
    write({found(mine, "{}", "", Epoch{0}), found(others, "{}", "x"), found(moved, "{}", "x")});
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor_tls_info"), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor WHERE dns_last_result IS NOT NULL"), 0);
    add_node("node1");  // a newer process
    write({found(mine, "{}")});
    EXPECT_EQ(number("SELECT COUNT(*) FROM monitor_tls_info"), 0);
}

TEST_F(FindingsTest, ANewCertificateForgetsWhichRemindersWereSent) {
    const auto same = add_monitor("node1"), renewed = add_monitor("node1");
    write({found(same, certificate("a")), found(renewed, certificate("a"))});
    run(
        sql_format("INSERT INTO notification_sent_history (type, monitor_id, days) VALUES "
                   "('certificate', ?, 7), ('certificate', ?, 7), ('domain', ?, 7)",
                   same, renewed, renewed));
    write({found(same, certificate("a")), found(renewed, certificate("b"))});
    EXPECT_EQ(number(sql_format("SELECT COUNT(*) FROM notification_sent_history "
                                "WHERE type = 'certificate' AND monitor_id = ?",
                                same)),
              1);
    EXPECT_EQ(word(sql_format("SELECT GROUP_CONCAT(type) FROM notification_sent_history "
                              "WHERE monitor_id = ?",
                              renewed)),
              "domain");
}

}  // namespace
}  // namespace higuma::store
