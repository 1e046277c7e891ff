#include "policy/check_cost.hpp"

#include <array>

namespace higuma::policy {

namespace {

struct Row {
    std::string_view type;
    float cost;
};

constexpr std::array kCosts{
    Row{"http", 1.0F}, Row{"keyword", 1.0F}, Row{"port", 0.5F},
    Row{"push", 0.9F}, Row{"group", 0.5F},   Row{"manual", 0.5F},
};

}  // namespace

CostClass cost_class_of(std::string_view type) {
    for (std::size_t i = 0; i < kCosts.size(); ++i) {
        if (kCosts[i].type == type) return static_cast<CostClass>(i);
    }
    return 0;
}

float cost_of(CostClass kind) { return kind < kCosts.size() ? kCosts[kind].cost : 1.0F; }

float load_of(CostClass kind, int interval_seconds) {
    return interval_seconds > 0 ? cost_of(kind) / static_cast<float>(interval_seconds) : 0.0F;
}

}  // namespace higuma::policy
