#include "net/pinger.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <unordered_map>

#include "net/errors.hpp"
#include "net/icmp_packet.hpp"
#include "net/socket_watch.hpp"
#include "net/wake_up.hpp"

namespace higuma::net {

namespace asio = boost::asio;
using std::chrono::microseconds;

namespace {

constexpr std::size_t kMostInFlight = 16'384;
constexpr int kReceiveBuffer = 4 << 20;  // replies that wait while the loop is busy
constexpr int kReadsPerTurn = 256;
constexpr std::size_t kLargestPacket = 65'535;

using KernelTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// Of the clock that the kernel stamps packets with, which is why it is asked here.
KernelTime kernel_now() {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

struct Request {
    Request(asio::any_io_executor executor, asio::ip::address address, std::uint64_t t)
        : wake(std::move(executor)), to(std::move(address)), token(t) {}
    WakeUp wake;
    asio::ip::address to;
    std::uint64_t token;
    KernelTime sent{};
    std::optional<microseconds> round_trip;
};

struct Destination {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

Destination destination_of(const asio::ip::address& address) {
    Destination destination;
    if (address.is_v4()) {
        auto* to = reinterpret_cast<sockaddr_in*>(&destination.storage);
        to->sin_family = AF_INET;
        to->sin_addr.s_addr = htonl(address.to_v4().to_uint());
        destination.length = sizeof(sockaddr_in);
    } else {
        auto* to = reinterpret_cast<sockaddr_in6*>(&destination.storage);
        to->sin6_family = AF_INET6;
        const auto bytes = address.to_v6().to_bytes();
        std::memcpy(&to->sin6_addr, bytes.data(), bytes.size());
        to->sin6_scope_id = static_cast<std::uint32_t>(address.to_v6().scope_id());
        destination.length = sizeof(sockaddr_in6);
    }
    return destination;
}

asio::ip::address address_of(const sockaddr_storage& from) {
    if (from.ss_family == AF_INET) {
        return asio::ip::address_v4(
            ntohl(reinterpret_cast<const sockaddr_in*>(&from)->sin_addr.s_addr));
    }
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&from);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes);
}

// The socket of one family.
class EchoSocket {
  public:
    explicit EchoSocket(IcmpFamily family) : family_(family) {}
    ~EchoSocket() { close(); }
    EchoSocket(const EchoSocket&) = delete;
    EchoSocket& operator=(const EchoSocket&) = delete;

    Result<void> open();
    void watch(asio::any_io_executor executor, std::function<void()> readable) {
        watch_ = std::make_shared<SocketWatch>(std::move(executor), fd_,
                                               [readable](bool can_read, bool) {
                                                   if (can_read) readable();
                                               });
        watch_->want(true, false);
    }
    void close() {
        if (watch_) watch_->release();
        watch_.reset();
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    bool is_open() const { return fd_ >= 0; }
    bool raw() const { return raw_; }
    int fd() const { return fd_; }
    IcmpFamily family() const { return family_; }

  private:
    IcmpFamily family_;
    int fd_ = -1;
    bool raw_ = false;
    std::shared_ptr<SocketWatch> watch_;
};

void take_replies_only(int fd, IcmpFamily family) {
    if (family == IcmpFamily::v4) {
        icmp_filter filter{};
        filter.data = ~(1u << ICMP_ECHOREPLY);
        ::setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
        return;
    }
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

Result<void> EchoSocket::open() {
    const bool v4 = family_ == IcmpFamily::v4;
    const int domain = v4 ? AF_INET : AF_INET6;
    const int protocol = v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
    raw_ = false;
    fd_ = ::socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd_ < 0) {
        raw_ = true;
        fd_ = ::socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    }
    if (fd_ < 0 && (errno == EPERM || errno == EACCES)) {
        return Failure{ErrorKind::forbidden,
                       "This node may not send ICMP echo requests: it needs the capability "
                       "CAP_NET_RAW, or its group within the sysctl net.ipv4.ping_group_range",
                       ""};
    }
    if (fd_ < 0) {
        return Failure{ErrorKind::unavailable, "socket " + errno_name(errno), ""};
    }
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
    if (raw_) take_replies_only(fd_, family_);
    return {};
}

struct Received {
    std::size_t size = 0;
    KernelTime at{};
    asio::ip::address from;
};

// None: nothing more to read now.
std::optional<Received> receive(int fd, std::span<unsigned char> buffer) {
    sockaddr_storage from{};
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, 256> control;
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof(from);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd, &message, 0);
    if (size < 0) return std::nullopt;
    Received received{static_cast<std::size_t>(size), kernel_now(), address_of(from)};
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
        if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec stamp{};
        std::memcpy(&stamp, CMSG_DATA(each), sizeof(stamp));
        received.at = KernelTime(std::chrono::seconds(stamp.tv_sec) +
                                 std::chrono::nanoseconds(stamp.tv_nsec));
    }
    return received;
}

}  // namespace

