#include "net/ares_channel.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <cstring>
#include <limits>

namespace higuma::net {
namespace asio = boost::asio;

namespace {

constexpr int kTryTimeoutMillis = 2'000;
constexpr int kTries = 2;

struct Query {
    std::string name;
    AresChannel::Done done;
};

asio::ip::address to_address(const sockaddr* from) {
    if (from->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(from);
        return asio::ip::address_v4(ntohl(v4->sin_addr.s_addr));
    }
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(from);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), v6->sin6_addr.s6_addr, bytes.size());
    return asio::ip::address_v6(bytes, v6->sin6_scope_id);
}

Failure to_failure(int status, const std::string& name) {
    switch (status) {
        case ARES_ENOTFOUND:
        case ARES_ENODATA:
        case ARES_ENONAME:
            return {ErrorKind::not_found, "getaddrinfo ENOTFOUND " + name, ""};
        case ARES_EBADNAME:
            return invalid("hostname", fmt::format("\"{}\" is not a host name", name));
        case ARES_ETIMEOUT:
            return {ErrorKind::timeout, "getaddrinfo ETIMEOUT " + name, ""};
        default:
            return {ErrorKind::unavailable,
                    fmt::format("getaddrinfo EAI_AGAIN {} ({})", name, ares_strerror(status)), ""};
    }
}

void on_answer(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
    const std::unique_ptr<Query> query(static_cast<Query*>(argument));
    const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(info, ares_freeaddrinfo);
    if (status != ARES_SUCCESS || !info) {
        query->done(to_failure(status, query->name));
        return;
    }
    AresChannel::Found found;
    int ttl = std::numeric_limits<int>::max();
    for (const ares_addrinfo_node* node = info->nodes; node; node = node->ai_next) {
        if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
        found.addresses.push_back(to_address(node->ai_addr));
        ttl = std::min(ttl, node->ai_ttl);
    }
    found.ttl = Seconds{ttl};
    if (found.addresses.empty()) {
        query->done(to_failure(ARES_ENODATA, query->name));
    } else {
        query->done(std::move(found));
    }
}

void on_raw_answer(void* argument, int status, int /*timeouts*/, unsigned char* bytes, int size) {
    const std::unique_ptr<AresChannel::RawDone> done(static_cast<AresChannel::RawDone*>(argument));
    AresChannel::RawAnswer answer;
    answer.status = status;
    if (bytes != nullptr && size > 0) answer.bytes.assign(bytes, bytes + size);
    (*done)(std::move(answer));
}

void check(int status, const std::string& what) {
    if (status != ARES_SUCCESS) {
        throw StartupError(fmt::format("{}: {}", what, ares_strerror(status)));
    }
}

}  // namespace

AresChannel::AresChannel(asio::any_io_executor executor, const std::string& server)
    : executor_(executor), timer_(executor) {
    // The library asks for one call before any thread uses it; repeated calls are counted.
    check(ares_library_init(ARES_LIB_INIT_ALL), "c-ares does not start");
    ares_options options{};
    options.timeout = kTryTimeoutMillis;
    options.tries = kTries;
    char lookups[] = "fb";  // /etc/hosts, then DNS
    options.lookups = lookups;
    options.sock_state_cb = [](void* self, ares_socket_t socket, int readable, int writable) {
        static_cast<AresChannel*>(self)->on_socket_state(socket, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    check(ares_init_options(
              &channel_, &options,
              ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB),
          "the DNS resolver does not start");
    if (server.empty()) return;
    const int status = ares_set_servers_ports_csv(channel_, server.c_str());
    if (status == ARES_SUCCESS) return;
    ares_destroy(channel_);
    check(status, fmt::format("the resolver's address \"{}\"", server));
}

AresChannel::~AresChannel() {
    timer_.cancel();
    ares_destroy(channel_);
    ares_library_cleanup();
}

void AresChannel::query(const std::string& name, const std::string& family, Done done) {
    ares_addrinfo_hints hints{};
    hints.ai_family = family == "ipv4" ? AF_INET : family == "ipv6" ? AF_INET6 : AF_UNSPEC;
    auto query = std::make_unique<Query>(Query{name, std::move(done)});
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, on_answer, query.release());
    arm_timer();
}

void AresChannel::query_raw(const std::string& name, int type, RawDone done) {
    constexpr int kInternet = 1;
    auto argument = std::make_unique<RawDone>(std::move(done));
    ares_query(channel_, name.c_str(), kInternet, type, on_raw_answer, argument.release());
    arm_timer();
}

void AresChannel::on_socket_state(ares_socket_t socket, bool readable, bool writable) {
    if (!readable && !writable) {
        const auto found = sockets_.find(socket);
        if (found == sockets_.end()) return;
        found->second->release();
        sockets_.erase(found);
        return;
    }
    auto& watch = sockets_[socket];
    if (!watch) {
        watch = std::make_shared<SocketWatch>(
            executor_, socket, [this, socket](bool can_read, bool can_write) {
                process(can_read ? socket : ARES_SOCKET_BAD, can_write ? socket : ARES_SOCKET_BAD);
            });
    }
    watch->want(readable, writable);
}

void AresChannel::process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel_, readable, writable);
    arm_timer();
}

void AresChannel::arm_timer() {
    timeval span{};
    if (!ares_timeout(channel_, nullptr, &span)) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(Seconds{span.tv_sec} + std::chrono::microseconds{span.tv_usec});
    timer_.async_wait([this, alive = std::weak_ptr<int>(alive_)](boost::system::error_code error) {
        // A wait that has just ended is not stopped by cancel: the channel may be gone.
        if (!error && !alive.expired()) process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    });
}

}  // namespace higuma::net
