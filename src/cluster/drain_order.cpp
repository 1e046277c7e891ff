#include "cluster/drain_order.hpp"

#include <array>

namespace higuma::cluster {

namespace {
using policy::DrainStrategy;
constexpr std::array kStrategies{
    std::pair{DrainStrategy::distribute, std::string_view("distribute")},
    std::pair{DrainStrategy::single, std::string_view("single")},
    std::pair{DrainStrategy::automatic, std::string_view("auto")},
};
}  // namespace

std::string_view to_string(DrainStrategy strategy) {
    for (const auto& [known, text] : kStrategies) {
        if (known == strategy) return text;
    }
    return "";
}

std::optional<DrainStrategy> drain_strategy_from(std::string_view text) {
    for (const auto& [strategy, known] : kStrategies) {
        if (known == text) return strategy;
    }
    return std::nullopt;
}

}  // namespace higuma::cluster
