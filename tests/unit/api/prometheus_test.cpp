#include "api/prometheus.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "support/prometheus_parser.hpp"

namespace higuma::api {
namespace {

using test::PrometheusParser;

TEST(Prometheus, WritesHelpTypeAndSamples) {
    PrometheusText out;
    out.gauge("higuma_nodes", "Nodes by state.")
        .add(3, {{"state", "online"}})
        .add(0, {{"state", "offline"}});
    out.counter("higuma_moves_total", "Moves.").add(7);
    EXPECT_EQ(out.text(),
              "# HELP higuma_nodes Nodes by state.\n"
              "# TYPE higuma_nodes gauge\n"
              "higuma_nodes{state=\"online\"} 3\n"
              "higuma_nodes{state=\"offline\"} 0\n"
              "# HELP higuma_moves_total Moves.\n"
              "# TYPE higuma_moves_total counter\n"
              "higuma_moves_total 7\n");
    EXPECT_EQ(PrometheusParser::parse(out.text()).fault, "");
}

TEST(Prometheus, ASummaryIsASumAndACount) {
    PrometheusText out;
    out.summary("took_seconds", "What it took.", 1.25, 2);
    const auto read = PrometheusParser::parse(out.text());
    EXPECT_EQ(read.fault, "");
    EXPECT_EQ(read.types.at("took_seconds"), "summary");
    EXPECT_EQ(read.value("took_seconds_sum"), 1.25);
    EXPECT_EQ(read.value("took_seconds_count"), 2);
}

TEST(Prometheus, EscapesLabelsAndHelp) {
    PrometheusText out;
    out.gauge("a", "back\\slash,\nline, \"quotes\" stay")
        .add(1, {{"b", "back\\slash,\nline, \"quote\", {brace}, ünï"}, {"c", ""}});
    EXPECT_EQ(out.text(),
              "# HELP a back\\\\slash,\\nline, \"quotes\" stay\n"
              "# TYPE a gauge\n"
              "a{b=\"back\\\\slash,\\nline, \\\"quote\\\", {brace}, ünï\",c=\"\"} 1\n");
    EXPECT_EQ(PrometheusParser::parse(out.text()).fault, "");
}

TEST(Prometheus, NumbersAreExactAndInfinityHasAName) {
    struct Row {
        double value;
        const char* text;
    };
    for (const auto& [value, text] :
         std::initializer_list<Row>{{0, "0"},
                                    {-3, "-3"},
                                    {0.1, "0.1"},
                                    {1795343105123.0, "1795343105123"},
                                    {1e300, "1e+300"},
                                    {std::numeric_limits<double>::infinity(), "+Inf"},
                                    {-std::numeric_limits<double>::infinity(), "-Inf"},
                                    {std::numeric_limits<double>::quiet_NaN(), "NaN"}}) {
        PrometheusText out;
        out.gauge("a", "A.").add(value);
        EXPECT_TRUE(out.text().ends_with("\na " + std::string(text) + "\n")) << out.text();
        EXPECT_EQ(PrometheusParser::parse(out.text()).fault, "");
    }
}

TEST(PrometheusDeathTest, ANameThatTheFormatRefusesIsABug) {
    PrometheusText out;
    EXPECT_DEATH(out.gauge("no-dashes", "A."), "");
    EXPECT_DEATH(out.counter("a_count", "A."), "");
    EXPECT_DEATH(out.gauge("a", "A.").add(1, {{"0", "x"}}), "");
}

// The tests above lean on the parser: it must refuse what is wrong.
TEST(PrometheusParser, RefusesWhatTheFormatRefuses) {
    const std::string head = "# HELP a A.\n# TYPE a gauge\n";
    for (const char* wrong :
         {"a 1", "b 1\n", "a one\n", "a{b=1} 1\n", "a{b=\"x} 1\n", "a{} 1\n", "a  1\n",
          "a{b=\"\\x\"} 1\n", "a 1\na 2\n", "\n", "# TYPE a gauge\n", "# HELP a A.\n"}) {
        EXPECT_NE(PrometheusParser::parse(head + wrong).fault, "") << wrong;
    }
    EXPECT_EQ(PrometheusParser::parse(head + "a{b=\"x\"} 1\n").fault, "");
}

}  // namespace
}  // namespace higuma::api
