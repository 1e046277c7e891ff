#include "api/monitor_json.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/json_input.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

const std::vector<std::string_view> kTypes{"http", "keyword", "port", "push"};

json::object object(const std::string& text) { return json::parse(text).as_object(); }

Result<Monitor> create(const std::string& text) {
    return monitor_from_json(object(text), MonitorEdit::create, Monitor{}, kTypes);
}

// A good http monitor with one more member.
Result<Monitor> create_http_with(const std::string& member) {
    return create(R"({"name":"a","type":"http","url":"http://x/",)" + member + "}");
}

TEST(MonitorJson, TheLeastOfEachType) {
    for (const auto* text : {R"({"name":"a","type":"http","url":"https://example.org"})",
                             R"({"name":"a","type":"http","url":"http://[::1]:8080/x?y=%20#z"})",
                             R"({"name":"a","type":"http","url":"https://例え.jp/パス"})",
                             R"({"name":"a","type":"keyword","url":"http://x/","keyword":"ok"})",
                             R"({"name":"a","type":"port","hostname":"db.local","port":3306})",
                             R"({"name":"a","type":"push"})"}) {
        EXPECT_TRUE(create(text)) << text;
    }
}

TEST(MonitorJson, TakesUptimeKumasNames) {
    const auto monitor = create(
        R"({"name":"a","type":"http","url":"http://x/","interval":60,"retryInterval":30,
            "resendInterval":2,"maxretries":3,"upsideDown":true,"ignoreTls":true,
            "accepted_statuscodes":["200-299","404"],"httpBodyEncoding":"json","authMethod":null,
            "invertKeyword":false,"cacheBust":true,"ipFamily":"ipv4","maxredirects":0,"timeout":4.5})");
    ASSERT_TRUE(monitor) << monitor.error().message;
    EXPECT_EQ(monitor->retry_interval, Seconds{30});
    EXPECT_EQ(monitor->resend_interval, 2);
    EXPECT_TRUE(monitor->upside_down && monitor->ignore_tls && monitor->cache_bust);
    EXPECT_EQ(monitor->accepted_statuscodes, (std::vector<std::string>{"200-299", "404"}));
    EXPECT_EQ(monitor->timeout, Millis{4500});
}

TEST(MonitorJson, ReadsOptionsByEitherNameAndAnswersThem) {
    const auto monitor = create_http_with(
        R"("mqttTopic":"a/b","ping_count":3,"saveResponse":true,"proxyId":null,
           "conditions":[{"type":"expression","variable":"record"}])");
    ASSERT_TRUE(monitor) << monitor.error().message;
    EXPECT_EQ(monitor->options.text(Option::mqtt_topic), "a/b");
    EXPECT_EQ(monitor->options.number(Option::ping_count), 3);
    EXPECT_TRUE(monitor->options.flag(Option::save_response));
    const auto answer = monitor_to_json(*monitor);
    EXPECT_EQ(answer.at("mqtt_topic"), "a/b");
    EXPECT_EQ(answer.at("ping_count"), 3);
    EXPECT_EQ(answer.at("save_response"), true);
    EXPECT_EQ(answer.at("conditions").as_array().size(), 1u);
    EXPECT_TRUE(answer.at("proxy_id").is_null());
    EXPECT_EQ(answer.at("packet_size"), 56);
}

TEST(MonitorJson, RulesOfDnsAndPing) {
    const std::vector<std::string_view> types{"dns", "ping"};
    const std::string dns = R"({"name":"a","type":"dns","hostname":"x","dns_resolve_server":"::1")";
    const auto take = [&](const std::string& text) {
        return monitor_from_json(object(text), MonitorEdit::create, Monitor{}, types);
    };
    const std::string rule = R"({"type":"expression","operator":"equals","value":"1","variable":)";
    EXPECT_TRUE(take(dns + R"(,"dns_resolve_type":"A"})"));
    EXPECT_TRUE(take(dns + R"(,"dns_resolve_type":"A","conditions":[)" + rule + R"("record"}]})"));
    EXPECT_TRUE(take(R"({"name":"a","type":"ping","hostname":"::1","timeout":2})"));
    for (const auto& [text, field] :
         {std::pair{dns + "}", "dns_resolve_type"},
          std::pair{dns + R"(,"dns_resolve_type":"PTR"})", "hostname"},
          std::pair{dns + R"(,"dns_resolve_type":"A","conditions":[)" + rule + R"("topic"}]})",
                    "conditions"},
          std::pair{
              std::string(R"({"name":"a","type":"dns","hostname":"x","dns_resolve_type":"A"})"),
              "dns_resolve_server"},
          std::pair{std::string(R"({"name":"a","type":"ping"})"), "hostname"},
          std::pair{std::string(R"({"name":"a","type":"ping","hostname":"x","timeout":1})"),
                    "ping_per_request_timeout"}}) {
        const auto refused = take(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().field, field) << text;
    }
}

