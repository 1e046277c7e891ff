#include "api/prometheus.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/result.hpp"

namespace higuma::api {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_name(std::string_view name) {
    if (name.empty() || !is_letter(name.front())) return false;
    for (const char c : name) {
        if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && in_quotes) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
}

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    constexpr double kExact = 9e15;  // up to here a double holds every whole number
    if (value == std::trunc(value) && std::abs(value) < kExact) {
        return fmt::format("{}", static_cast<long long>(value));
    }
    return fmt::format("{}", value);
}

}  // namespace

void PrometheusText::begin(std::string_view name, std::string_view help, std::string_view type) {
    invariant(is_name(name), "a metric's name is letters, digits and _");
    text_.append("# HELP ").append(name).append(" ");
    append_escaped(text_, help, false);
    text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusText::sample(std::string_view name, std::string_view suffix, double value,
                            Labels labels) {
    text_.append(name).append(suffix);
    char separator = '{';
    for (const auto& [key, label] : labels) {
        invariant(is_name(key), "a label's name is letters, digits and _");
        text_ += separator;
        separator = ',';
        text_.append(key).append("=\"");
        append_escaped(text_, label, true);
        text_ += '"';
    }
    if (separator == ',') text_ += '}';
    text_.append(" ").append(number(value)).append("\n");
}

PrometheusText::Metric& PrometheusText::Metric::add(double value, Labels labels) {
    text_.sample(name_, "", value, labels);
    return *this;
}

PrometheusText::Metric PrometheusText::gauge(std::string_view name, std::string_view help) {
    begin(name, help, "gauge");
    return {*this, name};
}

PrometheusText::Metric PrometheusText::counter(std::string_view name, std::string_view help) {
    invariant(name.ends_with("_total"), "a counter's name ends in _total");
    begin(name, help, "counter");
    return {*this, name};
}

void PrometheusText::summary(std::string_view name, std::string_view help, double sum,
                             double count) {
    begin(name, help, "summary");
    sample(name, "_sum", sum, {});
    sample(name, "_count", count, {});
}

}  // namespace higuma::api
