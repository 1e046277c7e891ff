#include "shared_nodes.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace higuma::nginx {
namespace {

constexpr ngx_msec_t kUnnamedBeforeReuse = 60'000;

}  // namespace

ngx_int_t SharedNodes::init_zone(ngx_shm_zone_t* zone, void* previous) {
    if (previous != nullptr) {
        zone->data = previous;
        return NGX_OK;
    }
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
    if (zone->shm.exists) {
        zone->data = pool->data;
        return NGX_OK;
    }
    void* place = ngx_slab_calloc(pool, sizeof(SharedMemory));
    if (place == nullptr) return NGX_ERROR;
    zone->data = pool->data = new (place) SharedMemory{};
    return NGX_OK;
}

SharedNodes::SharedNodes(ngx_shm_zone_t* zone)
    : memory_(static_cast<SharedMemory*>(zone->data)),
      pool_(reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr)) {
    if (ngx_process_slot < 0 || ngx_process_slot >= static_cast<ngx_int_t>(kWorkerRows)) return;
    held_ = &memory_->held[static_cast<std::size_t>(ngx_process_slot)];
    for (std::size_t i = 0; i < kSharedSlots; ++i) {
        memory_->nodes[i].in_flight.fetch_sub((*held_)[i]);
        (*held_)[i] = 0;
    }
}

SharedNode* SharedNodes::find_or_take(std::string_view name, ngx_msec_t now) {
    auto& nodes = memory_->nodes;
    const auto named = [&](const SharedNode& node) {
        return std::string_view(node.name.data(), node.name_length) == name;
    };
    const auto free = [](const SharedNode& node) { return node.name_length == 0; };
    const auto forgotten = [&](const SharedNode& node) {
        return node.in_flight <= 0 && now - node.named_at > kUnnamedBeforeReuse;
    };
    auto found = std::find_if(nodes.begin(), nodes.end(), named);
    if (found != nodes.end()) return &*found;
    found = std::find_if(nodes.begin(), nodes.end(), free);
    if (found == nodes.end()) found = std::find_if(nodes.begin(), nodes.end(), forgotten);
    if (found == nodes.end()) return nullptr;
    found->name_length = static_cast<std::uint32_t>(std::min(name.size(), found->name.size()));
    std::memcpy(found->name.data(), name.data(), found->name_length);
    found->failures = 0;
    return &*found;
}

SlotIndex SharedNodes::slot_of(std::string_view name) {
    const ngx_msec_t now = ngx_current_msec;
    ngx_shmtx_lock(&pool_->mutex);
    SharedNode* node = find_or_take(name, now);
    if (node != nullptr) node->named_at = now;
    ngx_shmtx_unlock(&pool_->mutex);
    if (node == nullptr) return std::nullopt;
    return static_cast<std::size_t>(node - memory_->nodes.data());
}

void SharedNodes::keep(SlotIndex slot) {
    if (slot) memory_->nodes[*slot].named_at = ngx_current_msec;
}

void SharedNodes::enter(SlotIndex slot) {
    if (!slot) return;
    memory_->nodes[*slot].in_flight.fetch_add(1, std::memory_order_relaxed);
    if (held_ != nullptr) ++(*held_)[*slot];
}

void SharedNodes::leave(SlotIndex slot) {
    if (!slot) return;
    memory_->nodes[*slot].in_flight.fetch_sub(1, std::memory_order_relaxed);
    if (held_ != nullptr) --(*held_)[*slot];
}

std::uint32_t SharedNodes::in_flight(SlotIndex slot) const {
    if (!slot) return 0;
    const auto count = memory_->nodes[*slot].in_flight.load(std::memory_order_relaxed);
    return static_cast<std::uint32_t>(std::max<std::int64_t>(count, 0));
}

void SharedNodes::mark_failed(SlotIndex slot, ngx_msec_t now) {
    if (!slot || is_failed(slot, now)) return;  // requests that fail together count once
    SharedNode& node = memory_->nodes[*slot];
    const std::uint32_t before = std::min<std::uint32_t>(node.failures.load(), 8);
    node.failed_at = now;
    node.failed_until = now + std::min(kFirstFailureHold << before, kLongestFailureHold);
    node.failures.fetch_add(1);
}

bool SharedNodes::is_failed(SlotIndex slot, ngx_msec_t now) const {
    if (!slot) return false;
    const SharedNode& node = memory_->nodes[*slot];
    return node.failures.load(std::memory_order_relaxed) != 0 &&
           now < node.failed_until.load(std::memory_order_relaxed);
}

void SharedNodes::clear_failure(SlotIndex slot) {
    if (slot) memory_->nodes[*slot].failures = 0;
}

void SharedNodes::note_success(SlotIndex slot, ngx_msec_t began) {
    if (!slot) return;
    SharedNode& node = memory_->nodes[*slot];
    if (node.failures.load(std::memory_order_relaxed) == 0) return;
    if (began >= node.failed_at) node.failures = 0;
}

}  // namespace higuma::nginx
