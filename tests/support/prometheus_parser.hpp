// A strict reader of Prometheus' text format for tests: each line is what the format allows, each
// metric has HELP and TYPE before its samples, once, and no sample comes twice.
#pragma once

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace higuma::test {

struct ParsedMetrics {
    std::map<std::string, std::string> types;  // by metric
    std::map<std::string, double> samples;     // by name with labels, as written
    std::string fault;                         // empty: the text is right

    bool has(const std::string& metric) const { return types.contains(metric); }
    double value(const std::string& sample) const {
        const auto found = samples.find(sample);
        return found == samples.end() ? -1 : found->second;
    }
};

class PrometheusParser {
  public:
    static ParsedMetrics parse(const std::string& text) {
        PrometheusParser parser;
        if (!text.empty() && text.back() != '\n') parser.out_.fault = "no newline at the end";
        std::istringstream lines(text);
        for (std::string line; parser.out_.fault.empty() && std::getline(lines, line);) {
            parser.take(line);
        }
        return parser.out_;
    }

  private:
    void take(const std::string& line) {
        static const std::regex help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*))");
        static const std::regex type(
            R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|summary))");
        std::smatch found;
        if (std::regex_match(line, found, help)) {
            if (!helped_.insert(found[1]).second) fail(line, "a second HELP");
            current_ = found[1];
        } else if (std::regex_match(line, found, type)) {
            if (found[1] != current_) fail(line, "TYPE does not follow its HELP");
            if (!out_.types.emplace(found[1], found[2]).second) fail(line, "a second TYPE");
        } else {
            take_sample(line);
        }
    }

    void take_sample(const std::string& line) {
        static const std::regex sample(
            R"lit(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*")*\})? (NaN|[+-]Inf|-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?))lit");
        std::smatch found;
        if (!std::regex_match(line, found, sample)) return fail(line, "no sample");
        const std::string name = found[1];
        const bool summary = out_.types[current_] == "summary";
        const bool fits =
            summary ? name == current_ + "_sum" || name == current_ + "_count" : name == current_;
        if (!fits) return fail(line, "a sample of another metric");
        const bool ends_in_total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
        if ((out_.types[current_] == "counter") != ends_in_total) fail(line, "_total is a counter");
        if (!out_.samples.emplace(name + found[2].str(), std::stod(found[6])).second) {
            fail(line, "the same sample again");
        }
    }

    void fail(const std::string& line, const std::string& why) { out_.fault = why + ": " + line; }

    ParsedMetrics out_;
    std::set<std::string> helped_;
    std::string current_;
};

}  // namespace higuma::test
