#include "probe.hpp"

#include <array>
#include <memory>

#include "guard.hpp"

namespace higuma::nginx {
namespace {

// A path that no node has: the answer needs no database.
constexpr std::string_view kRequest =
    "GET /.well-known/higuma HTTP/1.1\r\nHost: higuma\r\nConnection: close\r\n\r\n";

struct Probe {
    PeerSet& set;
    Peer& peer;
    ProbeDone done;
    ngx_peer_connection_t connection{};
    bool sent = false;
};

void finish(Probe* finished, ProbeResult result) {
    const std::unique_ptr<Probe> probe(finished);
    if (probe->connection.connection != nullptr) ngx_close_connection(probe->connection.connection);
    probe->peer.probing = false;
    probe->done(probe->set, probe->peer, result);
    probe->set.release();
}

Probe* probe_of(const ngx_event_t* event) {
    return static_cast<Probe*>(static_cast<ngx_connection_t*>(event->data)->data);
}

void on_write(ngx_event_t* event) {
    Probe* probe = probe_of(event);
    if (probe->sent) return;
    ngx_connection_t* connection = probe->connection.connection;
    const ngx_str_t request = str_of(kRequest);
    const ssize_t sent = connection->send(connection, request.data, request.len);
    if (sent == NGX_AGAIN) return;
    probe->sent = true;
    if (sent < static_cast<ssize_t>(request.len)) finish(probe, ProbeResult::broken);
}

void on_read(ngx_event_t* event) {
    Probe* probe = probe_of(event);
    if (event->timedout) return finish(probe, ProbeResult::silent);
    ngx_connection_t* connection = probe->connection.connection;
    std::array<u_char, 256> buffer;
    const ssize_t got = connection->recv(connection, buffer.data(), buffer.size());
    if (got == NGX_AGAIN) return;
    finish(probe, got > 0 ? ProbeResult::answered : ProbeResult::broken);
}

}  // namespace

void start_probe(PeerSet& set, Peer& peer, ProbeDone done) {
    if (peer.probing) return;
    peer.probing = true;
    set.acquire();
    auto* probe = new Probe{set, peer, done, {}, false};
    ngx_peer_connection_t& connection = probe->connection;
    connection.sockaddr = reinterpret_cast<sockaddr*>(&peer.socket.storage);
    connection.socklen = peer.socket.length;
    connection.name = &peer.address_text;
    connection.get = ngx_event_get_peer;
    connection.log = ngx_cycle->log;
    connection.log_error = NGX_ERROR_ERR;
    const ngx_int_t begun = ngx_event_connect_peer(&connection);
    if (begun != NGX_OK && begun != NGX_AGAIN) return finish(probe, ProbeResult::broken);

    ngx_connection_t* socket = connection.connection;
    socket->data = probe;
    socket->log = socket->read->log = socket->write->log = ngx_cycle->log;
    socket->read->handler = guarded<on_read>;
    socket->write->handler = guarded<on_write>;
    ngx_add_timer(socket->read, kProbeTimeout);
    if (begun == NGX_OK) on_write(socket->write);
}

}  // namespace higuma::nginx
