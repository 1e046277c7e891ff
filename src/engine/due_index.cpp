#include "engine/due_index.hpp"

#include <iterator>
#include <limits>

namespace higuma::engine {

void DueIndex::set(MonitorId id, Instant due) {
    const auto [known, added] = due_of_.try_emplace(id, due);
    if (!added) {
        by_due_.erase({known->second, id});
        known->second = due;
    }
    by_due_.emplace(due, id);
}

void DueIndex::erase(MonitorId id) {
    const auto known = due_of_.find(id);
    if (known == due_of_.end()) return;
    by_due_.erase({known->second, id});
    due_of_.erase(known);
}

std::optional<Instant> DueIndex::earliest() const {
    if (by_due_.empty()) return std::nullopt;
    return by_due_.begin()->first;
}

std::optional<std::pair<MonitorId, Instant>> DueIndex::take_due(Instant now) {
    if (by_due_.empty() || by_due_.begin()->first > now) return std::nullopt;
    const auto [due, id] = *by_due_.begin();
    by_due_.erase(by_due_.begin());
    due_of_.erase(id);
    return std::pair{id, due};
}

std::size_t DueIndex::count_due(Instant now) const {
    const MonitorId last{std::numeric_limits<std::int64_t>::max()};
    return static_cast<std::size_t>(
        std::distance(by_due_.begin(), by_due_.upper_bound({now, last})));
}

}  // namespace higuma::engine
