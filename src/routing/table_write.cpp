#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

#include "routing/table_format.hpp"

namespace higuma::routing {
namespace {

std::string system_error(std::string_view what, const std::string& path) {
    return std::string(what) + " " + path + ": " + std::strerror(errno);
}

bool write_all(int file, std::span<const char> bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(file, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return true;
}

// No fsync: after a crash of the machine the controller writes both files anew.
std::string replace_file(const std::string& path, std::span<const char> bytes) {
    const std::string temporary = path + ".tmp";
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return system_error("cannot create", temporary);
    if (!write_all(file, bytes)) {
        std::string error = system_error("cannot write", temporary);
        ::close(file);
        ::unlink(temporary.c_str());
        return error;
    }
    ::close(file);
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        std::string error = system_error("cannot replace", path);
        ::unlink(temporary.c_str());
        return error;
    }
    return {};
}

template <std::size_t Size>
void put(TextField<Size>& field, std::string_view text) {
    field.length = static_cast<std::uint8_t>(text.size());
    std::memcpy(field.text.data(), text.data(), text.size());
}

template <class T>
void append(std::vector<char>& to, std::span<const T> values) {
    const auto* begin = reinterpret_cast<const char*>(values.data());
    to.insert(to.end(), begin, begin + values.size_bytes());
}

// `bytes` begins with room for the header; fills it in and replaces the file.
std::string seal(const std::string& path, FileHeader header, FileKind kind,
                 std::uint64_t generation, std::vector<char>& bytes) {
    header.magic = kMagic;
    header.version = kFormatVersion;
    header.kind = static_cast<std::uint32_t>(kind);
    header.total_size = bytes.size();
    header.generation = generation;
    header.body_checksum =
        body_checksum_of(std::as_bytes(std::span(bytes)).subspan(sizeof(header)));
    header.header_checksum = header_checksum_of(header);
    std::memcpy(bytes.data(), &header, sizeof(header));
    return replace_file(path, bytes);
}

std::string refuse_node(const RouteNode& node) {
    if (!is_valid_name(node.id)) return "node id \"" + node.id + "\" is not valid";
    if (node.address.size() >= sizeof(AddressField) || !is_printable(node.address)) {
        return "address of " + node.id + " is not valid";
    }
    return {};
}

NodeRecord record_of(const RouteNode& node) {
    NodeRecord record{};
    put(record.id, node.id);
    put(record.address, node.address);
    record.state = static_cast<std::uint8_t>(node.state);
    record.flags = static_cast<std::uint8_t>((node.suspect ? kNodeSuspect : 0) |
                                             (node.primary ? kNodePrimary : 0));
    record.monitors = node.monitors;
    record.ramp_permille = std::min<std::uint32_t>(node.ramp_permille, 1000);
    record.weight = std::min(node.weight, kMaxWeight);
    record.announced_load_permille = node.announced_load_permille;
    return record;
}

// One open-addressing table, three quarters full.
class OwnerSlots {
  public:
    explicit OwnerSlots(std::size_t entries)
        : slots_(entries == 0 ? 0 : entries + entries / 3 + 1, kEmptySlot) {}

    // The last entry of a key that is given twice wins.
    void insert(std::uint64_t key, std::uint16_t node) {
        std::uint64_t at = home_slot(key, slots_.size());
        std::uint32_t steps = 1;
        while (node_in(slots_[at]) != kNoNode && key_in(slots_[at]) != key) {
            at = at + 1 == slots_.size() ? 0 : at + 1;
            ++steps;
        }
        count_ += node_in(slots_[at]) == kNoNode;
        slots_[at] = slot_for(key, node);
        probe_ = std::max(probe_, steps);
    }
    std::span<const OwnerSlot> slots() const { return slots_; }
    std::uint64_t count() const { return count_; }
    std::uint32_t probe() const { return probe_; }

