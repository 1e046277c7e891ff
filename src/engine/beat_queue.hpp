// Beats on their way to the database, in order and bounded: when full, the oldest one that tells of
// no change makes room, and only then the oldest of all.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <utility>

#include "model/beat.hpp"

namespace higuma::engine {

struct QueuedBeat {
    Beat beat;
    bool spooled = false;  // is in the spool file as well
    // Set when the database refused just this one: how many batches were stored at that time.
    std::optional<std::uint64_t> refused_at{};
};

class BeatQueue {
  public:
    using Batch = std::list<QueuedBeat>;

    explicit BeatQueue(std::size_t limit) : limit_(limit) {}

    // Returns the beat that had to go.
    std::optional<QueuedBeat> push(QueuedBeat beat) {
        std::optional<QueuedBeat> dropped;
        if (beats_.size() >= limit_) dropped = drop();
        beats_.push_back(std::move(beat));
        if (scan_ == beats_.end()) scan_ = std::prev(beats_.end());
        return dropped;
    }

    Batch take(std::size_t most) {
        Batch batch;
        auto end = beats_.begin();
        std::advance(end, std::min(most, beats_.size()));
        batch.splice(batch.begin(), beats_, beats_.begin(), end);
        scan_ = beats_.begin();
        return batch;
    }

    // Back to the front, in their order.
    void put_back(Batch batch) {
        beats_.splice(beats_.begin(), batch);
        scan_ = beats_.begin();
    }

    Batch& all() { return beats_; }
    std::size_t size() const { return beats_.size(); }
    bool empty() const { return beats_.empty(); }

  private:
    std::optional<QueuedBeat> drop() {
        while (scan_ != beats_.end() && scan_->beat.important) ++scan_;
        auto victim = scan_ == beats_.end() ? beats_.begin() : scan_;
        if (victim == beats_.end()) return std::nullopt;
        QueuedBeat dropped = std::move(*victim);
        const bool was_scanned = victim == scan_;
        victim = beats_.erase(victim);
        if (was_scanned) scan_ = victim;
        return dropped;
    }

    std::size_t limit_;
    Batch beats_;
    Batch::iterator scan_ = beats_.end();  // all before it are important
};

}  // namespace higuma::engine
