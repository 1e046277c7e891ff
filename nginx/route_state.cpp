#include "route_state.hpp"

#include <algorithm>
#include <utility>

#include "peer.hpp"
#include "probe.hpp"

namespace higuma::nginx {
namespace {

using routing::FileKind;
using routing::TableLoader;

constexpr std::int64_t kNanosPerMilli = 1'000'000;

static_assert(static_cast<int>(NodeStatus::online) == static_cast<int>(routing::NodeState::online));
static_assert(static_cast<int>(NodeStatus::offline) ==
              static_cast<int>(routing::NodeState::offline));
static_assert(static_cast<int>(policy::Algorithm::weighted) ==
              static_cast<int>(routing::Algorithm::weighted));

void log_refused(const TableLoader& loader) {
    const ngx_str_t reason = str_of(loader.reason());
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "route table \"%s\" is refused, the last good one stays: %V",
                  loader.path().c_str(), &reason);
}

policy::RoutedNode routed(const routing::NodeRecord& record) {
    policy::RoutedNode node;
    node.status = static_cast<NodeStatus>(record.state);
    node.suspect = (record.flags & routing::kNodeSuspect) != 0;
    node.primary = (record.flags & routing::kNodePrimary) != 0;
    node.monitors = record.monitors;
    node.ramp_permille = record.ramp_permille;
    node.weight = record.weight;
    node.announced_load_permille = record.announced_load_permille;
    return node;
}

bool is_well(const policy::RoutedNode& node) {
    return node.status == NodeStatus::online && !node.suspect;
}

}  // namespace

RouteState::RouteState(Options options, ngx_shm_zone_t* zone)
    : options_(std::move(options)),
      shared_(zone),
      nodes_file_(options_.folder + "/nodes.route", FileKind::nodes),
      owners_file_(options_.folder + "/owners.route", FileKind::owners),
      peers_(&peer_sets_.emplace_back(0)),
      last_decay_(ngx_current_msec) {
    view_.stale = true;
    view_.owners_known = false;
    peers_->acquire();
}

void RouteState::start() {
    while (follow_nodes(kStartBytes)) continue;
    while (follow_owners(kStartBytes)) continue;
    poll();
}

ngx_msec_t RouteState::poll() {
    const bool more_nodes = follow_nodes(kSliceBytes);
    const bool more = follow_owners(kSliceBytes) || more_nodes;

    const ngx_time_t* time = ngx_timeofday();
    const std::int64_t now_ms = static_cast<std::int64_t>(time->sec) * 1000 + time->msec;
    view_.stale = now_ms - nodes_file_.written_ns() / kNanosPerMilli >
                  static_cast<std::int64_t>(options_.stale_after);

    if (ngx_current_msec - last_decay_ >= kPollInterval) {
        last_decay_ = ngx_current_msec;
        for (policy::RoutedNode& node : nodes_) node.recent /= 2;
    }
    give_up_on_late_tries();
    look_at_quiet_nodes();
    drop_unused_peers();
    return more ? kReadInterval : kPollInterval;
}

// Both say whether there is more to read now.
bool RouteState::follow_nodes(std::size_t max_bytes) {
    switch (nodes_file_.step(max_bytes)) {
        case TableLoader::Progress::more:
            return true;
        case TableLoader::Progress::refused:
            log_refused(nodes_file_);
            return false;
        case TableLoader::Progress::loaded:
            apply_nodes(routing::NodeTableView(nodes_file_.take().bytes()));
            return false;
        case TableLoader::Progress::unchanged:
            break;
    }
    return false;
}

bool RouteState::follow_owners(std::size_t max_bytes) {
    switch (owners_file_.step(max_bytes)) {
        case TableLoader::Progress::more:
            return true;
        case TableLoader::Progress::refused:
            log_refused(owners_file_);
            return false;
        case TableLoader::Progress::loaded:
            owners_bytes_ = owners_file_.take();
            owners_.emplace(owners_bytes_.bytes());
            map_owners();
            view_.owners_known = true;
            return false;
        case TableLoader::Progress::unchanged:
            break;
    }
    return false;
}

