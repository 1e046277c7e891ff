// Which of the checks that are due starts next. Each host has a queue of its own and the hosts take
// turns, so that ten thousand monitors of one slow host hold up nobody else; slow monitors together
// may fill a part of all places only. Pure: no time and no I/O.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

#include "base/ids.hpp"
#include "model/monitor.hpp"

namespace higuma::engine {

using HostKey = std::uint64_t;

// Of the host that a monitor's checks talk to: the name or address in its URL, its host name or its
// connection string, whatever the case of its letters and the port. A monitor without any is a host
// of its own.
HostKey host_key_of(const Monitor& monitor);

struct StartLimits {
    std::size_t all = 2'048;      // checks under way
    std::size_t of_host = 128;    // of one host
    std::size_t of_slow = 1'024;  // of monitors whose last check took long
};

struct WaitingStart {
    MonitorId monitor;
    HostKey host = 0;
    bool slow = false;
};

class StartQueue {
  public:
    explicit StartQueue(StartLimits limits) : limits_(limits) {}

    // A monitor waits once at most: a second time changes nothing.
    void add(const WaitingStart& start);
    void erase(MonitorId monitor);
    bool is_waiting(MonitorId monitor) const { return places_.contains(monitor); }
    bool may_start() const {
        return under_way_ < limits_.all && (may_start(quick) || may_start(slow));
    }
    // Takes the next one that may start and counts it as under way; none: nothing may.
    std::optional<WaitingStart> next();
    // The check of one that `next` gave is over.
    void ended(const WaitingStart& start);

    std::size_t waiting() const { return places_.size(); }
    std::size_t under_way() const { return under_way_; }
    std::size_t slow_under_way() const { return slow_under_way_; }
    // Hosts that have all the checks under way that they may have.
    std::size_t full_hosts() const { return full_hosts_; }
    const StartLimits& limits() const { return limits_; }

  private:
    enum Lane : std::uint8_t { quick, slow };
    struct Line {  // what waits of one host in one lane
        std::list<WaitingStart> starts;
        bool in_turn = false;  // is in the lane's round, at `turn`
        std::list<HostKey>::iterator turn{};
    };
    struct Host {
        Line lines[2];
        std::size_t under_way = 0;
    };
    struct Place {
        HostKey host = 0;
        Lane lane = quick;
        std::list<WaitingStart>::iterator at{};
    };
    static Lane lane_of(const WaitingStart& start) { return start.slow ? slow : quick; }
    bool may_start(Lane lane) const {
        return !turns_[lane].empty() && (lane == quick || slow_under_way_ < limits_.of_slow);
    }
    WaitingStart start_from(Lane lane);
    void settle(HostKey key, Host& host);

    StartLimits limits_;
    std::unordered_map<HostKey, Host> hosts_;
    std::unordered_map<MonitorId, Place> places_;
    std::list<HostKey> turns_[2];  // hosts that have something waiting and room for it
    Lane last_lane_ = slow;
    std::size_t under_way_ = 0, slow_under_way_ = 0, full_hosts_ = 0;
};

}  // namespace higuma::engine
