// Reads for the live page: every monitor's present state in bounded chunks, what changed since, and
// the newest events. All of them follow an index and return at most `limit` rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/beat.hpp"
#include "store/cluster.hpp"
#include "store/database.hpp"

namespace higuma::store {

struct LiveBeat {
    std::int64_t id = 0;  // 0: no beat
    MonitorId monitor;
    BeatStatus status = BeatStatus::pending;
    std::optional<std::int64_t> ping_ms;
    WallTime time{};
};

struct LiveMonitor {
    MonitorId id;
    std::string name;
    std::string type;
    std::string target;  // shown to everybody who may look: without credentials and query
    bool active = true;
    std::string node;  // the effective one, or empty
    std::string home;
    LiveBeat last;  // only from live_monitors_after
};

// What a person recognises a monitor by: the URL without user, password, query and fragment, or
// host and port.
std::string live_target(std::string_view type, std::string_view url, std::string_view hostname,
                        std::int64_t port);

// By id, with their newest beats.
Result<std::vector<LiveMonitor>> live_monitors_after(Connection& db, MonitorId after, int limit);

// A place in the sequence of changes; many monitors may share one number.
struct LiveCursor {
    ChangeSeq seq;
    MonitorId id;
};
struct LiveStart {
    LiveCursor changes;
    std::int64_t beat_id = 0;
};
Result<LiveStart> live_start(Connection& db);

struct LiveChangedMonitors {
    std::vector<LiveMonitor> changed;
    LiveCursor upto;
};
Result<LiveChangedMonitors> live_monitors_changed(Connection& db, LiveCursor since, int limit);
struct LiveDeletedMonitors {
    std::vector<MonitorId> deleted;
    LiveCursor upto;
};
Result<LiveDeletedMonitors> live_monitors_deleted(Connection& db, LiveCursor since, int limit);

Result<std::vector<LiveBeat>> live_beats_after(Connection& db, std::int64_t after_id, int limit);

// Newest first.
Result<std::vector<ClusterEvent>> newest_events(Connection& db, int limit);

// A monitor's change of state that people are told of. Newest first.
struct LiveChange {
    LiveBeat beat;
    std::string msg;
    std::string node;
};
Result<std::vector<LiveChange>> newest_changes(Connection& db, int limit);

// When each monitor got its present status: its last important beat.
Result<std::vector<std::pair<MonitorId, WallTime>>> status_since(Connection& db,
                                                                 const std::vector<MonitorId>& ids);

}  // namespace higuma::store