TEST(MonitorJson, NamesAWrongOption) {
    for (const auto& [member, field] :
         {std::pair{R"("ping_count":"3")", "ping_count"},
          std::pair{R"("ping_count":0)", "ping_count"},
          std::pair{R"("conditions":{})", "conditions"},
          std::pair{R"("conditions":null)", "conditions"},
          std::pair{R"("saveResponse":1)", "saveResponse"},
          std::pair{R"("dns_resolve_type":"TOOLONG")", "dns_resolve_type"}}) {
        const auto refused = create_http_with(member);
        ASSERT_FALSE(refused) << member;
        EXPECT_EQ(refused.error().field, field);
    }
}

TEST(MonitorJson, AnswersTheColumnsNames) {
    auto monitor = *create(R"({"name":"a","type":"push","upsideDown":true,"timeout":1.5})");
    monitor.assignment.home = NodeId{"node1"};
    monitor.assignment.assigned = NodeId{"node2"};
    const auto answer = monitor_to_json(monitor);
    EXPECT_EQ(answer.at("upside_down"), true);
    EXPECT_EQ(answer.at("timeout"), 1.5);
    EXPECT_EQ(answer.at("effective_node"), "node2");
    EXPECT_EQ(answer.at("parent"), nullptr);
    EXPECT_FALSE(answer.contains("upsideDown"));
    // Fault 16 of the original: numbers as strings.
    for (const auto* name :
         {"id", "interval", "retry_interval", "maxretries", "assignment_epoch"}) {
        EXPECT_TRUE(answer.at(name).is_number()) << name;
    }
}

TEST(MonitorJson, ARetryIntervalThatIsNotGivenIsTheInterval) {
    EXPECT_EQ(create(R"({"name":"a","type":"push","interval":3})")->retry_interval, Seconds{3});
}

TEST(MonitorJson, WhatGetAnswersCanBePutBack) {
    auto stored = *create(R"({"name":"a","type":"http","url":"http://x/","body":"b","port":1})");
    stored.id = MonitorId{7};
    stored.user = UserId{1};
    stored.assignment = {NodeId{"node1"}, NodeId{"node2"}, Epoch{5}, true};
    stored.change_seq = ChangeSeq{9};
    const auto answer = monitor_to_json(stored);
    const auto text = json::serialize(answer);
    const auto again = monitor_from_json(object(text), MonitorEdit::replace, stored, kTypes);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(monitor_to_json(*again), answer);
}

TEST(MonitorJson, PutResetsAndPatchKeeps) {
    auto stored = *create(R"({"name":"a","type":"push","description":"d","maxretries":4})");
    stored.push_token = "token";
    stored.push_token.resize(32, 'x');
    const auto input = object(R"({"name":"b","type":"push"})");
    const auto put = monitor_from_json(input, MonitorEdit::replace, stored, kTypes);
    EXPECT_EQ(put->max_retries, 0);
    EXPECT_EQ(put->description, "");
    EXPECT_EQ(put->push_token, stored.push_token);
    const auto patched = monitor_from_json(input, MonitorEdit::patch, stored, kTypes);
    EXPECT_EQ(patched->max_retries, 4);
    EXPECT_EQ(patched->name, "b");
}

TEST(MonitorJson, ATypeOfAnAdoptedDatabaseCanBeSwitchedOff) {
    Monitor stored;
    stored.name = "a";
    stored.type = "mqtt";
    EXPECT_TRUE(
        monitor_from_json(object(R"({"active":false})"), MonitorEdit::patch, stored, kTypes));
    EXPECT_FALSE(
        monitor_from_json(object(R"({"type":"dns"})"), MonitorEdit::patch, stored, kTypes));
}

TEST(MonitorJson, ThePlaceIsNotASetting) {
    Monitor stored = *create(R"({"name":"a","type":"push"})");
    stored.id = MonitorId{7};
    for (const auto* text :
         {R"({"node_id":"node2"})", R"({"assigned_node":"node2"})", R"({"id":8})",
          R"({"pinned":true})", R"({"effective_node":""})", R"({"user_id":1})"}) {
        const auto result = monitor_from_json(object(text), MonitorEdit::patch, stored, kTypes);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().field, std::string(object(text).begin()->key()));
    }
}

struct Refused {
    const char* member;
    const char* field;
};

class RefusedMember : public testing::TestWithParam<Refused> {};

