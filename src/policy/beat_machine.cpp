#include "policy/beat_machine.hpp"

namespace higuma::policy {
namespace {

BeatStatus flipped(BeatStatus status) {
    if (status == BeatStatus::up) return BeatStatus::down;
    if (status == BeatStatus::down) return BeatStatus::up;
    return status;
}

// A check that this node made itself. Retries go on counting while DOWN.
void apply_check(const BeatRules& rules, int retries, const CheckOutcome& outcome,
                 BeatDecision& beat) {
    const bool good = outcome.ok != rules.upside_down;
    if (good) {
        beat.status = BeatStatus::up;
        beat.retries = 0;
        return;
    }
    if (rules.upside_down) beat.msg = "Flip UP to DOWN";
    const bool may_retry = retries < rules.max_retries && !outcome.conclusive;
    beat.status = may_retry ? BeatStatus::pending : BeatStatus::down;
    beat.retries = retries + 1;
}

// A status that the check knows for certain.
void apply_stated(const BeatRules& rules, int retries, const CheckOutcome& outcome,
                  BeatDecision& beat) {
    const BeatStatus status = rules.upside_down ? flipped(*outcome.stated) : *outcome.stated;
    if (rules.upside_down && status == BeatStatus::down) {
        CheckOutcome well = outcome;
        well.ok = true;
        return apply_check(rules, retries, well, beat);
    }
    beat.status = status;
    beat.retries = 0;
}

// A status that an agent pushed. It differs from a check of our own: a first DOWN beat without
// retries and a fall from UP start their count at 0, and there is no PENDING after maintenance.
void apply_report(const BeatRules& rules, const std::optional<BeatState>& previous,
                  BeatStatus reported, BeatDecision& beat) {
    const BeatStatus status = rules.upside_down ? flipped(reported) : reported;
    const int retries = previous ? previous->retries : 0;
    beat.status = status;
    beat.retries = 0;
    if (status != BeatStatus::down) return;

    const bool may_retry = rules.max_retries > 0 && retries < rules.max_retries;
    const bool from_up = !previous || previous->status == BeatStatus::up;
    const bool from_pending = previous && previous->status == BeatStatus::pending;
    if (may_retry && (from_up || from_pending)) {
        beat.status = BeatStatus::pending;
        beat.retries = retries + 1;
    } else if (!from_up) {
        beat.retries = retries + 1;
    }
}

// Marks the beat and counts the DOWN beats since people were last told.
void apply_attention(const BeatRules& rules, const std::optional<BeatState>& previous,
                     BeatDecision& beat) {
    std::optional<BeatStatus> before;
    if (previous) before = previous->status;
    beat.important = is_important_change(before, beat.status);
    beat.notify = is_notified_change(before, beat.status);
    if (beat.important) {
        beat.down_count = 0;
        return;
    }
    beat.down_count = previous ? previous->down_count : 0;
    if (beat.status != BeatStatus::down || rules.resend_interval <= 0) return;
    ++beat.down_count;
    if (beat.down_count >= rules.resend_interval) {
        beat.notify = true;
        beat.down_count = 0;
    }
}

}  // namespace

BeatRules rules_of(const Monitor& monitor) {
    return {monitor.max_retries, monitor.resend_interval, monitor.upside_down};
}

BeatDecision decide_beat(const BeatRules& rules, const std::optional<BeatState>& previous,
                         const CheckOutcome& outcome, bool in_maintenance) {
    BeatDecision beat;
    if (in_maintenance) {
        beat.status = BeatStatus::maintenance;
        beat.msg = "Monitor under maintenance";
    } else {
        beat.msg = outcome.msg;
        beat.ping = outcome.ping;
        const int retries = previous ? previous->retries : 0;
        if (outcome.reported) {
            apply_report(rules, previous, *outcome.reported, beat);
        } else if (outcome.stated) {
            apply_stated(rules, retries, outcome, beat);
        } else {
            apply_check(rules, retries, outcome, beat);
        }
    }
    apply_attention(rules, previous, beat);
    return beat;
}

bool is_important_change(const std::optional<BeatStatus>& previous, BeatStatus current) {
    if (!previous) return true;
    switch (*previous) {
        case BeatStatus::up:
            return current == BeatStatus::down || current == BeatStatus::maintenance;
        case BeatStatus::down:
            return current == BeatStatus::up || current == BeatStatus::maintenance;
        case BeatStatus::pending:
            return current == BeatStatus::down;
        case BeatStatus::maintenance:
            return current == BeatStatus::up || current == BeatStatus::down;
    }
    return false;
}

bool is_notified_change(const std::optional<BeatStatus>& previous, BeatStatus current) {
    if (!previous) return current == BeatStatus::down;
    if (current == BeatStatus::down) return *previous != BeatStatus::down;
    return *previous == BeatStatus::down && current == BeatStatus::up;
}

}  // namespace higuma::policy
