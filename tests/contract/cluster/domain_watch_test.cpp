#include "cluster/domain_watch.hpp"

#include <gmock/gmock.h>

#include "contract/store/fixture.hpp"
#include "support/local_servers.hpp"
#include "support/run_task.hpp"

namespace higuma::cluster {
namespace asio = boost::asio;

using test::LocalHttpServer;
using test::ServedReply;
using test::ServedRequest;

TEST(DomainsDue, AreThoseThatNobodyLookedAtForADay) {
    const WallTime now{std::chrono::days{20'000}};
    const std::vector<store::WatchedHost> hosts{
        {"http", "https://www.example.com/", ""},
        {"keyword", "https://example.com/x", ""},
        {"port", "", "mail.example.org"},
        {"ping", "https://ignored.net/", "fresh.example.net"},
        {"http", "http://127.0.0.1/", ""}};
    const std::vector<store::DomainRow> known{{"example.net", now - std::chrono::hours{23}, {}},
                                              {"example.org", now - std::chrono::hours{30}, {}},
                                              {"gone.com", {}, {}}};
    EXPECT_THAT(domains_due(hosts, known, now, 10),
                testing::ElementsAre("example.com", "example.org"));
    EXPECT_THAT(domains_due(hosts, known, now, 1), testing::ElementsAre("example.com"));
}

class DomainWatchTest : public store::StoreTest {
  protected:
    void watch(const std::function<bool()>& until) {
        store::Database pool(config, 1, 8, clock_);
        net::HttpClient http(loop_.get_executor(), clock_);
        std::stop_source stop;
        bool ended = false;
        DomainWatchConfig watch;
        watch.self = NodeId{"node1"};
        watch.directory_url = server_.url("/dns.json");
        watch.interval = Millis{20};
        watch.pause = Millis{1};
        asio::co_spawn(
            loop_, watch_domains(watch, loop_.get_executor(), clock_, pool, http, stop.get_token()),
            [&](std::exception_ptr) { ended = true; });
        EXPECT_TRUE(test::run_until(loop_, until));
        stop.request_stop();
        EXPECT_TRUE(test::run_until(loop_, [&] { return ended; }));
    }
    ServedReply serve(const ServedRequest& request) {
        ServedReply reply;
        if (request.target == "/dns.json") {
            ++directories_;
            reply.body = R"({"services":[[["com","org"],[")" + server_.url("/rdap/") + R"("]]]})";
        } else {
            ++look_ups_;
            asked_ = request.target;
            reply.status = status_;
            reply.body =
                R"({"events":[{"eventAction":"expiration","eventDate":")" + date_ + R"("}]})";
        }
        return reply;
    }

    asio::io_context loop_;
    std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
    std::atomic<int> directories_{0}, look_ups_{0};
    int status_ = 200;
    std::string date_ = "2040-01-02T03:04:05Z", asked_;
    LocalHttpServer server_{[this](const ServedRequest& request) { return serve(request); }};
};

TEST_F(DomainWatchTest, StoresTheExpiryOnceADay) {
    run("INSERT INTO monitor (name, type, url, active, domain_expiry_notification) VALUES "
        "('a', 'http', 'https://www.example.com/', 1, 1), "
        "('b', 'http', 'https://other.example.com/', 1, 1), "
        "('c', 'http', 'https://off.org/', 0, 1), ('d', 'http', 'https://no.org/', 1, 0), "
        "('e', 'http', 'https://unsupported.dev/', 1, 1)");
    const std::string expiry = "SELECT expiry FROM domain_expiry WHERE domain = 'example.com'";
    watch([&] { return word(expiry) == "2040-01-02 03:04:05"; });
    EXPECT_EQ(asked_, "/rdap/domain/example.com");
    run("UPDATE domain_expiry SET last_expiry_notification_sent = 7");
    watch([turns = 0]() mutable { return ++turns > 10; });
    EXPECT_EQ(look_ups_, 1) << "it was looked up today";
    EXPECT_EQ(number("SELECT COUNT(*) FROM domain_expiry WHERE expiry IS NOT NULL"), 1);

    date_ = "2041-01-02T03:04:05Z";
    run("UPDATE domain_expiry SET last_check = '2020-01-01' WHERE domain = 'example.com'");
    watch([&] { return word(expiry) == "2041-01-02 03:04:05"; });
    EXPECT_EQ(word("SELECT last_expiry_notification_sent FROM domain_expiry "
                   "WHERE domain = 'example.com'"),
              "NULL")
        << "a renewed domain is told about again";
}

TEST_F(DomainWatchTest, AFailureKeepsWhatIsKnownAndIsTriedAgainInAnHour) {
    run("INSERT INTO monitor (name, type, hostname, active, domain_expiry_notification) VALUES "
        "('a', 'port', 'mail.example.org', 1, 1)");
    run("INSERT INTO domain_expiry (domain, expiry, last_check) VALUES "
        "('example.org', '2030-01-01', '2020-01-01')");
    status_ = 429;
    const std::string recent =
        "SELECT COUNT(*) FROM domain_expiry WHERE last_check BETWEEN "
        "UTC_TIMESTAMP() - INTERVAL 1440 MINUTE AND UTC_TIMESTAMP() - INTERVAL 1370 MINUTE";
    watch([&] { return number(recent) == 1; });
    EXPECT_EQ(word("SELECT expiry FROM domain_expiry"), "2030-01-01 00:00:00");
}

}  // namespace higuma::cluster
