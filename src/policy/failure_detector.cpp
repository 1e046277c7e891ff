#include "policy/failure_detector.hpp"

#include <algorithm>
#include <limits>

namespace higuma::policy {
namespace {

// Doublings beyond this many entries pass any sensible flap_hold_max, so older ones say nothing.
constexpr std::size_t kFlapHistoryBeyondLimit = 16;

int counted(int value) { return value < std::numeric_limits<int>::max() ? value + 1 : value; }

bool in_service(NodeStatus status) {
    return status == NodeStatus::online || status == NodeStatus::draining;
}

void forget_old_flaps(const DetectorConfig& config, NodeHealth& health, Instant now) {
    std::erase_if(health.went_offline,
                  [&](Instant at) { return now - at > Duration{config.flap_window}; });
}

void note_flap(const DetectorConfig& config, NodeHealth& health, Instant now) {
    if (config.flap_limit <= 0) return;  // never held back
    const auto limit = static_cast<std::size_t>(config.flap_limit);
    auto& history = health.went_offline;
    history.push_back(now);
    if (history.size() > limit + kFlapHistoryBeyondLimit) history.erase(history.begin());
    if (history.size() < limit) return;
    Millis hold = std::min(config.flap_hold_base, config.flap_hold_max);
    for (std::size_t i = limit; i < history.size() && hold < config.flap_hold_max; ++i) {
        hold = std::min(hold * 2, config.flap_hold_max);
    }
    health.held_until = now + hold;
}

bool is_held(const NodeHealth& health, Instant now) {
    return health.held_until && now < *health.held_until;
}

NodeStatus status_after_success(const DetectorConfig& config, const NodeHealth& health,
                                Instant now) {
    const NodeStatus serving = health.draining ? NodeStatus::draining : NodeStatus::online;
    // Nothing bad is known of an unknown node, so one good answer is enough.
    if (health.status == NodeStatus::unknown || in_service(health.status)) return serving;
    if (health.consecutive_successes < config.rise || is_held(health, now)) {
        return NodeStatus::recovering;
    }
    return serving;
}

void enter(HealthStep& step, NodeStatus status, Instant now) {
    if (step.health.status == status) return;
    step.health.status = status;
    step.health.since = now;
    step.status_changed = true;
}

void on_success(const DetectorConfig& config, HealthStep& step, Instant now) {
    NodeHealth& health = step.health;
    health.consecutive_failures = 0;
    health.first_failure.reset();
    health.consecutive_successes = counted(health.consecutive_successes);

    enter(step, status_after_success(config, health, now), now);
    if (in_service(health.status)) {
        health.held_until.reset();
        health.last_error.clear();
        step.next_check_in = config.liveness_interval;
    } else if (is_held(health, now)) {
        const auto left = std::chrono::ceil<Millis>(*health.held_until - now);
        step.next_check_in =
            std::clamp(left, std::min(config.fast_interval, config.liveness_interval),
                       config.liveness_interval);
    } else {
        step.next_check_in = std::min(config.fast_interval, config.liveness_interval);
    }
    // A node that stops draining takes its monitors back as one that returns does.
    step.came_online = step.status_changed && health.status == NodeStatus::online;
}

void on_failure(const DetectorConfig& config, HealthStep& step, HealthEvent event, Instant now) {
    NodeHealth& health = step.health;
    health.consecutive_successes = 0;
    health.consecutive_failures = counted(health.consecutive_failures);
    if (!health.first_failure) health.first_failure = now;

    const bool decided = health.consecutive_failures >= config.fall;
    if (decided && health.status != NodeStatus::offline) {
        if (in_service(health.status)) note_flap(config, health, now);
        enter(step, NodeStatus::offline, now);
        step.went_offline = true;
    }
    if (health.status == NodeStatus::offline) {
        step.next_check_in = config.liveness_interval;
    } else if (event == HealthEvent::connection_closed && health.consecutive_failures == 1) {
        step.next_check_in = Millis::zero();  // a restart or a death: one look tells
    } else {
        step.next_check_in = config.fast_interval;
    }
}

}  // namespace

HealthStep on_health_event(const DetectorConfig& config, NodeHealth health, HealthEvent event,
                           const std::string& error, Instant now) {
    HealthStep step;
    step.health = std::move(health);
    step.next_timeout = config.liveness_timeout;
    forget_old_flaps(config, step.health, now);
    if (event == HealthEvent::inconclusive && step.health.inconclusive < config.most_inconclusive) {
        ++step.health.inconclusive;
        step.next_check_in = config.fast_interval;
        return step;
    }
    step.health.inconclusive = 0;
    if (event == HealthEvent::check_ok) {
        on_success(config, step, now);
    } else {
        step.health.last_error = error;
        on_failure(config, step, event, now);
    }
    return step;
}

HealthStep on_drain_wish(NodeHealth health, bool draining, Instant now) {
    HealthStep step;
    step.health = std::move(health);
    step.health.draining = draining;
    if (!in_service(step.health.status)) return step;
    enter(step, draining ? NodeStatus::draining : NodeStatus::online, now);
    step.came_online = step.status_changed && !draining;
    return step;
}

NodeHealth initial_health(NodeStatus stored, Instant now) {
    NodeHealth health;
    health.status = stored;
    health.since = now;
    health.draining = stored == NodeStatus::draining;
    return health;
}

}  // namespace higuma::policy
