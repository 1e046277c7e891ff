#include <gtest/gtest.h>

#include "api/access.hpp"

namespace higuma::api {
namespace {

Request from(const std::string& remote,
             std::vector<std::pair<std::string, std::string>> headers = {}) {
    Request request;
    request.method = "POST";
    request.remote = remote;
    request.headers = std::move(headers);
    return request;
}

TEST(Cidr, MatchesAddressesOfBothFamilies) {
    struct Case {
        const char* range;
        const char* address;
        bool inside;
    };
    for (const auto& [range, address, inside] : {
             Case{"10.0.0.0/8", "10.255.1.2", true},
             Case{"10.0.0.0/8", "11.0.0.1", false},
             Case{"172.16.0.0/12", "172.31.255.255", true},
             Case{"172.16.0.0/12", "172.32.0.0", false},
             Case{"192.0.2.7", "192.0.2.7", true},
             Case{"192.0.2.7", "192.0.2.8", false},
             Case{"0.0.0.0/0", "203.0.113.9", true},
             Case{"0.0.0.0/0", "2001:db8::1", false},
             Case{"10.0.0.0/8", "::ffff:10.1.2.3", true},
             Case{"fc00::/7", "fd12::1", true},
             Case{"fc00::/7", "fe80::1", false},
             Case{"::1", "::1", true},
             Case{"2001:db8::/33", "2001:db8:7fff::1", true},
             Case{"2001:db8::/33", "2001:db8:8000::1", false},
         }) {
        const auto cidr = Cidr::parse(range);
        ASSERT_TRUE(cidr) << range;
        EXPECT_EQ(cidr->contains(boost::asio::ip::make_address(address)), inside)
            << range << " " << address;
    }
}

TEST(Cidr, RefusesWhatIsNoRange) {
    for (const char* text : {"", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1",
                             "10.0.0.0/8x", "localhost", "/8"}) {
        const auto cidr = Cidr::parse(text);
        ASSERT_FALSE(cidr) << text;
        EXPECT_EQ(cidr.error().field, "ADMIN_ALLOW");
    }
    EXPECT_THROW(AccessRules({"nowhere"}, ""), StartupError);
}

TEST(AccessRules, DefaultsAreLoopbackAndPrivateRanges) {
    const AccessRules rules({}, "");
    for (const char* inside : {"127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd00::5", "unix"}) {
        EXPECT_TRUE(rules.may_read(from(inside))) << inside;
    }
    for (const char* outside : {"8.8.8.8", "172.32.0.1", "2001:4860::1", "", "nonsense"}) {
        const auto refused = rules.may_read(from(outside));
        ASSERT_FALSE(refused) << outside;
        EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
    }
}

TEST(AccessRules, ATokenIsAskedOfActionsOnly) {
    const AccessRules rules({}, "s3cret");
    EXPECT_TRUE(rules.may_read(from("127.0.0.1")));
    struct Case {
        const char* authorization;
        bool good;
    };
    for (const auto& [authorization, good] : {
             Case{"Bearer s3cret", true},
             Case{"bearer s3cret", true},
             Case{"Bearer s3cre", false},
             Case{"Bearer s3crets", false},
             Case{"Bearer ", false},
             Case{"s3cret", false},
             Case{"Basic YTpzM2NyZXQ=", true},   // a:s3cret
             Case{"Basic OnMzY3JldA==", true},   // :s3cret
             Case{"Basic YTpmYWxzZQ==", false},  // a:false
             Case{"Basic czNjcmV0", false},      // s3cret without a colon
             Case{"Basic !!!!", false},
             Case{"Basic ====", false},
         }) {
        const auto allowed = rules.may_act(from("127.0.0.1", {{"authorization", authorization}}));
        EXPECT_EQ(allowed.has_value(), good) << authorization;
    }
    EXPECT_EQ(rules.may_act(from("127.0.0.1")).error().kind, ErrorKind::unauthorized);
}

TEST(AccessRules, ActionsOfOtherSitesPagesAreRefused) {
    const AccessRules rules({}, "");
    using Headers = std::vector<std::pair<std::string, std::string>>;
    const std::pair<std::string, std::string> host{"host", "lb.example:8084"};
    const auto may = [&](Headers headers) {
        headers.push_back(host);
        return rules.may_act(from("127.0.0.1", headers)).has_value();
    };
    EXPECT_TRUE(may({}));
    EXPECT_TRUE(may({{"sec-fetch-site", "same-origin"}}));
    EXPECT_TRUE(may({{"sec-fetch-site", "none"}}));
    EXPECT_FALSE(may({{"sec-fetch-site", "cross-site"}}));
    EXPECT_FALSE(may({{"sec-fetch-site", "same-site"}}));
    EXPECT_TRUE(may({{"origin", "https://lb.example:8084"}}));
    EXPECT_FALSE(may({{"origin", "https://lb.example"}}));
    EXPECT_FALSE(may({{"origin", "null"}}));
    EXPECT_FALSE(may({{"origin", ""}}));
}

}  // namespace
}  // namespace higuma::api
