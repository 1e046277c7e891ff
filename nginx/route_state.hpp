// One worker's routing state: follows the two route table files, and answers which node takes a
// request. Everything happens on the worker's one thread, from its timer or within a request.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nginx_headers.hpp"
#include "peers.hpp"
#include "policy/routing_choice.hpp"
#include "routing/request_target.hpp"
#include "routing/socketio_request.hpp"
#include "routing/table_loader.hpp"
#include "shared_nodes.hpp"

namespace higuma::nginx {

inline constexpr ngx_msec_t kPollInterval = 50;
inline constexpr ngx_msec_t kReadInterval = 1;          // between two slices of a table
inline constexpr std::size_t kSliceBytes = 512 * 1024;  // well below a millisecond of work
inline constexpr std::size_t kStartBytes = routing::kMaxFileBytes;  // at start nobody waits yet

// What the routing rules need to know of a request.
struct RequestFacts {
    bool has_fixed_cookie = false;
    std::string_view fixed_cookie;
    std::string_view session_cookie;  // where the client's last Socket.IO session was
    routing::SocketioRequest socketio;
    routing::RequestTarget target;
    policy::NodeSet tried;
};

class RouteState {
  public:
    struct Options {
        std::string folder;         // of the route tables
        ngx_msec_t stale_after;     // age of the nodes file at which nobody keeps it up to date
        std::uint32_t eject_after;  // failures in a row
    };
    RouteState(Options options, ngx_shm_zone_t* zone);

    // Reads both tables whole, before the worker takes requests.
    void start();
    // Reads on or looks for news; says when to call again.
    ngx_msec_t poll();

    policy::RouteChoice choose(const RequestFacts& facts);
    PeerSet& peers() { return *peers_; }
    bool stale() const { return view_.stale; }
    std::uint64_t generation() const { return generation_; }
    bool serves(std::size_t node) const;
    SharedNodes& shared() { return shared_; }
    // The node of the last choice is sent the request.
    void note_sent(std::size_t node, policy::RouteRule rule);
    // A node could not be connected to, or did not do what it was asked: ejects it when that is due
    // and enough others are left.
    enum class Failure { no_connection, bad_answer };
    void note_failure(const Peer& peer, Failure failure);

  private:
    bool follow_nodes(std::size_t max_bytes);
    bool follow_owners(std::size_t max_bytes);
    void apply_nodes(const routing::NodeTableView& table);
    bool same_peers(const routing::NodeTableView& table) const;
    void replace_peers(const routing::NodeTableView& table);
    void map_owners();
    void close_offline();
    void give_up_on_late_tries();
    void refresh_nodes();
    void drop_unused_peers();
    std::optional<std::size_t> owner_of(const routing::RequestTarget& target) const;
    policy::RouteRequest known_of(const RequestFacts& facts) const;
    void note_news(std::size_t index, const PeerSet& peers_before,
                   const std::vector<policy::RoutedNode>& nodes_before);

    Options options_;
    SharedNodes shared_;
    routing::TableLoader nodes_file_, owners_file_;

    std::list<PeerSet> peer_sets_;  // the current one and those that requests still hold
    PeerSet* peers_;
    std::vector<policy::RoutedNode> nodes_;  // by index in *peers_
    std::uint64_t generation_ = 0;
    policy::RoutingView view_;  // of nodes_

    routing::LoadedTable owners_bytes_;
    std::optional<routing::OwnerTableView> owners_;
    std::array<std::uint16_t, routing::kMaxNodes> owner_nodes_{};  // table's index -> ours

    ngx_msec_t last_decay_ = 0;
};

}  // namespace higuma::nginx
