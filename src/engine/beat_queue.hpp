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
        bytes_ += text_bytes(beat);
        beats_.push_back(std::move(beat));
        if (scan_ == beats_.end()) scan_ = std::prev(beats_.end());
        return dropped;
    }

    // The oldest ones, at least one: `most` of them, or fewer when their texts are long.
    Batch take(std::size_t most, std::size_t most_bytes) {
        Batch batch;
        auto end = beats_.begin();
        std::size_t bytes = 0;
        for (std::size_t count = 0; count < most && end != beats_.end(); ++count, ++end) {
            if (count > 0 && bytes + text_bytes(*end) > most_bytes) break;
            bytes += text_bytes(*end);
        }
        bytes_ -= bytes;
        batch.splice(batch.begin(), beats_, beats_.begin(), end);
        scan_ = beats_.begin();
        return batch;
    }

    // Back to the front, in their order.
    void put_back(Batch batch) {
        for (const auto& queued : batch) bytes_ += text_bytes(queued);
        beats_.splice(beats_.begin(), batch);
        scan_ = beats_.begin();
    }

    Batch& all() { return beats_; }
    std::size_t size() const { return beats_.size(); }
    std::size_t bytes() const { return bytes_; }  // of the beats' texts
    bool empty() const { return beats_.empty(); }

  private:
    static std::size_t text_bytes(const QueuedBeat& queued) {
        return queued.beat.msg.size() + queued.beat.response.size();
    }

    std::optional<QueuedBeat> drop() {
        while (scan_ != beats_.end() && scan_->beat.important) ++scan_;
        auto victim = scan_ == beats_.end() ? beats_.begin() : scan_;
        if (victim == beats_.end()) return std::nullopt;
        bytes_ -= text_bytes(*victim);
        QueuedBeat dropped = std::move(*victim);
        const bool was_scanned = victim == scan_;
        victim = beats_.erase(victim);
        if (was_scanned) scan_ = victim;
        return dropped;
    }

    std::size_t limit_;
    std::size_t bytes_ = 0;
    Batch beats_;
    Batch::iterator scan_ = beats_.end();  // all before it are important
};

}  // namespace higuma::engine
