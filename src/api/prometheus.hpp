// Figures in Prometheus' text format, version 0.0.4: each metric once, with its HELP and TYPE, then
// its samples. Labels and help are escaped; a name that the format does not allow is a bug.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace higuma::api {

class PrometheusText {
  public:
    static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    // Samples of the metric that was begun last. Valid until the next one is begun.
    class Metric {
      public:
        Metric& add(double value, Labels labels = {});

      private:
        friend class PrometheusText;
        Metric(PrometheusText& text, std::string_view name) : text_(text), name_(name) {}
        PrometheusText& text_;
        std::string_view name_;
    };

    // `name` must live as long as the metric: it is a literal.
    Metric gauge(std::string_view name, std::string_view help);
    Metric counter(std::string_view name, std::string_view help);  // "…_total"
    // How many there were and what they sum up to, as <name>_sum and <name>_count.
    void summary(std::string_view name, std::string_view help, double sum, double count);

    const std::string& text() const { return text_; }

  private:
    void begin(std::string_view name, std::string_view help, std::string_view type);
    void sample(std::string_view name, std::string_view suffix, double value, Labels labels);
    std::string text_;
};

}  // namespace higuma::api