void RouteState::apply_nodes(const routing::NodeTableView& table) {
    const PeerSet& peers_before = *peers_;  // stays in peer_sets_ until the next poll at least
    const std::vector<policy::RoutedNode> nodes_before = std::move(nodes_);
    if (!same_peers(table)) replace_peers(table);
    nodes_.clear();
    for (std::size_t i = 0; i < table.size(); ++i) {
        nodes_.push_back(routed(table.node(i)));
        nodes_[i].reachable = (*peers_)[i].reachable;
        note_news(i, peers_before, nodes_before);
    }
    generation_ = table.generation();
    view_.nodes = nodes_;
    view_.setup_complete = table.setup_complete();
    view_.forced = peers_->find(table.forced());
    view_.algorithm = static_cast<policy::Algorithm>(table.algorithm());
    map_owners();
    close_offline();
}

void RouteState::note_news(std::size_t index, const PeerSet& peers_before,
                           const std::vector<policy::RoutedNode>& nodes_before) {
    policy::RoutedNode& node = nodes_[index];
    const Peer& peer = (*peers_)[index];
    shared_.keep(peer.slot);
    const auto before = peers_before.find(peer.id);
    if (!before) return;
    node.recent = nodes_before[*before].recent;
    node.turns_used = nodes_before[*before].turns_used;
    const bool moved = peers_before[*before].address != peer.address;
    // The controller has seen it come back: newer than what a failed connect said.
    if (is_well(node) && (moved || !is_well(nodes_before[*before]))) {
        shared_.clear_failures(peer.slot);
    }
}

bool RouteState::same_peers(const routing::NodeTableView& table) const {
    if (table.size() != peers_->size()) return false;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const Peer& peer = (*peers_)[i];
        if (peer.id != table.node(i).id.view()) return false;
        if (peer.address != table.node(i).address.view()) return false;
    }
    return true;
}

void RouteState::replace_peers(const routing::NodeTableView& table) {
    PeerSet& set = peer_sets_.emplace_back(table.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
        const routing::NodeRecord& record = table.node(i);
        Peer& peer = set[i];
        peer.id = record.id.view();
        peer.address = record.address.view();
        peer.address_text = str_of(peer.address);
        const auto socket = routing::parse_socket_address(peer.address);
        peer.reachable = socket.has_value();
        peer.socket = socket.value_or(routing::SocketAddress{});
        peer.slot = shared_.slot_of(peer.id);
    }
    set.acquire();
    peers_->release();
    peers_ = &set;
}

void RouteState::map_owners() {
    if (!owners_) return;
    for (std::size_t i = 0; i < owners_->node_count(); ++i) {
        const auto node = peers_->find(owners_->node_id(i));
        owner_nodes_[i] = node ? static_cast<std::uint16_t>(*node) : routing::kNoNode;
    }
}

// Clients and nginx go on elsewhere now, not at their time-outs.
void RouteState::close_offline() {
    for (PeerSet& set : peer_sets_) {
        for (Peer& peer : set.peers()) {
            if (!has_tries(peer)) continue;
            const auto node = peers_->find(peer.id);
            if (node && nodes_[*node].status == NodeStatus::offline) close_tries(peer);
        }
    }
}

void RouteState::give_up_on_late_tries() {
    for (PeerSet& set : peer_sets_) {
        for (Peer& peer : set.peers()) {
            if (!has_tries(peer)) continue;
            const auto node = peers_->find(peer.id);
            if (node && !serves(*node)) give_up_on_late(peer);
        }
    }
}

