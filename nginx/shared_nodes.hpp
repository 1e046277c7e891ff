// What all workers know together of each node, in shared memory: what is under way, what was
// counted, and whether it failed a moment ago. A node keeps its slot by name, through table changes
// and reloads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "nginx_headers.hpp"
#include "policy/routing_choice.hpp"

namespace higuma::nginx {

inline constexpr std::size_t kSharedSlots = 256;
inline constexpr std::size_t kWorkerRows =
    128;  // a crash of a worker beyond these leaves its counts
inline constexpr ngx_msec_t kFirstEjection = 2'000;
inline constexpr ngx_msec_t kLongestEjection = 30'000;

struct SharedNode {
    std::array<char, 52> name;
    std::uint32_t name_length;
    std::atomic<std::int64_t> in_flight;
    std::atomic<std::int64_t> sessions;                  // WebSockets, part of in_flight
    std::atomic<std::uint64_t> requests, responses_5xx;  // since the slot was taken
    std::atomic<std::uint32_t> failures;                 // in a row
    std::atomic<std::uint32_t> ejections;                // in a row; 0: not ejected
    std::atomic<std::uint64_t> ejected_at, ejected_until;
    std::atomic<std::uint64_t> named_at;  // when a table named it last
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

struct SharedMemory {
    std::array<SharedNode, kSharedSlots> nodes;
    std::array<std::atomic<std::uint64_t>, policy::kRouteRules> requests_by_rule;
    // Each worker process's part of what is under way, by its process slot: what a worker that
    // crashed held is taken back by the one that takes its place.
    struct Held {
        std::int32_t in_flight, sessions;
    };
    std::array<std::array<Held, kSharedSlots>, kWorkerRows> held;
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
    const SharedNode* at(SlotIndex slot) const { return slot ? &memory_->nodes[*slot] : nullptr; }
    std::uint64_t requests_by(policy::RouteRule rule) const;

    // A try at the node begins and ends.
    void enter(SlotIndex slot, bool is_session);
    void leave(SlotIndex slot, bool is_session);
    std::uint32_t in_flight(SlotIndex slot) const;
    void count_rule(policy::RouteRule rule);
    void count_5xx(SlotIndex slot);

    // Says how many in a row it is.
    std::uint32_t note_failure(SlotIndex slot);
    // A request that began at `began` was answered: failures are over, unless they are newer.
    void note_success(SlotIndex slot, ngx_msec_t began);
    void clear_failures(SlotIndex slot);
    // For a time that grows with each one in a row.
    void eject(SlotIndex slot, ngx_msec_t now);
    bool is_ejected(SlotIndex slot, ngx_msec_t now) const;

  private:
    SharedNode* find_or_take(std::string_view name, ngx_msec_t now);
    void move(SlotIndex slot, bool is_session, int by);

    SharedMemory* memory_;
    ngx_slab_pool_t* pool_;
    std::array<SharedMemory::Held, kSharedSlots>* held_ = nullptr;
};

}  // namespace higuma::nginx
