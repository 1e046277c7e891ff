#include <gtest/gtest.h>

#include <cstring>

#include "fuzz/driver.hpp"
#include "routing/request_target.hpp"
#include "routing/socket_address.hpp"
#include "routing/socketio_request.hpp"
#include "routing/table_view.hpp"

namespace higuma::routing {
namespace {

using Complaint = std::optional<std::string>;

bool lies_within(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

Complaint take_path(std::string_view path) {
    const RequestTarget target = parse_target(path);
    if (!lies_within(target.push_token, path)) return "the token is not in the path";
    if (target.push_token.find('/') != std::string_view::npos) return "a slash in the token";
    const bool push = target.kind == RequestTarget::Kind::push;
    if (push != !target.push_token.empty()) return "a push without a token, or one without a push";
    if (target.kind == RequestTarget::Kind::monitor &&
        path.find(std::to_string(target.monitor_id)) == std::string_view::npos) {
        return "the id is not in the path";
    }
    return {};
}

Complaint take_query(std::string_view query) {
    const SocketioRequest request = parse_socketio("/socket.io/", query);
    if (!request.is_socketio) return "not known by its path";
    if (!lies_within(request.node_name, query)) return "the name is not in the query";
    if (request.node_name.empty()) return {};
    if (!is_valid_name(request.node_name)) return "a name that no node has";
    if (!request.has_session) return "the node of no session";
    return {};
}

Complaint take_address(std::string_view text) {
    const auto address = parse_socket_address(text);
    if (address && (address->length == 0 || address->length > sizeof(address->storage))) {
        return "an address without a length";
    }
    return {};
}

// Views take memory that is aligned as a reader's is.
struct Aligned {
    explicit Aligned(std::string_view input) : memory(new std::byte[input.size()]) {
        std::memcpy(memory.get(), input.data(), input.size());
        bytes = {memory.get(), input.size()};
    }
    std::unique_ptr<std::byte[]> memory;
    std::span<const std::byte> bytes;
};

Complaint take_node_table(std::string_view input) {
    const Aligned table(input);
    std::string reason;
    const auto view = open_node_table(table.bytes, reason);
    if (!view) return reason.empty() ? Complaint("refused without a reason") : Complaint();
    if (!view->forced().empty() && !is_valid_name(view->forced())) return "bad forced node";
    if (view->algorithm() > Algorithm::weighted) return "bad algorithm";
    for (std::size_t i = 0; i < view->size(); ++i) {
        const NodeRecord& node = view->node(i);
        if (!is_valid_name(node.id.view())) return "bad name";
        if (!is_printable(node.address.view())) return "bad address";
        if (node.state > static_cast<std::uint8_t>(NodeState::offline)) return "bad state";
        parse_socket_address(node.address.view());
    }
    return {};
}

Complaint take_owner_table(std::string_view input) {
    const Aligned table(input);
    std::string reason;
    const auto view = open_owner_table(table.bytes, reason);
    if (!view) return reason.empty() ? Complaint("refused without a reason") : Complaint();
    for (std::uint64_t id = 0; id < 20; ++id) {
        const auto owner = view->owner_of_monitor(id);
        if (owner && !is_valid_name(view->node_id(*owner))) return "an owner without a name";
    }
    view->owner_of_token("abcDEF123");
    return {};
}

// Right checksums and size over whatever the mutation left.
void seal(std::string& input) {
    if (input.size() < sizeof(FileHeader)) return;
    FileHeader header;
    std::memcpy(&header, input.data(), sizeof(header));
    header.magic = kMagic;
    header.version = kFormatVersion;
    header.total_size = input.size();
    header.body_checksum =
        body_checksum_of(std::as_bytes(std::span(input)).subspan(sizeof(header)));
    header.header_checksum = header_checksum_of(header);
    std::memcpy(input.data(), &header, sizeof(header));
}

TEST(Fuzz, Paths) { fuzz::run({"path", "/0123456789.%abc", 100'000, 1, {}}, take_path); }

TEST(Fuzz, SocketioQueries) { fuzz::run({"query", "sid=&.%-_+node1", 100'000, 2, {}}, take_query); }

TEST(Fuzz, SocketAddresses) {
    fuzz::run({"address", "0123456789.:[]/unix", 50'000, 3, {}}, take_address);
}

TEST(Fuzz, NodeTables) { fuzz::run({"node_table", "", 30'000, 4, seal}, take_node_table); }

TEST(Fuzz, OwnerTables) { fuzz::run({"owner_table", "", 30'000, 5, seal}, take_owner_table); }

}  // namespace
}  // namespace higuma::routing
