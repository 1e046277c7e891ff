#include "contract/checks/checks_fixture.hpp"
#include "support/dns_server.hpp"
#include "support/mariadb.hpp"

namespace higuma::checks {
namespace {

using test::DnsServer;
using testing::HasSubstr;

// Names of root and a mail box, and five numbers, as the wire has them.
constexpr const char* kSoaRecord =
    "--dns-rr=zone.test,6,"
    "026e73047a6f6e6504746573740004726f6f74047a6f6e65047465737400"
    "0000000700000e1000000384000151800000012c";
constexpr const char* kNsRecord = "--dns-rr=zone.test,2,026e73047a6f6e65047465737400";

class DnsTest : public ChecksTest {
  protected:
    DnsTest()
        : port_(test::free_port()),
          server_(port_,
                  {"--host-record=both.test,10.0.0.7,fd00::7", "--host-record=both.test,10.0.0.8",
                   "--cname=alias.test,both.test", "--mx-host=zone.test,mail.test,10",
                   "--txt-record=zone.test,one,two", "--srv-host=_web._tcp.test,both.test,8080,5,7",
                   "--caa-record=zone.test,0,issue,ca.test",
                   "--ptr-record=9.2.0.10.in-addr.arpa,back.test", kSoaRecord, kNsRecord}) {
        EXPECT_TRUE(test::run_until(loop_, [&] { return check(monitor("A", "both.test")).ok; }));
    }
    Monitor monitor(const std::string& type, const std::string& name,
                    const std::string& conditions = "[]") const {
        Monitor monitor;
        monitor.type = "dns";
        monitor.hostname = name;
        monitor.port = port_;
        monitor.timeout = Millis{20'000};
        monitor.options.set(Option::dns_resolve_type, type);
        monitor.options.set(Option::dns_resolve_server, "127.0.0.1");
        monitor.options.set(Option::conditions, conditions);
        return monitor;
    }
    static std::string record(const std::string& op, const std::string& value) {
        return R"([{"type":"expression","variable":"record","operator":")" + op + R"(","value":")" +
               value + R"(","andOr":"and"}])";
    }

    int port_;
    DnsServer server_;
};

TEST_F(DnsTest, EveryTypeInTheWordsOfUptimeKuma) {
    struct Row {
        std::string type, name, msg;
    };
    for (const Row& row : std::vector<Row>{
             {"AAAA", "both.test", "Records: fd00::7"},
             {"CNAME", "alias.test", "both.test"},
             {"CAA", "zone.test", "Records: ca.test"},
             {"MX", "zone.test", "Hostname: mail.test - Priority: 10"},
             {"NS", "zone.test", "Servers: ns.zone.test"},
             {"PTR", "10.0.2.9", "Records: back.test"},
             {"SOA", "zone.test",
              "NS-Name: ns.zone.test | Hostmaster: root.zone.test | Serial: 7 | Refresh: 3600 | "
              "Retry: 900 | Expire: 86400 | MinTTL: 300"},
             {"SRV", "_web._tcp.test", "Name: both.test | Port: 8080 | Priority: 5 | Weight: 7"},
             {"TXT", "zone.test", "Records: one,two"}}) {
        const auto outcome = check(monitor(row.type, row.name));
        EXPECT_TRUE(outcome.ok) << row.type << ": " << outcome.msg;
        EXPECT_EQ(outcome.msg, row.msg);
        EXPECT_TRUE(outcome.ping.has_value());
        ASSERT_TRUE(outcome.findings) << row.type;
        EXPECT_EQ(outcome.findings->dns_last_result, row.msg);
    }
    const auto addresses = check(monitor("A", "both.test"));
    EXPECT_THAT(addresses.msg, testing::AllOf(HasSubstr("10.0.0.7"), HasSubstr("10.0.0.8")));
    EXPECT_THAT(addresses.msg, HasSubstr(" | "));
}

TEST_F(DnsTest, OneRecordThatMeetsTheConditionsIsEnough) {
    EXPECT_TRUE(check(monitor("A", "both.test", record("equals", "10.0.0.8"))).ok);
    EXPECT_TRUE(check(monitor("TXT", "zone.test", record("starts_with", "tw"))).ok);
    const auto missed = check(monitor("A", "both.test", record("equals", "10.0.0.9")));
    EXPECT_FALSE(missed.ok);
    EXPECT_THAT(missed.msg, HasSubstr("10.0.0.7"));
    EXPECT_TRUE(missed.ping.has_value());
    const auto wrong =
        monitor("A", "both.test",
                R"([{"type":"expression","variable":"x","operator":"equals","value":""}])");
    EXPECT_THAT(check(wrong).msg, HasSubstr("\"x\""));
}

TEST_F(DnsTest, FailuresNameQuestionAndName) {
    EXPECT_EQ(check(monitor("A", "nobody.test")).msg, "queryA ENOTFOUND nobody.test");
    EXPECT_EQ(check(monitor("MX", "both.test")).msg, "queryMx ENODATA both.test");
    EXPECT_EQ(check(monitor("PTR", "10.9.9.9")).msg, "getHostByAddr ENOTFOUND 10.9.9.9");
    auto refused = monitor("A", "both.test");
    refused.port = test::free_port();
    EXPECT_EQ(check(refused).msg, "queryA ECONNREFUSED both.test");
    auto nobody = monitor("A", "both.test");
    nobody.options.set(Option::dns_resolve_server, " , ");
    EXPECT_THAT(check(nobody).msg, HasSubstr("No Resolver Servers specified"));
    nobody.options.set(Option::dns_resolve_server, "no-such-host.invalid");
    EXPECT_THAT(check(nobody).msg, HasSubstr("None of the configured resolver servers"));
}

TEST_F(DnsTest, TheSecondServerAnswersWhenTheFirstRefuses) {
    auto two = monitor("A", "both.test");
    two.options.set(Option::dns_resolve_server, "127.0.0.77, localhost");
    EXPECT_TRUE(check(two).ok);
}

TEST_F(DnsTest, AFrozenServerEndsAtTheLimitAndACancelAtOnce) {
    server_.freeze();
    auto slow = monitor("A", "both.test");
    slow.timeout = Millis{300};
    EXPECT_EQ(check(slow).msg, "queryA ETIMEOUT both.test");
    int turns = 0;
    EXPECT_EQ(cancel(monitor("A", "both.test"), [&] { return ++turns > 3; }).msg,
              "queryA ECANCELLED both.test");
}

}  // namespace
}  // namespace higuma::checks
