// One look at a node that answers nobody: a request of its own, on a connection of its own. A node
// that works on something long answers it meanwhile; a frozen one does not, although its kernel
// takes connections.
#pragma once

#include "peers.hpp"

namespace higuma::nginx {

inline constexpr ngx_msec_t kProbeTimeout = 450;

// How it went: the peer answered, or nothing came in time. An end of the connection says neither.
enum class ProbeResult { answered, silent, broken };
using ProbeDone = void (*)(PeerSet& set, Peer& peer, ProbeResult result);

// Begins one unless one is under way at this peer. The set is held until `done`, which may be
// called at once.
void start_probe(PeerSet& set, Peer& peer, ProbeDone done);

}  // namespace higuma::nginx
