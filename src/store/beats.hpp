// Writing beats in batches under the epoch rule, with the statistics that follow from them.
#pragma once

#include <stop_token>
#include <vector>

#include "model/beat.hpp"
#include "store/database.hpp"

namespace higuma::store {

struct BeatWriteReport {
    std::vector<std::size_t> stored;  // indexes into the batch, ascending; the rest was fenced off:
                                      // not ours any more, deleted, or stored by an earlier try
    bool incarnation_stale = false;   // a newer process has registered under our node id
    std::uint64_t statements = 0;     // that it took, repeated ones included
};

// One transaction: inserts those beats whose epoch, effective node and incarnation are current
// (checked inside the INSERT), then adds the stored ones to stat_minutely, stat_hourly and
// stat_daily. Repeating a batch whose commit is uncertain stores nothing twice (unique monitor_id,
// scheduled_at).
Result<BeatWriteReport> write_beats(Connection& db, const NodeId& node, Incarnation incarnation,
                                    const std::vector<Beat>& batch);

// Deletes beats and statistics older than their retention in bounded steps; returns rows deleted.
// Ends after the step under way when a stop is asked for.
Result<std::uint64_t> trim_history(Connection& db, int keep_days, int step_rows,
                                   std::stop_token stop = {});

}  // namespace higuma::store
