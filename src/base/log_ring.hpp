// The last lines of the log in memory, for people who cannot read the log's file. Bounded in lines
// and in their length; what is secret is blacked out before a line is kept.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace higuma {

// `secrets` themselves, and what follows "Bearer", "Basic", "password=", "token=" and the like, or
// stands between "://user:" and "@", become "***".
std::string without_secrets(std::string_view line, const std::vector<std::string>& secrets);

class LogRing final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    static constexpr std::size_t kLines = 1'000;
    static constexpr std::size_t kLineBytes = 2'000;

    explicit LogRing(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {}

    struct Line {
        WallTime time{};
        std::string level;
        std::string text;
    };
    std::vector<Line> last(std::size_t count);  // oldest first
    std::size_t size();

  private:
    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override {}

    std::vector<std::string> secrets_;
    std::deque<Line> lines_;
};

}  // namespace higuma
