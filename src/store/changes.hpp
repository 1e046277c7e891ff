// The two things that a transaction on assignments begins with: its number in the sequence of
// changes, and proof that the leader is still the leader.
#pragma once

#include "base/ids.hpp"
#include "store/cluster.hpp"
#include "store/database.hpp"

namespace higuma::store {

// Takes the next number. Its row stays locked until the transaction ends, so that the order of the
// numbers is the order of the commits and no reader can miss one.
Result<ChangeSeq> next_change_seq(Connection& db);

// How far the sequence goes, and since when deletions are known. Read first in a transaction, so
// that all further reads see exactly the changes up to `current`.
struct ChangeWindow {
    ChangeSeq current;
    ChangeSeq floor;  // deletions up to here are forgotten
    bool needs_full(ChangeSeq since) const {
        return since.value == 0 || since < floor || since > current;
    }
};
Result<ChangeWindow> change_window(Connection& db);

// Share-locks the lease until the transaction ends. Failures: stale.
Result<void> require_lease(Connection& db, const LeaderTerm& leader);

}  // namespace higuma::store
