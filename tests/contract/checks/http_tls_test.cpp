#include <boost/json.hpp>

#include "checks_fixture.hpp"
#include "support/authority.hpp"
#include "support/temp_folder.hpp"

namespace higuma::checks {

class HttpTlsTest : public ChecksTest {
  protected:
    Monitor https_monitor(const LocalHttpServer& server, const std::string& host = "localhost") {
        Monitor monitor = http_monitor(fmt::format("https://{}:{}/", host, server.port()));
        monitor.auth_method = "mtls";  // the way to name a trust store of one's own
        monitor.options.set(Option::tls_ca, authority_.root_pem());
        monitor.id = MonitorId{next_id_++};
        return monitor;
    }
    static ServedReply hello(const ServedRequest&) { return {}; }

    test::TempFolder folder_;
    test::Authority authority_{folder_.path()};
    std::int64_t next_id_ = 1;
};

TEST_F(HttpTlsTest, AcceptsAChainToATrustedRoot) {
    const auto certificate = authority_.issue("good", "localhost", "DNS:localhost");
    LocalHttpServer server(hello, &certificate);
    const auto outcome = check(https_monitor(server));
    EXPECT_TRUE(outcome.ok) << outcome.msg;
    EXPECT_EQ(outcome.msg, "200 - OK");
}

TEST_F(HttpTlsTest, TellsWhatTheServerShowed) {
    const auto certificate =
        authority_.issue("good", "localhost", "DNS:localhost,IP:127.0.0.1", 31);
    LocalHttpServer server(hello, &certificate);
    const auto outcome = check(https_monitor(server));
    ASSERT_TRUE(outcome.findings) << outcome.msg;
    const auto info = boost::json::parse(outcome.findings->tls_info).as_object();
    EXPECT_TRUE(info.at("valid").as_bool());
    EXPECT_TRUE(info.at("hostnameMatchMonitorUrl").as_bool());
    const auto& own = info.at("certInfo").as_object();
    EXPECT_EQ(own.at("certType"), "server");
    EXPECT_EQ(own.at("subject").at("CN"), "localhost");
    EXPECT_EQ(own.at("subject").at("O"), "Higuma Tests");
    EXPECT_EQ(own.at("issuer").at("CN"), "Test Intermediate");
    EXPECT_EQ(own.at("subjectaltname"), "DNS:localhost, IP Address:127.0.0.1");
    EXPECT_EQ(boost::json::serialize(own.at("validFor")), R"(["localhost","127.0.0.1"])");
    EXPECT_EQ(own.at("daysRemaining").to_number<int>(), 30);
    EXPECT_THAT(std::string(own.at("valid_to").as_string()), testing::EndsWith(" GMT"));
    EXPECT_THAT(std::string(own.at("validTo").as_string()), testing::EndsWith(".000Z"));
    EXPECT_EQ(own.at("fingerprint").as_string().size(), 20u * 3 - 1);
    EXPECT_EQ(own.at("fingerprint256").as_string().size(), 32u * 3 - 1);
    const auto& intermediate = own.at("issuerCertificate").as_object();
    EXPECT_EQ(intermediate.at("certType"), "intermediate CA");
    const auto& root = intermediate.at("issuerCertificate").as_object();
    EXPECT_EQ(root.at("certType"), "root CA");
    EXPECT_EQ(root.at("subject").at("CN"), "Test Root");
    EXPECT_TRUE(root.at("issuerCertificate").is_null());
}

TEST_F(HttpTlsTest, ReadsACertificateNowAndThen) {
    const auto certificate = authority_.issue("good", "localhost", "DNS:localhost");
    LocalHttpServer server(hello, &certificate);
    const Monitor monitor = https_monitor(server);
    EXPECT_TRUE(check(monitor).findings);
    EXPECT_FALSE(check(monitor).findings) << "it was read a moment ago";
}

TEST_F(HttpTlsTest, TellsOfACertificateAlsoWhenTheStatusIsRefused) {
    const auto certificate = authority_.issue("good", "localhost", "DNS:localhost");
    LocalHttpServer server([](const ServedRequest&) { return ServedReply{.status = 500}; },
                           &certificate);
    const auto outcome = check(https_monitor(server));
    EXPECT_EQ(outcome.msg, "Request failed with status code 500");
    EXPECT_TRUE(outcome.findings);
}

TEST_F(HttpTlsTest, NamesWhatIsWrongWithACertificate) {
    struct Case {
        std::string names, host, message;
        int days = 30;
        bool alone = false;
    };
    const std::vector<Case> cases{
        {"DNS:localhost", "localhost", "certificate has expired", -1},
        {"DNS:localhost", "localhost", "unable to verify the first certificate", 30, true},
        {"DNS:example.com", "localhost",
         "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's "
         "altnames: DNS:example.com"},
        {"DNS:localhost", "127.0.0.1",
         "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's "
         "list: "},
    };
    int number = 0;
    for (const auto& [names, host, message, days, alone] : cases) {
        const auto certificate =
            authority_.issue(fmt::format("c{}", number++), "localhost", names, days, alone);
        LocalHttpServer server(hello, &certificate);
        auto monitor = https_monitor(server, host);
        EXPECT_EQ(check(monitor).msg, message);
        monitor.ignore_tls = true;
        const auto outcome = check(monitor);
        EXPECT_TRUE(outcome.ok) << outcome.msg;
        ASSERT_TRUE(outcome.findings);
        EXPECT_THAT(outcome.findings->tls_info, testing::HasSubstr(R"("valid":false)"));
    }
}

TEST_F(HttpTlsTest, RefusesARootThatNobodyTrusts) {
    const auto certificate = authority_.issue("good", "localhost", "DNS:localhost");
    LocalHttpServer server(hello, &certificate);
    auto monitor = https_monitor(server);
    monitor.auth_method.clear();
    EXPECT_EQ(check(monitor).msg, "unable to get local issuer certificate");
}

TEST_F(HttpTlsTest, ShowsAClientCertificate) {
    auto certificate = authority_.issue("good", "localhost", "DNS:localhost");
    certificate.client_ca_file = authority_.root_file();
    LocalHttpServer server(hello, &certificate);
    auto monitor = https_monitor(server);
    const auto outcome = check(monitor);
    EXPECT_FALSE(outcome.ok) << "the server wants a client certificate";
    EXPECT_EQ(server.requests(), 0);
    const auto client = authority_.issue("client", "a client", "DNS:client");
    monitor.options.set(Option::tls_cert, test::file_text(client.certificate_file));
    monitor.options.set(Option::tls_key, test::file_text(client.key_file));
    EXPECT_EQ(check(monitor).msg, "200 - OK");
    const auto other = authority_.issue("other", "another", "DNS:client");
    monitor.options.set(Option::tls_key, test::file_text(other.key_file));
    const auto wrong = check(monitor);
    EXPECT_FALSE(wrong.ok) << "the key belongs to another certificate";
    EXPECT_THAT(wrong.msg, testing::Not(testing::HasSubstr("PRIVATE KEY")));
}

TEST_F(HttpTlsTest, AServerThatDoesNotSpeakTlsIsAFailure) {
    LocalHttpServer server(hello);
    const auto outcome = check(https_monitor(server));
    EXPECT_FALSE(outcome.ok);
    EXPECT_FALSE(outcome.findings);
}

TEST_F(HttpTlsTest, AHandshakeThatHangsEndsInTime) {
    test::LocalTcpServer silent;
    auto monitor = http_monitor(fmt::format("https://127.0.0.1:{}/", silent.port()));
    monitor.timeout = Millis{100};
    EXPECT_EQ(check(monitor).msg, "timeout of 100ms exceeded");
}

}  // namespace higuma::checks
