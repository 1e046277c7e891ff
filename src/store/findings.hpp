// What checks learned besides their beats: certificates and DNS answers, written for many monitors
// at once and only by their current owner.
#pragma once

#include <memory>
#include <vector>

#include "base/ids.hpp"
#include "model/findings.hpp"
#include "store/database.hpp"

namespace higuma::store {

struct MonitorFindings {
    MonitorId monitor;
    Epoch epoch;  // of the assignment under which the check ran
    std::shared_ptr<const Findings> findings;
};

// One transaction. Those whose monitor has another owner by now are left out; a monitor is in
// `batch` once at most. A certificate that was replaced forgets which of its reminders were sent.
Result<void> write_findings(Connection& db, const NodeId& node, Incarnation incarnation,
                            const std::vector<MonitorFindings>& batch);

}  // namespace higuma::store
