// Tells nodes to reconcile now, by HTTP, beside everything else: at most one request a node at a
// time, and one more after it when another hint came meanwhile. A lost hint costs a poll interval,
// no more.
#pragma once

#include <map>

#include "cluster/async.hpp"
#include "cluster/services.hpp"

namespace higuma::cluster {

class HintSender : public std::enable_shared_from_this<HintSender> {
  public:
    HintSender(Services& services, TaskGroup& tasks) : services_(services), tasks_(tasks) {}
    // `keep` holds the owner while requests run.
    void send(std::shared_ptr<void> keep, const std::string& node, const std::string& address);

    struct Stats {
        std::uint64_t sent = 0, failed = 0;
    };
    const Stats& stats() const { return stats_; }

  private:
    Task<> deliver(std::string node, std::string address);

    Services& services_;
    TaskGroup& tasks_;
    std::map<std::string, bool> under_way_;  // node -> another one is wanted after this
    Stats stats_;
};

}  // namespace higuma::cluster
