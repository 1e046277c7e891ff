#include "store/proxies.hpp"

#include "contract/store/fixture.hpp"

namespace higuma::store {

class ProxiesTest : public StoreTest {};

TEST_F(ProxiesTest, AreReadAsUptimeKumaWritesThem) {
    run("INSERT INTO user (id, username, password, active) VALUES (1, 'a', 'b', 1)");
    run("INSERT INTO proxy (id, user_id, protocol, host, port, auth, username, password, active, "
        "`default`) VALUES (4, 1, 'socks5h', '::1', 1080, 1, 'u', 'p', 1, 0), "
        "(2, 1, 'http', 'proxy.example', 3128, 0, NULL, NULL, 0, 1)");
    const auto proxies = list_proxies(*db);
    HIGUMA_OK(proxies);
    ASSERT_EQ(proxies->size(), 2u);
    const Proxy& first = proxies->at(0);
    EXPECT_EQ(first.id, 2);
    EXPECT_EQ(first.protocol, "http");
    EXPECT_EQ(first.host, "proxy.example");
    EXPECT_EQ(first.port, 3128);
    EXPECT_FALSE(first.auth);
    EXPECT_FALSE(first.active);
    const Proxy& second = proxies->at(1);
    EXPECT_TRUE(second.auth && second.active);
    EXPECT_EQ(second.username, "u");
    EXPECT_EQ(second.password, "p");
}

}  // namespace higuma::store
