#include "routing/table_format.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstddef>

namespace higuma::routing {

std::uint64_t token_key(std::string_view push_token) {
    return XXH3_64bits(push_token.data(), push_token.size()) & kMaxKey;
}

std::uint64_t header_checksum_of(const FileHeader& header) {
    return XXH3_64bits(&header, offsetof(FileHeader, header_checksum));
}

std::uint64_t body_checksum_of(std::span<const std::byte> body) {
    return XXH3_64bits(body.data(), body.size());
}

std::uint64_t expected_size(const FileHeader& header) {
    if (header.node_count > kMaxNodes || header.monitor_slots > kMaxSlots ||
        header.token_slots > kMaxSlots) {
        return 0;
    }
    if (header.kind == static_cast<std::uint32_t>(FileKind::nodes)) {
        if (header.monitor_slots != 0 || header.token_slots != 0) return 0;
        return sizeof(FileHeader) + sizeof(RoutingRecord) + header.node_count * sizeof(NodeRecord);
    }
    return sizeof(FileHeader) + header.node_count * sizeof(NameField) +
           (header.monitor_slots + header.token_slots) * sizeof(OwnerSlot);
}

bool is_valid_name(std::string_view id) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !id.empty() && id.size() <= kMaxNodeName && std::all_of(id.begin(), id.end(), fits);
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace higuma::routing
