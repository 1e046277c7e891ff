// What all workers know together of each node, in shared memory: requests in flight, and whether a
// connect failed a moment ago. A node keeps its slot by name, through table changes and reloads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "nginx_headers.hpp"

namespace higuma::nginx {

inline constexpr std::size_t kSharedSlots = 256;
inline constexpr std::size_t kWorkerRows =
    128;  // a crash of a worker beyond these leaves its counts
inline constexpr ngx_msec_t kFirstFailureHold = 2'000;
inline constexpr ngx_msec_t kLongestFailureHold = 30'000;

struct SharedNode {
    std::array<char, 52> name;
    std::uint32_t name_length;
    std::atomic<std::int64_t> in_flight;
    std::atomic<std::uint32_t> failures;  // in a row; 0: not failed
    std::atomic<std::uint64_t> failed_at, failed_until;
    std::atomic<std::uint64_t> named_at;  // when a table named it last
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

struct SharedMemory {
    std::array<SharedNode, kSharedSlots> nodes;
    // Each worker process's part of in_flight, by its process slot: what a worker that crashed held
    // is taken back by the one that takes its place.
    std::array<std::array<std::int32_t, kSharedSlots>, kWorkerRows> held;
};

using SlotIndex = std::optional<std::size_t>;

class SharedNodes {
  public:
    // Creates the memory, or takes over that of the configuration before.
    static ngx_int_t init_zone(ngx_shm_zone_t* zone, void* previous);

    // In a worker, once.
    explicit SharedNodes(ngx_shm_zone_t* zone);

    SlotIndex slot_of(std::string_view name);  // none: all slots are taken
    void keep(SlotIndex slot);                 // a table still names it
    void enter(SlotIndex slot);
    void leave(SlotIndex slot);
    std::uint32_t in_flight(SlotIndex slot) const;

    void mark_failed(SlotIndex slot, ngx_msec_t now);
    bool is_failed(SlotIndex slot, ngx_msec_t now) const;
    void clear_failure(SlotIndex slot);
    // A request that began at `began` was answered: the failure is over, unless it is newer than
    // that.
    void note_success(SlotIndex slot, ngx_msec_t began);

  private:
    SharedNode* find_or_take(std::string_view name, ngx_msec_t now);

    SharedMemory* memory_;
    ngx_slab_pool_t* pool_;
    std::array<std::int32_t, kSharedSlots>* held_ = nullptr;
};

}  // namespace higuma::nginx
