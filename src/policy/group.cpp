#include "policy/group.hpp"

namespace higuma::policy {
namespace {

// More than a message holds is not gathered.
constexpr std::size_t kMostText = 8'000;

void add_label(std::string& list, const GroupChild& child) {
    if (list.size() > kMostText) return;
    if (!list.empty()) list += ", ";
    list += child.name.empty() ? "#" + std::to_string(child.id.value) : child.name;
}

CheckOutcome stated(BeatStatus status, std::string msg) {
    CheckOutcome outcome;
    outcome.ok = status == BeatStatus::up;
    outcome.stated = status;
    outcome.msg = std::move(msg);
    outcome.ping = Millis{0};
    return outcome;
}

}  // namespace

CheckOutcome group_outcome(const GroupState& state) {
    if (state.children == 0) return stated(BeatStatus::pending, "Group empty");
    std::string down, pending;
    for (const GroupChild& child : state.troubled) {
        add_label(child.status == BeatStatus::down ? down : pending, child);
    }
    if (!down.empty()) {
        const std::string more = pending.empty() ? "" : "; pending: " + pending;
        return CheckOutcome::down("Child monitors down: " + down + more);
    }
    if (!pending.empty()) {
        return stated(BeatStatus::pending, "Pending child monitors: " + pending);
    }
    return stated(BeatStatus::up, "All children up and running");
}

CheckOutcome manual_outcome(const Monitor& monitor) {
    const auto said = monitor.options.number(Option::manual_status);
    if (!said) return stated(BeatStatus::pending, "Manual monitoring - No status set");
    switch (*said) {
        case 0:
            return stated(BeatStatus::down, "Down");
        case 1:
            return stated(BeatStatus::up, "Up");
        case 3:
            return stated(BeatStatus::maintenance, "Pending");
        default:
            return stated(BeatStatus::pending, "Pending");
    }
}

}  // namespace higuma::policy
