#include "cluster/lease_keeper.hpp"

#include <spdlog/spdlog.h>

namespace higuma::cluster {

LeaseKeeper::LeaseKeeper(Services& services)
    : services_(services), wake_(services.executor, services.clock) {}

bool LeaseKeeper::leader() const { return mine_ && services_.clock->now() < valid_until_; }

store::LeaderTerm LeaseKeeper::term() const { return {kLeaseName, services_.config.self, term_}; }

void LeaseKeeper::refused() {
    mine_ = false;
    note(false);
    wake_.notify();
}

void LeaseKeeper::note(bool leads) {
    if (leads == announced_) return;
    announced_ = leads;
    if (leads) {
        spdlog::info("leads the cluster (term {})", term_);
        if (on_gained) on_gained();
    } else {
        spdlog::warn(
            "no longer leads the cluster; nothing is moved from here until it leads again");
        if (on_lost) on_lost();
    }
}

Task<> LeaseKeeper::renew() {
    const auto asked_at = services_.clock->now();
    const auto holder = services_.config.self;
    const auto ttl = services_.config.lease_ttl;
    const auto deadline = services_.after(std::max<Millis>(ttl / 2, services_.config.lease_renew));
    auto job = [holder, ttl](store::Connection& db) {
        return store::acquire_lease(db, kLeaseName, holder, ttl);
    };
    const auto lease = co_await within<store::Lease>(services_.executor, services_.clock, deadline,
                                                     services_.db.run(deadline, std::move(job)));
    if (!lease) co_return;  // not known: an own lease simply runs out
    holder_ = lease->holder;
    if (!lease->mine) {
        mine_ = false;
        term_ = lease->term;
        co_return;
    }
    const bool same_term = mine_ && term_ == lease->term;
    if (!same_term) note(false);
    mine_ = true;
    term_ = lease->term;
    // Counted from before the question, so that it ends here before it ends in the database.
    valid_until_ = asked_at + ttl;
}

Task<> LeaseKeeper::run() {
    while (!services_.stopping) {
        co_await renew();
        if (services_.stopping) break;
        note(leader());
        auto next = services_.clock->now() + services_.config.lease_renew;
        if (leader()) next = std::min<Instant>(next, valid_until_);
        co_await wake_.wait_until(next);
        if (services_.stopping) break;
        note(leader());
    }
    // Only now, for a renewal under way would take the lease again.
    co_await release();
}

Task<> LeaseKeeper::release() {
    if (!std::exchange(mine_, false)) co_return;
    const auto deadline = services_.after(services_.config.lease_renew);
    const auto holder = services_.config.self;
    auto job = [holder](store::Connection& db) {
        return store::release_lease(db, kLeaseName, holder);
    };
    const auto released = co_await within<void>(services_.executor, services_.clock, deadline,
                                                services_.db.run(deadline, std::move(job)));
    if (!released) spdlog::warn("lease not given up: {}", released.error().message);
}

}  // namespace higuma::cluster
