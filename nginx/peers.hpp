// The nodes of one route table as upstream peers: addresses parsed once, and the requests that wait
// for each. Counted references: requests keep the set that they were sent by; a worker has one
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nginx_headers.hpp"
#include "routing/socket_address.hpp"
#include "shared_nodes.hpp"

namespace higuma::nginx {

struct Peer {
    std::string id;
    std::string address;
    ngx_str_t address_text{};  // of `address`, as nginx takes it
    routing::SocketAddress socket;
    bool reachable = false;
    SlotIndex slot;
    // RequestContext::queue of each try under way. Those that were answered move to the second one
    // when somebody looks, so that a thousand open WebSockets are not walked for one that waits.
    ngx_queue_t waiting{}, answered{};
    ngx_msec_t answered_at = 0;  // a request or a probe of this worker
    bool probing = false;
};

class PeerSet {
  public:
    explicit PeerSet(std::size_t size) : peers_(size) {
        for (Peer& peer : peers_) {
            for (ngx_queue_t* queue : {&peer.waiting, &peer.answered}) {
                ngx_queue_init(queue);
            }
        }
    }
    PeerSet(const PeerSet&) = delete;
    PeerSet& operator=(const PeerSet&) = delete;

    std::vector<Peer>& peers() { return peers_; }
    Peer& operator[](std::size_t index) { return peers_[index]; }
    const Peer& operator[](std::size_t index) const { return peers_[index]; }
    std::size_t size() const { return peers_.size(); }
    std::optional<std::size_t> find(std::string_view id) const {
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            if (peers_[i].id == id) return i;
        }
        return std::nullopt;
    }

    // The worker's timer frees unused sets, so a release never pulls one away under its caller.
    void acquire() { ++references_; }
    void release() { --references_; }
    bool unused() const { return references_ == 0; }

  private:
    std::vector<Peer> peers_;  // never grows: nginx holds pointers into it
    std::size_t references_ = 0;
};

}  // namespace higuma::nginx
