#include "shared_nodes.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace higuma::nginx {
namespace {

constexpr ngx_msec_t kUnnamedBeforeReuse = 60'000;
constexpr auto kRelaxed = std::memory_order_relaxed;

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
        memory_->nodes[i].in_flight.fetch_sub((*held_)[i].in_flight);
        memory_->nodes[i].sessions.fetch_sub((*held_)[i].sessions);
        (*held_)[i] = {};
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
    found->failures = found->ejections = 0;
    found->requests = found->responses_5xx = 0;
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

std::uint64_t SharedNodes::requests_by(policy::RouteRule rule) const {
    return memory_->requests_by_rule[static_cast<std::size_t>(rule)].load(kRelaxed);
}

void SharedNodes::move(SlotIndex slot, bool is_session, int by) {
    SharedNode& node = memory_->nodes[*slot];
    node.in_flight.fetch_add(by, kRelaxed);
    if (is_session) node.sessions.fetch_add(by, kRelaxed);
    if (held_ == nullptr) return;
    (*held_)[*slot].in_flight += by;
    if (is_session) (*held_)[*slot].sessions += by;
}

void SharedNodes::enter(SlotIndex slot, bool is_session) {
    if (!slot) return;
    move(slot, is_session, 1);
    memory_->nodes[*slot].requests.fetch_add(1, kRelaxed);
}

void SharedNodes::leave(SlotIndex slot, bool is_session) {
    if (slot) move(slot, is_session, -1);
}

std::uint32_t SharedNodes::in_flight(SlotIndex slot) const {
    if (!slot) return 0;
    const auto count = memory_->nodes[*slot].in_flight.load(kRelaxed);
    return static_cast<std::uint32_t>(std::max<std::int64_t>(count, 0));
}

void SharedNodes::count_rule(policy::RouteRule rule) {
    memory_->requests_by_rule[static_cast<std::size_t>(rule)].fetch_add(1, kRelaxed);
}

void SharedNodes::count_5xx(SlotIndex slot) {
    if (slot) memory_->nodes[*slot].responses_5xx.fetch_add(1, kRelaxed);
}

std::uint32_t SharedNodes::note_failure(SlotIndex slot) {
    return slot ? memory_->nodes[*slot].failures.fetch_add(1) + 1 : 0;
}

void SharedNodes::note_success(SlotIndex slot, ngx_msec_t began) {
    if (!slot) return;
    SharedNode& node = memory_->nodes[*slot];
    if (node.failures.load(kRelaxed) == 0) return;
    if (began >= node.ejected_at) clear_failures(slot);
}

void SharedNodes::clear_failures(SlotIndex slot) {
    if (slot) memory_->nodes[*slot].failures = memory_->nodes[*slot].ejections = 0;
}

void SharedNodes::eject(SlotIndex slot, ngx_msec_t now) {
    if (!slot) return;
    SharedNode& node = memory_->nodes[*slot];
    const std::uint32_t before = std::min<std::uint32_t>(node.ejections.load(), 8);
    node.ejected_at = now;
    node.ejected_until = now + std::min(kFirstEjection << before, kLongestEjection);
    node.ejections.fetch_add(1);
}

bool SharedNodes::is_ejected(SlotIndex slot, ngx_msec_t now) const {
    if (!slot) return false;
    const SharedNode& node = memory_->nodes[*slot];
    return node.ejections.load(kRelaxed) != 0 && now < node.ejected_until.load(kRelaxed);
}

}  // namespace higuma::nginx
