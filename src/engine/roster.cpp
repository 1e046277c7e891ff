#include "engine/roster.hpp"

#include <algorithm>
#include <tuple>

#include "policy/group.hpp"
#include "policy/schedule.hpp"

namespace higuma::engine {

namespace {

// An agent whose push fell into a failover gets the time to push again before it counts as silent.
constexpr Millis kPushTakeoverGrace{10'000};
// Anchors that are closer belong together; farther back only a step of the wall clock leads.
constexpr Millis kSameMoment{1'000};
constexpr Millis kSlowCheck{2'000};  // takes a place away from many that are quick
constexpr std::size_t kMaxResponse = 1 << 20;
constexpr std::size_t kMaxMessage = 4'000;
constexpr Millis kMaxPing{100'000'000'000};  // as Uptime Kuma limits it

std::int64_t nano_rate_of(const Monitor& monitor) {
    constexpr std::int64_t kBillion = 1'000'000'000;
    return kBillion / std::max<std::int64_t>(monitor.interval.count(), 1);
}

bool is_push(const Monitor& monitor) { return monitor.type == "push"; }
bool is_manual(const Monitor& monitor) { return monitor.type == "manual"; }
bool is_group(const Monitor& monitor) { return monitor.type == "group"; }

auto scheduling_of(const Monitor& m) {
    return std::tie(m.type, m.interval, m.retry_interval, m.max_retries, m.resend_interval,
                    m.timeout, m.upside_down, m.assignment.epoch);
}

auto http_of(const Monitor& m) {
    return std::tie(m.url, m.method, m.body, m.headers, m.http_body_encoding,
                    m.accepted_statuscodes, m.max_redirects, m.ignore_tls, m.cache_bust,
                    m.auth_method, m.basic_auth_user, m.basic_auth_pass, m.bearer_token,
                    m.ip_family, m.keyword, m.invert_keyword, m.hostname, m.port, m.options);
}

// The length of the UTF-8 sequence at `at`, 0 when it is not one.
std::size_t sequence_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(at);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return 0;
    }
    const unsigned second = byte(at + 1);
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool beyond = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
    return overlong || beyond ? 0 : length;
}

}  // namespace

bool same_settings(const Monitor& a, const Monitor& b) {
    return scheduling_of(a) == scheduling_of(b) && http_of(a) == http_of(b);
}

std::string bounded_text(std::string text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_at(text, at);
        if (at + std::max<std::size_t>(length, 1) > kMaxMessage) {
            text.resize(at);
            break;
        }
        if (length == 0 || text[at] == '\0') text[at] = '?';
        at += std::max<std::size_t>(length, 1);
    }
    return text;
}

std::optional<Ticket> Roster::run(Monitor monitor, std::optional<BeatState> last, Now now) {
    const MonitorId id = monitor.id;
    auto [found, is_new] = entries_.try_emplace(id);
    Entry& entry = found->second;
    if (!is_new && same_settings(*entry.monitor, monitor)) {
        entry.monitor = std::make_shared<const Monitor>(std::move(monitor));  // a new name, say
        return std::nullopt;
    }
    const bool takeover = is_new || entry.monitor->assignment.epoch != monitor.assignment.epoch;
    if (!is_new) nano_rate_ -= nano_rate_of(*entry.monitor);
    nano_rate_ += nano_rate_of(monitor);
    entry.monitor = std::make_shared<const Monitor>(std::move(monitor));
    entry.host = host_key_of(*entry.monitor);
    const auto given_up = give_up(entry);
    if (!takeover && is_manual(*entry.monitor)) {
        schedule(entry, now.wall, now);  // somebody just said so
    } else if (takeover) {
        entry.last = last;
        schedule_next(entry, spreads_.overdue, now);
        const Millis grace = std::min<Millis>(kPushTakeoverGrace, entry.monitor->interval);
        if (is_push(*entry.monitor) && last && entry.due < now.wall + grace) {
            schedule(entry, now.wall + grace, now);
        }
    } else if (entry.last) {
        schedule_next(entry, Millis{0}, now);
    } else {
        schedule(entry, entry.due, now);  // new settings do not put the first check off
    }
    return given_up;
}

std::optional<Ticket> Roster::stop(MonitorId id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return std::nullopt;
    const auto given_up = give_up(found->second);
    nano_rate_ -= nano_rate_of(*found->second.monitor);
    entries_.erase(found);
    due_.erase(id);
    return given_up;
}

void Roster::set_maintenance(std::vector<MonitorId> ids) {
    in_maintenance_ = {ids.begin(), ids.end()};
}

bool Roster::runs_under(MonitorId id, Epoch epoch) const {
    const auto found = entries_.find(id);
    return found != entries_.end() && found->second.monitor->assignment.epoch == epoch;
}

std::vector<MonitorId> Roster::ids() const {
    std::vector<MonitorId> ids;
    ids.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) ids.push_back(id);
    return ids;
}

// What of the monitor waits or runs is not wanted any more.
std::optional<Ticket> Roster::give_up(Entry& entry) {
    starts_.erase(entry.monitor->id);
    free_place(entry);
    const Ticket given_up = std::exchange(entry.in_flight, 0);
    return given_up ? std::optional(given_up) : std::nullopt;
}

void Roster::free_place(Entry& entry) {
    if (!std::exchange(entry.has_place, false)) return;
    starts_.ended({entry.monitor->id, entry.placed_host, entry.started_slow});
}

std::optional<Roster::Turn> Roster::take_due(Now now) {
    while (const auto taken = due_.take_due(now.instant)) {
        Entry& entry = entries_.at(taken->first);
        if (auto turn = decided(entry, now)) return turn;
        starts_.add({entry.monitor->id, entry.host, entry.slow});
    }
    const auto next = starts_.next();
    if (!next) return std::nullopt;
    Entry& entry = entries_.at(next->monitor);
    entry.has_place = true;
    entry.placed_host = next->host;
    entry.started_slow = next->slow;
    return start(entry, now);
}

Roster::Turn Roster::start(Entry& entry, Now now) {
    entry.in_flight = ++last_ticket_;
    entry.started = now.wall;
    Turn turn;
    turn.lateness = now.instant - entry.due_at;
    turn.check = entry.monitor;
    turn.ticket = last_ticket_;
    return turn;
}

// What needs no place: a beat that is decided already, or a group, which the database answers.
std::optional<Roster::Turn> Roster::decided(Entry& entry, Now now) {
    const bool maintained = in_maintenance_.contains(entry.monitor->id);
    const bool manual = is_manual(*entry.monitor);
    if (maintained || manual || is_push(*entry.monitor)) {
        const auto outcome = manual ? policy::manual_outcome(*entry.monitor)
                                    : policy::CheckOutcome::down("No heartbeat in the time window");
        Turn turn;
        turn.lateness = now.instant - entry.due_at;
        turn.beat = record(entry, outcome, now.wall, policy::anchor_of(entry.due, now.wall));
        schedule_next(entry, Millis{0}, now);
        return turn;
    }
    if (is_group(*entry.monitor)) return start(entry, now);
    return std::nullopt;
}

std::optional<Beat> Roster::finish(MonitorId id, Ticket ticket, const policy::CheckOutcome& outcome,
                                   Now now) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.in_flight != ticket) return std::nullopt;
    Entry& entry = found->second;
    entry.in_flight = 0;
    entry.slow = now.wall - entry.started >= kSlowCheck;
    free_place(entry);
    const WallTime anchor = policy::anchor_of(entry.due, entry.started);
    Beat beat = record(entry, outcome, entry.started, anchor);
    schedule_next(entry, Millis{0}, now);
    return beat;
}

