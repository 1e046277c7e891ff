#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "api/json_nodes.hpp"
#include "api/node_push_input.hpp"

namespace higuma::api {
namespace {

Result<Node> read(const std::string& text, NodeEdit edit = NodeEdit::create,
                  const Node& base = {}) {
    return node_from_json(boost::json::parse(text).as_object(), edit, base);
}

TEST(NodeJson, TakesANode) {
    const auto node =
        read(R"({"node_id":"n-1.x","host":"[::1]:3001","is_primary":true,"monitor_limit":5})");
    ASSERT_TRUE(node) << node.error().message;
    EXPECT_EQ(node->name, "n-1.x");
    EXPECT_EQ(node->host, "[::1]:3001");
    EXPECT_TRUE(node->is_primary);
    EXPECT_EQ(node->monitor_limit, 5);
}

TEST(NodeJson, WhatGetAnswersCanBePutBack) {
    Node stored;
    stored.id = NodeId{"node1"};
    stored.name = "one";
    stored.host = "localhost:3001";
    const auto answer = node_to_json(stored, {.node = stored.id, .current_count = 3, .limit = 10});
    const auto again = node_from_json(answer, NodeEdit::replace, stored);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->name, "one");
    EXPECT_EQ(answer.at("limit_per_node"), 10);
    EXPECT_EQ(answer.at("monitor_limit"), nullptr);
}

TEST(NodeJson, RefusalsNameTheField) {
    struct Case {
        const char* text;
        const char* field;
    };
    for (const auto& [text, field] :
         {Case{"{}", "node_id"}, Case{R"({"node_id":"a"})", "host"},
          Case{R"({"node_id":{},"host":"x:1"})", "node_id"},
          Case{R"({"node_id":"a/b","host":"x:1"})", "node_id"},
          Case{R"({"node_id":"a' OR '1'='1","host":"x:1"})", "node_id"},
          Case{R"({"node_id":"a","host":""})", "host"},
          Case{R"({"node_id":"a","host":"x"})", "host"},
          Case{R"({"node_id":"a","host":"x:0"})", "host"},
          Case{R"({"node_id":"a","host":"x:70000"})", "host"},
          Case{R"({"node_id":"a","host":1})", "host"},
          Case{R"({"node_id":"a","host":"x:1","name":""})", "name"},
          Case{R"({"node_id":"a","host":"x:1","is_primary":1})", "is_primary"},
          Case{R"({"node_id":"a","host":"x:1","monitor_limit":-1})", "monitor_limit"},
          Case{R"({"node_id":"a","host":"x:1","monitor_limit":"5"})", "monitor_limit"},
          Case{R"({"node_id":"a","host":"x:1","status":"online"})", "status"},
          Case{R"({"node_id":"a","host":"x:1","nope":1})", "nope"}}) {
        const auto result = read(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().field, field) << text;
    }
    Node stored;
    stored.id = NodeId{"a"};
    EXPECT_EQ(read(R"({"node_id":"b"})", NodeEdit::patch, stored).error().field, "node_id");
}

TEST(Push, ReadsNumbersAsJavaScriptDoes) {
    EXPECT_EQ(leading_number("5"), 5);
    EXPECT_EQ(leading_number("5.7ms"), 5.7);
    EXPECT_EQ(leading_number("  -1"), -1);
    EXPECT_EQ(leading_number("+2"), 2);
    EXPECT_EQ(leading_number(".5"), 0.5);
    EXPECT_EQ(leading_number("1e3"), 1000);
    EXPECT_EQ(leading_number("1e"), 1);
    EXPECT_EQ(leading_number("0x10"), 0);
    EXPECT_EQ(leading_number("1e-999"), 0);
    EXPECT_TRUE(std::isinf(*leading_number("Infinity")));
    EXPECT_TRUE(std::isinf(*leading_number("1e999")));
    for (const auto* text : {"", " ", "abc", "inf", "nan", "-", "+-1", "--1", "e5"}) {
        EXPECT_FALSE(leading_number(text)) << text;
    }
}

Request push_request(std::vector<std::pair<std::string, std::string>> query) {
    Request request;
    request.query = std::move(query);
    return request;
}

TEST(Push, DefaultsAreUpAndOk) {
    for (const auto& query : {std::vector<std::pair<std::string, std::string>>{},
                              {{"status", ""}, {"msg", ""}, {"ping", ""}}}) {
        const auto outcome = push_outcome(push_request(query));
        ASSERT_TRUE(outcome);
        EXPECT_TRUE(outcome->ok);
        EXPECT_EQ(outcome->reported, BeatStatus::up);
        EXPECT_EQ(outcome->msg, "OK");
        EXPECT_FALSE(outcome->ping);
    }
}

TEST(Push, EveryStatusButUpIsDown) {
    for (const auto* status : {"down", "UP", "pending", "1"}) {
        const auto outcome = push_outcome(push_request({{"status", status}, {"msg", "bad"}}));
        EXPECT_EQ(outcome->reported, BeatStatus::down) << status;
        EXPECT_EQ(outcome->msg, "bad");
    }
}

TEST(Push, PingsAreWholeMillisecondsWithinALimit) {
    EXPECT_EQ(push_outcome(push_request({{"ping", "5.7"}}))->ping, Millis{6});
    EXPECT_EQ(push_outcome(push_request({{"ping", "100000000000"}}))->ping,
              Millis{100'000'000'000});
    EXPECT_FALSE(push_outcome(push_request({{"ping", "0"}}))->ping);
    EXPECT_FALSE(push_outcome(push_request({{"ping", "fast"}}))->ping);
    for (const auto* ping : {"-1", "-0.5", "100000000001", "1e300", "Infinity", "-Infinity"}) {
        EXPECT_FALSE(push_outcome(push_request({{"ping", ping}}))) << ping;
    }
}

}  // namespace
}  // namespace higuma::api
