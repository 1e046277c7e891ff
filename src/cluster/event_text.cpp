#include "cluster/event_text.hpp"

#include <fmt/format.h>

namespace higuma::cluster {

namespace {

std::string monitors(std::int64_t count) {
    return fmt::format("{} {}", count, count == 1 ? "monitor" : "monitors");
}

std::string list(const Shares& shares) {
    std::string out;
    for (const auto& [node, count] : shares) {
        out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", node, count);
    }
    return out;
}

}  // namespace

std::int64_t sum(const Shares& shares) {
    std::int64_t total = 0;
    for (const auto& [node, count] : shares) total += count;
    return total;
}

std::string failover_text(const std::string& from, const Shares& to, std::size_t over_limit) {
    auto text = fmt::format("{} went offline: {} moved to {}", from, monitors(sum(to)), list(to));
    if (over_limit > 0) {
        text += fmt::format("; {} of them past the limit of their node, rather than unwatched",
                            over_limit);
    }
    return text;
}

std::string recovery_text(const std::string& home, const Shares& from) {
    return fmt::format("{} is back: {} went home from {}", home, monitors(sum(from)), list(from));
}

std::string drain_text(const std::string& from, const Shares& to) {
    return fmt::format("{} is drained: {} moved to {}", from, monitors(sum(to)), list(to));
}

std::string adoption_text(const Shares& to) {
    const auto count = sum(to);
    return fmt::format("{} without a home {} placed on {}", monitors(count),
                       count == 1 ? "was" : "were", list(to));
}

std::string status_text(const std::string& node, NodeStatus status, const std::string& error,
                        Millis detection) {
    auto text = fmt::format("{} is {}", node, to_string(status));
    if (status == NodeStatus::offline && !error.empty()) text += ": " + error;
    if (detection.count() > 0) {
        text += fmt::format(" (found within {:.2f} s)", detection.count() / 1000.0);
    }
    return text;
}

}  // namespace higuma::cluster