// A frozen node takes connections and answers nobody. Long before its checks call it offline, the
// requests that wait at it tell: when one has waited for a moment and nobody was answered
// meanwhile, the node is probed.
void RouteState::look_at_quiet_nodes() {
    constexpr ngx_msec_t kQuiet = 300;
    constexpr ngx_msec_t kQuietOnceAnswered = 1'000;  // a long request, and the node is well
    const auto done = [](PeerSet&, Peer& peer, ProbeResult result) {
        if (result == ProbeResult::silent) worker_state()->note_silent(peer);
        if (result == ProbeResult::answered) peer.answered_at = ngx_current_msec;
    };
    for (Peer& peer : peers_->peers()) {
        if (peer.probing || ngx_current_msec - peer.answered_at < kQuiet) continue;
        const auto waits_since = oldest_wait(peer);
        if (!waits_since) continue;
        const bool answered = peer.answered_at > *waits_since;
        const ngx_msec_t quiet = ngx_current_msec - std::max(peer.answered_at, *waits_since);
        if (quiet >= (answered ? kQuietOnceAnswered : kQuiet)) start_probe(*peers_, peer, done);
    }
}

void RouteState::drop_unused_peers() {
    peer_sets_.remove_if([](const PeerSet& set) { return set.unused(); });
}

std::optional<std::size_t> RouteState::owner_of(const routing::RequestTarget& target) const {
    if (!owners_ || target.kind == routing::RequestTarget::Kind::other) return std::nullopt;
    const auto owner = target.kind == routing::RequestTarget::Kind::monitor
                           ? owners_->owner_of_monitor(target.monitor_id)
                           : owners_->owner_of_token(target.push_token);
    if (!owner || owner_nodes_[*owner] == routing::kNoNode) return std::nullopt;
    return owner_nodes_[*owner];
}

policy::RouteRequest RouteState::known_of(const RequestFacts& facts) const {
    policy::RouteRequest request;
    request.has_fixed_cookie = facts.has_fixed_cookie;
    if (facts.has_fixed_cookie) request.fixed_node = peers_->find(facts.fixed_cookie);
    if (facts.socketio.is_socketio) {
        const bool named = !facts.socketio.node_name.empty();
        request.session_node =
            peers_->find(named ? facts.socketio.node_name : facts.session_cookie);
        request.new_session = !facts.socketio.has_session;
    }
    if (facts.target.kind == routing::RequestTarget::Kind::monitor) {
        request.monitor_id = facts.target.monitor_id;
    }
    request.owner = owner_of(facts.target);
    request.tried = facts.tried;
    return request;
}

void RouteState::refresh_nodes() {
    const ngx_msec_t now = ngx_current_msec;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const SlotIndex slot = (*peers_)[i].slot;
        nodes_[i].in_flight = shared_.in_flight(slot);
        nodes_[i].ejected = shared_.is_ejected(slot, now);
    }
}

policy::RouteChoice RouteState::choose(const RequestFacts& facts) {
    refresh_nodes();
    ++view_.rotation;
    return policy::choose_route(view_, known_of(facts));
}

bool RouteState::serves(std::size_t node) const {
    const NodeStatus status = nodes_[node].status;
    return status == NodeStatus::online || status == NodeStatus::draining;
}

void RouteState::note_failure(const Peer& peer, Failure failure) {
    const std::uint32_t in_a_row = shared_.note_failure(peer.slot);
    if (failure == Failure::bad_answer && in_a_row < options_.eject_after) return;
    eject(peer);
}

// Whether it is ejected now: enough others must be left.
bool RouteState::eject(const Peer& peer) {
    const auto node = peers_->find(peer.id);
    if (!node) return false;
    refresh_nodes();
    if (nodes_[*node].ejected) return true;
    if (!policy::may_eject(view_, *node)) return false;
    shared_.eject(peer.slot, ngx_current_msec);
    return true;
}

void RouteState::note_silent(Peer& peer) {
    shared_.note_failure(peer.slot);
    if (eject(peer)) move_waiting(peer);
}

void RouteState::note_sent(std::size_t node, policy::RouteRule rule) {
    ++nodes_[node].recent;
    if (rule == policy::RouteRule::load_balancer) {
        policy::note_turn(nodes_[node], view_.turns_then);
    }
}

}  // namespace higuma::nginx