TEST_P(RefusedMember, NamesTheField) {
    const auto [member, field] = GetParam();
    const auto result = create_http_with(member);
    ASSERT_FALSE(result) << member;
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_input) << member;
    EXPECT_EQ(result.error().field, field) << member;
    EXPECT_FALSE(result.error().message.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Values, RefusedMember,
    testing::Values(
        Refused{R"("nonsense":1)", "nonsense"}, Refused{R"("name":1)", "name"},
        Refused{R"("name":"")", "name"}, Refused{R"("name":"  ")", "name"},
        Refused{R"("name":null)", "name"}, Refused{R"("name":{})", "name"},
        Refused{R"("name":"a\u0000b")", "name"}, Refused{R"("type":"nope")", "type"},
        Refused{R"("type":[])", "type"}, Refused{R"("active":1)", "active"},
        Refused{R"("active":"true")", "active"}, Refused{R"("interval":0)", "interval"},
        Refused{R"("interval":-1)", "interval"}, Refused{R"("interval":2073601)", "interval"},
        Refused{R"("interval":1.5)", "interval"}, Refused{R"("interval":1e3)", "interval"},
        Refused{R"("interval":"20")", "interval"}, Refused{R"("interval":null)", "interval"},
        Refused{R"("interval":99999999999999999999)", "interval"},
        Refused{R"("retry_interval":-1)", "retry_interval"},
        Refused{R"("retryInterval":"x")", "retryInterval"},
        Refused{R"("retry_interval":1,"retryInterval":2)", "retryInterval"},
        Refused{R"("maxretries":-1)", "maxretries"}, Refused{R"("maxretries":true)", "maxretries"},
        Refused{R"("resend_interval":1.0)", "resend_interval"},
        Refused{R"("timeout":-0.1)", "timeout"}, Refused{R"("timeout":"4")", "timeout"},
        Refused{R"("timeout":1e300)", "timeout"}, Refused{R"("timeout":null)", "timeout"},
        Refused{R"("port":0)", "port"}, Refused{R"("port":65536)", "port"},
        Refused{R"("port":"80")", "port"}, Refused{R"("parent":0)", "parent"},
        Refused{R"("parent":"1")", "parent"}, Refused{R"("parent":1.5)", "parent"},
        Refused{R"("parent":18446744073709551615)", "parent"}, Refused{R"("weight":"")", "weight"},
        Refused{R"("url":"")", "url"}, Refused{R"("url":"ftp://x/")", "url"},
        Refused{R"("url":"http://")", "url"}, Refused{R"("url":"x")", "url"},
        Refused{R"("url":"http://a b/")", "url"}, Refused{R"("url":"http://x:0/")", "url"},
        Refused{R"("url":"http://x:99999/")", "url"},
        Refused{R"j("url":"javascript:alert(1)")j", "url"}, Refused{R"("url":5)", "url"},
        Refused{R"("url":"http://x/\n")", "url"}, Refused{R"("method":"BREW")", "method"},
        Refused{R"("method":"get")", "method"}, Refused{R"("headers":"{")", "headers"},
        Refused{R"("headers":"[]")", "headers"}, Refused{R"("headers":{})", "headers"},
        Refused{R"("headers":"{\"a b\":\"c\"}")", "headers"},
        Refused{R"("headers":"{\"a\":\"b\\r\\nc\"}")", "headers"},
        Refused{R"("headers":"{\"a\":1}")", "headers"},
        Refused{R"("http_body_encoding":"yaml")", "http_body_encoding"},
        Refused{R"("accepted_statuscodes":[])", "accepted_statuscodes"},
        Refused{R"("accepted_statuscodes":{})", "accepted_statuscodes"},
        Refused{R"("accepted_statuscodes":[200])", "accepted_statuscodes"},
        Refused{R"("accepted_statuscodes":["2xx"])", "accepted_statuscodes"},
        Refused{R"("accepted_statuscodes":["299-200"])", "accepted_statuscodes"},
        Refused{R"("accepted_statuscodes":["20"])", "accepted_statuscodes"},
        Refused{R"("maxredirects":101)", "maxredirects"},
        Refused{R"("auth_method":"digest")", "auth_method"},
        Refused{R"("ip_family":"ipv5")", "ip_family"},
        Refused{R"("push_token":"short")", "push_token"},
        Refused{R"("push_token":"with space in it")", "push_token"},
        Refused{R"("node_id":"a b")", "node_id"}, Refused{R"("node_id":1)", "node_id"},
        Refused{R"("node_id":"")", "node_id"}, Refused{R"("id":1)", "id"},
        Refused{R"("assigned_node":"node1")", "assigned_node"},
        Refused{R"("pinned":true)", "pinned"}, Refused{R"("":1)", "body"},
        Refused{R"("name'; DROP TABLE monitor; --":1)", "name'; DROP TABLE monitor; --"}));

TEST(MonitorJson, TheWaysToAuthenticateNameWhatTheyNeed) {
    struct Case {
        const char* members;
        const char* field;
    };
    for (const auto& [members, field] :
         {Case{R"("auth_method":"oauth2-cc")", "oauth_token_url"},
          Case{R"("auth_method":"oauth2-cc","oauth_token_url":"ftp://x/")", "oauth_token_url"},
          Case{R"("auth_method":"oauth2-cc","oauth_token_url":"http://x/")", "oauth_client_id"},
          Case{R"("auth_method":"oauth2-cc","oauth_token_url":"http://x/","oauth_client_id":"a",)"
               R"("oauth_auth_method":"private_key_jwt")",
               "oauth_auth_method"},
          Case{R"("auth_method":"mtls","tls_ca":"x")", "tls_ca"},
          Case{R"("auth_method":"mtls","tls_cert":"-----BEGIN CERTIFICATE-----")", "tls_key"},
          Case{R"("auth_method":"mtls","tls_key":"-----BEGIN PRIVATE KEY-----")", "tls_cert"}}) {
        const auto result = create_http_with(members);
        ASSERT_FALSE(result) << members;
        EXPECT_EQ(result.error().field, field) << members;
    }
    for (const auto* members :
         {R"("auth_method":"ntlm")", R"("auth_method":"mtls")",
          R"("auth_method":"oauth2-cc","oauth_token_url":"http://x/","oauth_client_id":"a")"}) {
        EXPECT_TRUE(create_http_with(members)) << members;
    }
}

TEST(MonitorJson, WhatATypeNeedsIsNamed) {
    struct Case {
        const char* text;
        const char* field;
    };
    for (const auto& [text, field] :
         {Case{"{}", "type"}, Case{R"({"name":"a"})", "type"}, Case{R"({"type":"push"})", "name"},
          Case{R"({"name":"a","type":"http"})", "url"},
          Case{R"({"name":"a","type":"keyword","url":"http://x/"})", "keyword"},
          Case{R"({"name":"a","type":"port","port":1})", "hostname"},
          Case{R"({"name":"a","type":"port","hostname":"x"})", "port"},
          Case{R"({"name":"a","type":"port","hostname":"x y","port":1})", "hostname"}}) {
        const auto result = create(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().field, field) << text;
    }
}

TEST(MonitorJson, LengthsCountCharacters) {
    std::string name;
    for (int i = 0; i < 150; ++i) name += "羆";
    EXPECT_TRUE(create(R"({"type":"push","name":")" + name + "\"}"));
    EXPECT_EQ(create(R"({"type":"push","name":")" + name + "a\"}").error().field, "name");
}

TEST(JsonInput, OnlyObjectsAreBodies) {
    EXPECT_TRUE(parse_object(" {} "));
    const std::string deep = "{\"a\":" + std::string(1000, '[') + std::string(1000, ']') + "}";
    // Fault 11 of the original: a number as body made it fail.
    for (const std::string text :
         {"", " ", "1", "null", "\"x\"", "[]", "{", "{\"a\"}", "{\"a\":1,}", "{} {}", "{'a':1}",
          "{\"a\":\"\xff\"}", "{\"a\":01}", "\xef\xbb\xbf{}", "nan"}) {
        const auto parsed = parse_object(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().field, "body");
    }
    EXPECT_FALSE(parse_object(deep));
    EXPECT_FALSE(parse_object(std::string("{\"a\":\"\0\"}", 9)));
}

TEST(JsonInput, ALongNameIsCutBetweenCharacters) {
    std::string name(99, 'a');
    EXPECT_EQ(unknown_field(name + "üb").field, name);
    EXPECT_EQ(unknown_field(name + "bc").field, name + "b");
}

TEST(JsonInput, MonitorIds) {
    EXPECT_EQ(monitor_id("7")->value, 7);
    EXPECT_EQ(monitor_id("4294967295")->value, 4294967295);
    for (const auto* text :
         {"", "0", "-1", "+1", "1.0", "1e3", "abc", "7 ", " 7", "0x7", "4294967296",
          "99999999999999999999", "1;DROP TABLE monitor", "' OR 1=1 --", "７"}) {
        const auto id = monitor_id(text);
        ASSERT_FALSE(id) << text;
        EXPECT_EQ(id.error().field, "id");
    }
}

}  // namespace
}  // namespace higuma::api