struct Pinger::Impl : std::enable_shared_from_this<Pinger::Impl> {
    Impl(asio::any_io_executor e, std::shared_ptr<const Clock> c)
        : executor(std::move(e)), clock(std::move(c)) {}

    Result<EchoSocket*> socket_for(const asio::ip::address& address);
    void read(EchoSocket& socket);
    void take(const EchoSocket& socket, const EchoReply& reply, const Received& received);
    std::optional<std::uint16_t> free_sequence();
    Result<void> send(EchoSocket& socket, std::uint16_t sequence, Request& request,
                      std::size_t size);

    asio::any_io_executor executor;
    std::shared_ptr<const Clock> clock;
    EchoSocket v4{IcmpFamily::v4}, v6{IcmpFamily::v6};
    std::unordered_map<std::uint16_t, std::shared_ptr<Request>> requests;  // by sequence
    std::vector<unsigned char> buffer = std::vector<unsigned char>(kLargestPacket);
    std::mt19937_64 random{std::random_device{}()};
    std::uint16_t id = static_cast<std::uint16_t>(random());
    std::uint16_t next = 0;
    bool closed = false;
    Stats stats;
};

Result<EchoSocket*> Pinger::Impl::socket_for(const asio::ip::address& address) {
    EchoSocket& socket = address.is_v4() ? v4 : v6;
    if (socket.is_open()) return &socket;
    if (auto opened = socket.open(); !opened) return opened.error();
    socket.watch(executor, [this, &socket] { read(socket); });
    return &socket;
}

void Pinger::Impl::read(EchoSocket& socket) {
    for (int i = 0; i < kReadsPerTurn && socket.is_open(); ++i) {
        const auto received = receive(socket.fd(), buffer);
        if (!received) return;
        const bool with_ip_header = socket.raw() && socket.family() == IcmpFamily::v4;
        const auto packet = std::span(buffer).first(received->size);
        if (const auto reply = read_echo_reply(socket.family(), packet, with_ip_header)) {
            take(socket, *reply, *received);
        }
    }
}

void Pinger::Impl::take(const EchoSocket& socket, const EchoReply& reply,
                        const Received& received) {
    const auto found = requests.find(reply.sequence);
    // The kernel gives a datagram socket only replies to its own id.
    const bool ours = found != requests.end() && (!socket.raw() || reply.id == id) &&
                      carries_token(reply, found->second->token);
    if (!ours || found->second->round_trip) {
        ++stats.foreign;
        return;
    }
    ++stats.received;
    const auto span = std::chrono::duration_cast<microseconds>(received.at - found->second->sent);
    found->second->round_trip = std::max(span, microseconds{0});
    found->second->wake.notify();
}

std::optional<std::uint16_t> Pinger::Impl::free_sequence() {
    if (requests.size() >= kMostInFlight) return std::nullopt;
    while (requests.contains(++next)) continue;
    return next;
}

Result<void> Pinger::Impl::send(EchoSocket& socket, std::uint16_t sequence, Request& request,
                                std::size_t size) {
    const auto packet = echo_request(socket.family(), id, sequence, request.token, size);
    const auto to = destination_of(request.to);
    request.sent = kernel_now();
    const ssize_t sent = ::sendto(socket.fd(), packet.data(), packet.size(), 0,
                                  reinterpret_cast<const sockaddr*>(&to.storage), to.length);
    if (sent < 0) {
        const int error = errno;
        return Failure{ErrorKind::unavailable,
                       fmt::format("sendto {} {}", errno_name(error), request.to.to_string()), ""};
    }
    ++stats.sent;
    return {};
}

Pinger::Pinger(asio::any_io_executor executor, std::shared_ptr<const Clock> clock)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(clock))) {}

Pinger::~Pinger() {
    impl_->closed = true;
    impl_->v4.close();
    impl_->v6.close();
    for (const auto& [sequence, request] : impl_->requests) request->wake.notify();
}

Task<Result<microseconds>> Pinger::echo(asio::ip::address to, std::size_t size, Deadline deadline) {
    const auto impl = impl_;
    const auto started = impl->clock->now();
    const auto socket = impl->socket_for(to);
    if (!socket) co_return socket.error();
    const auto sequence = impl->free_sequence();
    if (!sequence) {
        co_return Failure{ErrorKind::overloaded, "too many echo requests are under way", ""};
    }
    const auto request = std::make_shared<Request>(impl->executor, to, impl->random());
    impl->requests.emplace(*sequence, request);
    if (const auto sent = impl->send(**socket, *sequence, *request, size); !sent) {
        impl->requests.erase(*sequence);
        co_return sent.error();
    }
    const auto woken = co_await request->wake.wait(*impl->clock, deadline);
    impl->requests.erase(*sequence);
    if (request->round_trip) co_return *request->round_trip;
    if (woken == Woken::by_deadline) co_return timeout_failure(impl->clock->now() - started);
    co_return cancelled_failure();
}

Pinger::Stats Pinger::stats() const {
    Stats stats = impl_->stats;
    stats.in_flight = impl_->requests.size();
    stats.limit = kMostInFlight;
    return stats;
}

}  // namespace higuma::net
