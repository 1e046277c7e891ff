#include "routing/table_view.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <limits>

namespace higuma::routing {
namespace {

const FileHeader& header_of(std::span<const std::byte> bytes) {
    return *reinterpret_cast<const FileHeader*>(bytes.data());
}

// `count` values at `offset`, which moves behind them. The verifier has checked that they fit.
template <class T>
std::span<const T> section(std::span<const std::byte> bytes, std::uint64_t& offset,
                           std::uint64_t count) {
    const auto* begin = reinterpret_cast<const T*>(bytes.data() + offset);
    offset += count * sizeof(T);
    return {begin, count};
}

std::string_view fault_of_node(const NodeRecord& node) {
    if (node.id.length > kMaxNodeName || !is_valid_name(node.id.view())) return "bad node id";
    if (node.address.length > node.address.text.size() || !is_printable(node.address.view())) {
        return "bad node address";
    }
    if (node.state > static_cast<std::uint8_t>(NodeState::offline)) return "bad node state";
    if (node.ramp_permille > 1000) return "bad slow start";
    if (node.weight > kMaxWeight) return "bad weight";
    return {};
}

std::string_view fault_of_routing(const RoutingRecord& routing) {
    const NameField& forced = routing.forced;
    if (forced.length > kMaxNodeName || (forced.length > 0 && !is_valid_name(forced.view()))) {
        return "bad forced node";
    }
    if (routing.algorithm > static_cast<std::uint8_t>(Algorithm::weighted)) return "bad algorithm";
    return {};
}

}  // namespace

struct TableVerifier::Digest {
    XXH3_state_t state;
    Digest() { XXH3_64bits_reset(&state); }
};

TableVerifier::TableVerifier(std::span<const std::byte> bytes, FileKind kind)
    : bytes_(bytes), kind_(kind), digest_(std::make_unique<Digest>()) {}
TableVerifier::~TableVerifier() = default;
TableVerifier::TableVerifier(TableVerifier&&) noexcept = default;
TableVerifier& TableVerifier::operator=(TableVerifier&&) noexcept = default;

TableVerifier::Progress TableVerifier::refuse(std::string_view reason) {
    reason_ = reason;
    return Progress::refused;
}

std::string_view TableVerifier::fault_of_header() const {
    const FileHeader& header = header_of(bytes_);
    if (header.magic != kMagic) return "not a route table";
    if (header.version != kFormatVersion) return "unknown format version";
    if (header.header_checksum != header_checksum_of(header)) return "header checksum is wrong";
    if (header.kind != static_cast<std::uint32_t>(kind_)) return "route table of the other kind";
    if (header.total_size != bytes_.size()) return "size differs from the header's";
    if (header.total_size != expected_size(header)) return "sections do not fit the size";
    if (header.monitor_count > header.monitor_slots || header.token_count > header.token_slots ||
        header.monitor_probe > header.monitor_slots || header.token_probe > header.token_slots) {
        return "entry counts do not fit";
    }
    return {};
}

std::string_view TableVerifier::fault_of_names() const {
    if (kind_ == FileKind::nodes) {
        const NodeTableView view(bytes_);
        if (const auto fault = fault_of_routing(view.routing()); !fault.empty()) return fault;
        for (std::size_t i = 0; i < view.size(); ++i) {
            if (const auto fault = fault_of_node(view.node(i)); !fault.empty()) return fault;
            if (i > 0 && view.node(i - 1).id.view() >= view.node(i).id.view()) {
                return "nodes are not in order";
            }
        }
        return {};
    }
    std::uint64_t offset = sizeof(FileHeader);
    for (const NameField& name : section<NameField>(bytes_, offset, header_of(bytes_).node_count)) {
        if (name.length > kMaxNodeName || !is_valid_name(name.view())) return "bad node id";
    }
    return {};
}

TableVerifier::Progress TableVerifier::step(std::size_t max_bytes) {
    if (!reason_.empty()) return Progress::refused;
    if (position_ == 0) {
        if (bytes_.size() < sizeof(FileHeader)) return refuse("shorter than a header");
        if (max_bytes < sizeof(FileHeader)) max_bytes = sizeof(FileHeader);
        if (const auto fault = fault_of_header(); !fault.empty()) return refuse(fault);
        position_ = sizeof(FileHeader);
        max_bytes -= sizeof(FileHeader);
    }
    const std::size_t size = std::min(max_bytes, bytes_.size() - position_);
    XXH3_64bits_update(&digest_->state, bytes_.data() + position_, size);
    position_ += size;
    if (position_ < bytes_.size()) return Progress::more;
    if (XXH3_64bits_digest(&digest_->state) != header_of(bytes_).body_checksum) {
        return refuse("checksum is wrong");
    }
    if (const auto fault = fault_of_names(); !fault.empty()) return refuse(fault);
    return Progress::good;
}

std::uint64_t NodeTableView::generation() const { return header_of(bytes_).generation; }
bool NodeTableView::setup_complete() const {
    return (header_of(bytes_).flags & kFlagSetupComplete) != 0;
}
std::size_t NodeTableView::size() const { return header_of(bytes_).node_count; }
const NodeRecord& NodeTableView::node(std::size_t index) const {
    const std::byte* nodes = bytes_.data() + sizeof(FileHeader) + sizeof(RoutingRecord);
    return reinterpret_cast<const NodeRecord*>(nodes)[index];
}
const RoutingRecord& NodeTableView::routing() const {
    return *reinterpret_cast<const RoutingRecord*>(bytes_.data() + sizeof(FileHeader));
}
std::string_view NodeTableView::forced() const { return routing().forced.view(); }
Algorithm NodeTableView::algorithm() const { return static_cast<Algorithm>(routing().algorithm); }

OwnerTableView::OwnerTableView(std::span<const std::byte> verified)
    : bytes_(verified), node_count_(header_of(verified).node_count) {
    const FileHeader& header = header_of(bytes_);
    std::uint64_t offset = sizeof(FileHeader) + node_count_ * sizeof(NameField);
    monitors_.slots = section<OwnerSlot>(bytes_, offset, header.monitor_slots);
    tokens_.slots = section<OwnerSlot>(bytes_, offset, header.token_slots);
    monitors_.probe = header.monitor_probe;
    tokens_.probe = header.token_probe;
}

std::uint64_t OwnerTableView::generation() const { return header_of(bytes_).generation; }
std::uint64_t OwnerTableView::monitor_count() const { return header_of(bytes_).monitor_count; }
std::uint64_t OwnerTableView::token_count() const { return header_of(bytes_).token_count; }

std::string_view OwnerTableView::node_id(std::size_t index) const {
    return reinterpret_cast<const NameField*>(bytes_.data() + sizeof(FileHeader))[index].view();
}

std::optional<std::uint16_t> OwnerTableView::find(const Slots& table, std::uint64_t key) const {
    const auto& slots = table.slots;
    if (slots.empty() || key > kMaxKey) return std::nullopt;
    std::uint64_t at = home_slot(key, slots.size());
    for (std::uint32_t step = 0; step < table.probe; ++step) {
        const std::uint16_t node = node_in(slots[at]);
        if (node == kNoNode) return std::nullopt;
        if (key_in(slots[at]) == key) {
            return node < node_count_ ? std::optional(node) : std::nullopt;
        }
        at = at + 1 == slots.size() ? 0 : at + 1;
    }
    return std::nullopt;
}

std::optional<std::uint16_t> OwnerTableView::owner_of_monitor(std::uint64_t id) const {
    return find(monitors_, id);
}

std::optional<std::uint16_t> OwnerTableView::owner_of_token(std::string_view push_token) const {
    return find(tokens_, token_key(push_token));
}

namespace {

template <class View>
std::optional<View> open_table(std::span<const std::byte> bytes, FileKind kind,
                               std::string& reason) {
    TableVerifier verifier(bytes, kind);
    if (verifier.step(std::numeric_limits<std::size_t>::max()) == TableVerifier::Progress::good) {
        return View(bytes);
    }
    reason = verifier.reason();
    return std::nullopt;
}

}  // namespace

std::optional<NodeTableView> open_node_table(std::span<const std::byte> bytes,
                                             std::string& reason) {
    return open_table<NodeTableView>(bytes, FileKind::nodes, reason);
}

std::optional<OwnerTableView> open_owner_table(std::span<const std::byte> bytes,
                                               std::string& reason) {
    return open_table<OwnerTableView>(bytes, FileKind::owners, reason);
}

}  // namespace higuma::routing
