#include "cluster/loop_pulse.hpp"

namespace higuma::cluster {

namespace {
constexpr Millis kBeat{100};
constexpr std::size_t kMostDelays = 64;  // more than any check's time-out can hold
}  // namespace

LoopPulse::LoopPulse(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock)
    : clock_(std::move(clock)), wake_(std::move(executor), clock_), due_(clock_->now() + kBeat) {}

Task<> LoopPulse::run() {
    due_ = clock_->now() + kBeat;
    while (!stopped_) {
        co_await wake_.wait_until(due_);
        const auto now = clock_->now();
        if (now - due_ >= kBeat) delays_.push_back({now, now - due_});
        if (delays_.size() > kMostDelays) delays_.pop_front();
        due_ = now + kBeat;
    }
}

void LoopPulse::stop() {
    stopped_ = true;
    wake_.notify();
}

Duration LoopPulse::held_up_since(Instant began) const {
    // The beat that is overdue now counts too: after a delay the loop may come here first.
    const auto now = clock_->now();
    Duration longest = now - due_ >= kBeat ? now - std::max(due_, began) : Duration::zero();
    for (const auto& delay : delays_) {
        if (delay.ended <= began) continue;
        longest = std::max(longest, std::min<Duration>(delay.span, delay.ended - began));
    }
    return longest;
}

}  // namespace higuma::cluster