Result<void> Roster::check_now(MonitorId id, Now now) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
        return Failure{ErrorKind::not_found, "This monitor does not run here.", ""};
    }
    if (is_push(*found->second.monitor)) {
        return Failure{ErrorKind::conflict, "A push monitor waits for its agent.", ""};
    }
    if (!found->second.in_flight && !starts_.is_waiting(id)) {
        schedule(found->second, now.wall, now);
    }
    return boost::system::in_place_value;
}

Result<Beat> Roster::push(MonitorId id, const policy::CheckOutcome& outcome, Now now) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || !is_push(*found->second.monitor)) {
        return Failure{ErrorKind::not_found, "This push monitor does not run here", ""};
    }
    Beat beat = record(found->second, outcome, now.wall, now.wall);
    schedule_next(found->second, Millis{0}, now);
    return beat;
}

void Roster::schedule(Entry& entry, WallTime due, Now now) {
    entry.due = due;
    entry.due_at = now.instant + (due - now.wall);
    due_.set(entry.monitor->id, entry.due_at);
}

void Roster::schedule_next(Entry& entry, Millis overdue_spread, Now now) {
    schedule(entry,
             policy::next_due(*entry.monitor, entry.last, now.wall, spreads_.first, overdue_spread),
             now);
}

Beat Roster::record(Entry& entry, const policy::CheckOutcome& outcome, WallTime time,
                    WallTime anchor) {
    const Monitor& monitor = *entry.monitor;
    auto decision = policy::decide_beat(policy::rules_of(monitor), entry.last, outcome,
                                        in_maintenance_.contains(monitor.id));
    // The anchor is unique for a monitor, and several pushes may come in one millisecond.
    if (entry.last && anchor <= entry.last->scheduled_at &&
        entry.last->scheduled_at - anchor < kSameMoment) {
        anchor = entry.last->scheduled_at + Millis{1};
    }
    Beat beat;
    beat.monitor = monitor.id;
    beat.status = decision.status;
    beat.msg = bounded_text(std::move(decision.msg));
    beat.time = time;
    if (decision.ping) beat.ping = std::clamp(*decision.ping, Millis{0}, kMaxPing);
    beat.important = decision.important;
    beat.down_count = decision.down_count;
    beat.retries = decision.retries;
    if (entry.last && time > entry.last->time) {
        beat.duration = std::chrono::floor<Seconds>(time - entry.last->time);
    }
    beat.scheduled_at = anchor;
    beat.epoch = monitor.assignment.epoch;
    if (beat.status != BeatStatus::maintenance) {
        beat.response = outcome.response.substr(0, kMaxResponse);
    }
    entry.last = BeatState{beat.status, beat.retries, beat.down_count, beat.time, anchor};
    return beat;
}

}  // namespace higuma::engine
