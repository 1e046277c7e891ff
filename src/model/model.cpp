#include <array>
#include <utility>

#include "model/beat.hpp"
#include "model/monitor.hpp"
#include "model/node.hpp"

namespace higuma {

std::string_view to_string(BeatStatus status) {
    switch (status) {
        case BeatStatus::down:
            return "down";
        case BeatStatus::up:
            return "up";
        case BeatStatus::pending:
            return "pending";
        case BeatStatus::maintenance:
            return "maintenance";
    }
    return "down";
}

std::string_view to_string(NodeStatus status) {
    switch (status) {
        case NodeStatus::unknown:
            return "unknown";
        case NodeStatus::online:
            return "online";
        case NodeStatus::recovering:
            return "recovering";
        case NodeStatus::draining:
            return "draining";
        case NodeStatus::offline:
            return "offline";
    }
    return "unknown";
}

std::optional<NodeStatus> node_status_from(std::string_view text) {
    for (const auto status : {NodeStatus::unknown, NodeStatus::online, NodeStatus::recovering,
                              NodeStatus::draining, NodeStatus::offline}) {
        if (text == to_string(status)) return status;
    }
    return std::nullopt;
}

static constexpr std::array kReasons{
    std::pair{AssignReason::failover, std::string_view("failover")},
    std::pair{AssignReason::drain, std::string_view("drain")},
    std::pair{AssignReason::switched, std::string_view("switch")},
};

std::string_view to_string(AssignReason reason) {
    for (const auto& [known, text] : kReasons) {
        if (known == reason) return text;
    }
    return "";
}

AssignReason assign_reason_from(std::string_view text) {
    for (const auto& [reason, known] : kReasons) {
        if (known == text) return reason;
    }
    return AssignReason::none;
}

}  // namespace higuma
