// The bytes of a route table file: one header, then sections whose sizes follow from the header's
// counts, so that a reader checks every bound before it touches a section. Little-endian, 8-byte
// aligned.
//
//   kind nodes:   header | RoutingRecord | NodeRecord[node_count]
//   kind owners:  header | NameField[node_count] | OwnerSlot monitors[monitor_slots]
//                        | OwnerSlot tokens[token_slots]
//
// The two arrays of an owners file are open-addressing hash tables. Slot of a key:
// home_slot(key, slots), then the next ones, around the end; a value of kNoNode is an empty slot
// and ends the search, as do `probe` steps. Key and value share a slot of eight bytes, so that a
// search mostly touches one cache line. A monitor's key is its id, a push token's is token_key():
// tokens are secrets and are never stored; a collision only costs a hop, since any node can answer.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "routing/table.hpp"

namespace higuma::routing {

static_assert(std::endian::native == std::endian::little, "the format is that of its machines");

inline constexpr std::array<char, 8> kMagic{'H', 'I', 'G', 'U', 'M', 'A', 'R', 'T'};
inline constexpr std::uint32_t kFormatVersion = 3;
inline constexpr std::uint16_t kNoNode = 0xFFFF;
inline constexpr std::uint64_t kMaxSlots = std::uint64_t{1} << 26;
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

enum class FileKind : std::uint32_t { nodes = 1, owners = 2 };

inline constexpr std::uint32_t kFlagSetupComplete = 1;

struct FileHeader {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t kind;
    std::uint64_t total_size;
    std::uint64_t generation;
    std::uint64_t body_checksum;  // XXH3-64 of everything behind the header
    std::uint32_t flags;
    std::uint32_t node_count;
    std::uint64_t monitor_slots;
    std::uint64_t token_slots;
    std::uint64_t monitor_count;
    std::uint64_t token_count;
    std::uint32_t monitor_probe;  // the longest search, in slots
    std::uint32_t token_probe;
    std::uint64_t header_checksum;  // XXH3-64 of the fields above
};
static_assert(sizeof(FileHeader) == 96);

template <std::size_t Size>
struct TextField {
    std::uint8_t length;
    std::array<char, Size - 1> text;
    std::string_view view() const { return {text.data(), length}; }
};
using NameField = TextField<56>;
using AddressField = TextField<128>;
static_assert(kMaxNodeName < sizeof(NameField));

inline constexpr std::uint8_t kNodeSuspect = 1;
inline constexpr std::uint8_t kNodePrimary = 2;

// What is said of the cluster as a whole.
struct RoutingRecord {
    NameField forced;
    std::uint8_t algorithm;
    std::array<std::uint8_t, 7> reserved;
};
static_assert(sizeof(RoutingRecord) == 64);

struct NodeRecord {
    NameField id;
    AddressField address;
    std::uint8_t state;
    std::uint8_t flags;
    std::uint16_t reserved;
    std::uint32_t monitors;
    std::uint32_t ramp_permille;
    std::uint32_t weight;
    std::uint32_t announced_load_permille;
    std::uint32_t reserved_end;
};
static_assert(sizeof(NodeRecord) == 208);
static_assert(std::is_trivially_copyable_v<FileHeader> &&
              std::is_trivially_copyable_v<NodeRecord> &&
              std::is_trivially_copyable_v<RoutingRecord>);

// A key of 48 bits and, in the lowest 16, the index of a node.
using OwnerSlot = std::uint64_t;
inline constexpr std::uint64_t kMaxKey = (std::uint64_t{1} << 48) - 1;
inline constexpr OwnerSlot kEmptySlot = kNoNode;
constexpr OwnerSlot slot_for(std::uint64_t key, std::uint16_t node) { return key << 16 | node; }
constexpr std::uint64_t key_in(OwnerSlot slot) { return slot >> 16; }
constexpr std::uint16_t node_in(OwnerSlot slot) { return static_cast<std::uint16_t>(slot); }

// Where a search for `key` begins. `slots` is not 0.
inline std::uint64_t home_slot(std::uint64_t key, std::uint64_t slots) {
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdULL;
    key ^= key >> 33;
    key *= 0xc4ceb9fe1a85ec53ULL;
    key ^= key >> 33;
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(key) * slots) >> 64);
}

std::uint64_t token_key(std::string_view push_token);  // at most kMaxKey
std::uint64_t header_checksum_of(const FileHeader& header);
std::uint64_t body_checksum_of(std::span<const std::byte> body);

// The size of a file with these counts; 0 when a count is over its limit.
std::uint64_t expected_size(const FileHeader& header);

bool is_valid_name(std::string_view id);  // 1 to kMaxNodeName of [A-Za-z0-9._-]
bool is_printable(std::string_view text);

}  // namespace higuma::routing