  private:
    std::vector<OwnerSlot> slots_;
    std::uint64_t count_ = 0;
    std::uint32_t probe_ = 0;
};

std::string refuse_owners(const OwnerTable& table) {
    if (table.node_ids.size() > kMaxNodes) return "more than 256 nodes";
    for (const std::string& id : table.node_ids) {
        if (!is_valid_name(id)) return "node id \"" + id + "\" is not valid";
    }
    const auto known = [&](const auto& entry) { return entry.second < table.node_ids.size(); };
    if (!std::all_of(table.monitors.begin(), table.monitors.end(), known)) {
        return "a monitor's owner is not among the nodes";
    }
    const auto fits = [](const auto& entry) { return entry.first <= kMaxKey; };
    if (!std::all_of(table.monitors.begin(), table.monitors.end(), fits)) {
        return "a monitor's id is larger than a table holds";
    }
    if (!std::all_of(table.push_tokens.begin(), table.push_tokens.end(), known)) {
        return "a push token's owner is not among the nodes";
    }
    constexpr std::uint64_t kMostEntries = kMaxSlots / 4 * 3 - 2;
    if (std::max(table.monitors.size(), table.push_tokens.size()) > kMostEntries) {
        return "more monitors than a table holds";
    }
    return {};
}

}  // namespace

std::string write_node_table(const std::string& path, const NodeTable& table) {
    if (table.nodes.size() > kMaxNodes) return "more than 256 nodes";
    std::vector<RouteNode> nodes = table.nodes;
    std::sort(nodes.begin(), nodes.end(),
              [](const RouteNode& a, const RouteNode& b) { return a.id < b.id; });
    if (!table.forced.empty() && !is_valid_name(table.forced)) {
        return "forced node \"" + table.forced + "\" is not valid";
    }
    std::vector<char> bytes(sizeof(FileHeader));
    RoutingRecord routing{};
    put(routing.forced, table.forced);
    routing.algorithm = static_cast<std::uint8_t>(table.algorithm);
    append<RoutingRecord>(bytes, {&routing, 1});
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const RouteNode& node = nodes[i];
        if (std::string error = refuse_node(node); !error.empty()) return error;
        if (i > 0 && nodes[i - 1].id == node.id)
            return "node id \"" + node.id + "\" is there twice";
        const NodeRecord record = record_of(node);
        append<NodeRecord>(bytes, {&record, 1});
    }
    FileHeader header{};
    header.flags = table.setup_complete ? kFlagSetupComplete : 0;
    header.node_count = static_cast<std::uint32_t>(nodes.size());
    return seal(path, header, FileKind::nodes, table.generation, bytes);
}

std::string write_owner_table(const std::string& path, const OwnerTable& table) {
    if (std::string error = refuse_owners(table); !error.empty()) return error;
    OwnerSlots monitors(table.monitors.size());
    for (const auto& [id, node] : table.monitors) monitors.insert(id, node);
    OwnerSlots tokens(table.push_tokens.size());
    for (const auto& [token, node] : table.push_tokens) tokens.insert(token_key(token), node);

    FileHeader header{};
    header.node_count = static_cast<std::uint32_t>(table.node_ids.size());
    header.monitor_slots = monitors.slots().size();
    header.token_slots = tokens.slots().size();
    header.monitor_count = monitors.count();
    header.token_count = tokens.count();
    header.monitor_probe = monitors.probe();
    header.token_probe = tokens.probe();

    std::vector<char> bytes(sizeof(FileHeader));
    header.kind = static_cast<std::uint32_t>(FileKind::owners);
    bytes.reserve(expected_size(header));
    for (const std::string& id : table.node_ids) {
        NameField name{};
        put(name, id);
        append<NameField>(bytes, {&name, 1});
    }
    append(bytes, monitors.slots());
    append(bytes, tokens.slots());
    return seal(path, header, FileKind::owners, table.generation, bytes);
}

std::string touch_table(const std::string& path) {
    if (::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) != 0)
        return system_error("cannot touch", path);
    return {};
}

}  // namespace higuma::routing
