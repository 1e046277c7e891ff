// Reading a route table: a verifier that works in slices, so that a worker never blocks on a large
// table, and views that look things up in verified bytes without copying. Views do not own the
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "routing/table_format.hpp"

namespace higuma::routing {

class TableVerifier {
  public:
    enum class Progress { more, good, refused };

    // `bytes` (8-byte aligned) is the whole file. It may still be being filled: a step looks at no
    // more than the next `max_bytes` of it, and at the header in the first step.
    TableVerifier(std::span<const std::byte> bytes, FileKind kind);
    ~TableVerifier();
    TableVerifier(TableVerifier&&) noexcept;
    TableVerifier& operator=(TableVerifier&&) noexcept;

    Progress step(std::size_t max_bytes);
    std::size_t position() const { return position_; }   // bytes looked at so far
    std::string_view reason() const { return reason_; }  // why it was refused

  private:
    struct Digest;
    Progress refuse(std::string_view reason);
    std::string_view fault_of_header() const;
    std::string_view fault_of_names() const;

    std::span<const std::byte> bytes_;
    FileKind kind_;
    std::size_t position_ = 0;
    std::string_view reason_;
    std::unique_ptr<Digest> digest_;
};

// Views: only of bytes that a TableVerifier of the same kind found good.
class NodeTableView {
  public:
    explicit NodeTableView(std::span<const std::byte> verified) : bytes_(verified) {}

    std::uint64_t generation() const;
    bool setup_complete() const;
    std::string_view forced() const;  // empty: none
    Algorithm algorithm() const;
    std::size_t size() const;
    const NodeRecord& node(std::size_t index) const;  // ordered by id
    const RoutingRecord& routing() const;

  private:
    std::span<const std::byte> bytes_;
};

class OwnerTableView {
  public:
    explicit OwnerTableView(std::span<const std::byte> verified);

    std::uint64_t generation() const;
    std::uint64_t monitor_count() const;
    std::uint64_t token_count() const;
    std::size_t node_count() const { return node_count_; }
    std::string_view node_id(std::size_t index) const;

    // Index into node_id(), in constant time; none when the table does not know it.
    std::optional<std::uint16_t> owner_of_monitor(std::uint64_t id) const;
    std::optional<std::uint16_t> owner_of_token(std::string_view push_token) const;

  private:
    struct Slots {
        std::span<const OwnerSlot> slots;
        std::uint32_t probe = 0;
    };
    std::optional<std::uint16_t> find(const Slots& table, std::uint64_t key) const;

    std::span<const std::byte> bytes_;
    std::size_t node_count_ = 0;
    Slots monitors_, tokens_;
};

// Both steps at once, for tests and tools: none and a reason when the bytes do not verify.
std::optional<NodeTableView> open_node_table(std::span<const std::byte> bytes, std::string& reason);
std::optional<OwnerTableView> open_owner_table(std::span<const std::byte> bytes,
                                               std::string& reason);

}  // namespace higuma::routing
