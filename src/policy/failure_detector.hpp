// One node's health as the controller sees it: rise and fall over check results, the liveness
// watch, and the hold-back of flapping nodes. State and event in, new state and actions out; no
// I/O, no clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/node.hpp"

namespace higuma::policy {

struct DetectorConfig {
    int fall = 3;                     // failures in a row until offline
    int rise = 3;                     // successes in a row until online again
    Millis full_interval{30'000};     // the full cycle
    Millis liveness_interval{1'000};  // the liveness watch
    Millis fast_interval{500};        // after a first failure, until the threshold decides
    Millis check_timeout{5'000};      // of a check in the full cycle
    Millis liveness_timeout{1'000};   // of liveness and fast checks
    // This many checks in a row may say nothing; the next one that does counts as a failure.
    int most_inconclusive = 10;
    int flap_limit = 3;  // offline this often within flap_window: held back
    Millis flap_window{600'000};
    Millis flap_hold_base{30'000};  // first hold-back; doubles for each further flap
    Millis flap_hold_max{600'000};
};

struct NodeHealth {
    NodeStatus status = NodeStatus::unknown;
    int consecutive_failures = 0;
    int consecutive_successes = 0;
    Instant since{};                       // of the status
    std::optional<Instant> first_failure;  // of the current row of failures
    std::optional<Instant> held_until;     // flapping: not online before this
    std::vector<Instant> went_offline;     // within flap_window, oldest first; bounded
    std::string last_error;
    bool draining = false;  // an operator's wish; kept through online/offline
    int inconclusive = 0;   // checks in a row that said nothing
};

enum class HealthEvent {
    check_ok,           // an answer with a healthy code
    check_failed,       // no or an unhealthy answer
    connection_closed,  // the kept-alive liveness connection ended: counts as a failure at once
    inconclusive,       // no answer in time, but this program itself was held up: ask again soon
};

struct HealthStep {
    NodeHealth health;
    bool went_offline = false;    // start a failover
    bool came_online = false;     // start a recovery
    bool status_changed = false;  // write the node row and the route table
    Millis next_check_in{};       // when to check again
    Millis next_timeout{};        // with which time-out
};

HealthStep on_health_event(const DetectorConfig& config, NodeHealth health, HealthEvent event,
                           const std::string& error, Instant now);

// An operator's wish to drain the node, new or taken back. A node that serves follows at once, any
// other one when it serves again. Says nothing about the next check.
HealthStep on_drain_wish(NodeHealth health, bool draining, Instant now);

// A node that the database knows but this controller has not checked yet keeps its stored status.
NodeHealth initial_health(NodeStatus stored, Instant now);

}  // namespace higuma::policy
