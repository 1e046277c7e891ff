// Watches one node: a kept-alive connection for liveness, fast checks after a failure, and the
// checks of the full cycle. Feeds policy's failure detector and tells the controller of each step.
#pragma once

#include <boost/asio/ip/address.hpp>

#include "cluster/async.hpp"
#include "cluster/services.hpp"
#include "net/tcp.hpp"

namespace higuma::cluster {

// The address of a node: the last good one is kept while DNS fails, and one bad host is one bad
// node.
class NodeAddress {
  public:
    explicit NodeAddress(Services& services) : services_(services) {}
    // Forgets the old address when the host differs. Literal addresses need no resolver.
    void set_host(const std::string& host);
    // Asks the resolver (which follows TTLs). Returns true when the address changed.
    Task<bool> refresh(Deadline deadline);

    const std::optional<boost::asio::ip::address>& ip() const { return ip_; }
    std::uint16_t port() const { return port_; }
    const std::string& host() const { return host_; }
    const std::string& error() const { return error_; }
    std::string text() const;  // "127.0.0.1:3001", "[::1]:3001", or empty

  private:
    Services& services_;
    std::string host_, name_, error_{"host is empty"};
    std::uint16_t port_ = 0;
    bool literal_ = false;
    std::optional<boost::asio::ip::address> ip_;
};

// What a node says of its own load in its health answer: "load", 0 to 1. None when it says nothing,
// or nothing sensible.
std::optional<double> announced_load_in(const std::string& body);

class NodeWatcher : public std::enable_shared_from_this<NodeWatcher> {
  public:
    struct Figures {
        std::uint64_t checks_ok = 0, checks_failed = 0;
        std::optional<WallTime> last_check;
        std::optional<Millis> last_latency;
        std::optional<Instant> came_online;    // slow start counts from here
        std::optional<double> announced_load;  // of the last answer that says one
    };
    using OnEvent = std::function<void(policy::HealthEvent)>;  // for statistics: every outcome
    // Called after every event that counts, with the health as it was before.
    using OnStep = std::function<void(NodeWatcher&, const policy::HealthStep&,
                                      const policy::NodeHealth& before)>;
    using OnAddress = std::function<void(NodeWatcher&)>;  // or another load than before

    NodeWatcher(Services& services, Node node, TaskGroup& tasks, OnEvent on_event, OnStep on_step,
                OnAddress on_address);

    Task<> run();
    void stop();
    void update(const Node& node);
    void check_soon();  // a suspicion: do not wait for the next turn

    // One check on a connection of its own, as the full cycle does it.
    Task<CycleResult::OneNode> full_check(Deadline deadline);

    const Node& node() const { return node_; }
    const policy::NodeHealth& health() const { return health_; }
    const NodeAddress& address() const { return address_; }
    const Figures& figures() const { return figures_; }
    Duration since_check() const;  // since its last check ended, or since it is watched
    bool suspect() const;

  private:
    void follow_drain_wish();
    void note_load(const std::string& body);
    Task<> liveness_check();
    Task<> wait_for_next();
    Task<> refresh_address(Deadline deadline);
    void refresh_in_background();
    std::string judge(int status) const;  // empty: healthy
    // `spent`: what a check took; the span to the next one counts from its start.
    void feed(policy::HealthEvent event, const std::string& error, Duration spent = {});
    // What a check came to; `error` is empty when the node is well.
    struct Outcome {
        std::string error;
        bool timed_out = false;
    };
    void checked(const Outcome& outcome, Instant began);
    // No answer in time means nothing when this program was held up for much of that time.
    bool says_nothing(const Outcome& outcome, Instant began) const;
    bool is_old_news(Instant began) const;

    Services& services_;
    Node node_;
    TaskGroup& tasks_;
    OnEvent on_event_;
    OnStep on_step_;
    OnAddress on_address_;
    NodeAddress address_;
    net::KeptConnection connection_;
    Wake wake_;
    policy::NodeHealth health_;
    Figures figures_;
    Instant checked_at_;
    Instant next_check_{};
    Instant last_failed_{};  // when the last failure was counted
    Instant last_ok_began_{};
    Millis next_timeout_{};
    bool stopped_ = false;
    bool refreshing_ = false;
};

}  // namespace higuma::cluster
