#include "cluster/node_agent.hpp"

#include <spdlog/spdlog.h>

#include "cluster/node_agent_impl.hpp"
#include "store/monitors.hpp"
#include "store/nodes.hpp"

namespace higuma::cluster {

namespace {
constexpr Millis kFirstBackOff{500};
constexpr Millis kLongestBackOff{10'000};
constexpr Millis kDeniedBackOff{30'000};
constexpr Millis kCallTimeout{5'000};
constexpr Millis kReconcileTimeout{60'000};
}  // namespace

NodeAgent::NodeAgent(NodeAgentConfig config, boost::asio::any_io_executor executor,
                     std::shared_ptr<const Clock> clock, store::Database& db,
                     engine::Engine& engine)
    : impl_(std::make_shared<Impl>(std::move(config), std::move(executor), std::move(clock), db,
                                   engine)) {}

NodeAgent::~NodeAgent() { impl_->stopping = true; }

Task<> NodeAgent::run() { return impl_->run(); }
void NodeAgent::hint() { impl_->hint(); }
Task<Result<ReconcileReport>> NodeAgent::reconcile(Deadline deadline) {
    return impl_->reconcile(deadline);
}
Task<> NodeAgent::drain(Deadline deadline) { return impl_->drain(deadline); }
NodeAgentStats NodeAgent::stats() const { return impl_->view(); }

NodeAgent::Impl::Impl(NodeAgentConfig c, boost::asio::any_io_executor e,
                      std::shared_ptr<const Clock> k, store::Database& d, engine::Engine& g)
    : config(std::move(c)),
      executor(e),
      clock(k),
      db(d),
      engine(g),
      tasks(e, k),
      poll_wake(e, k),
      lease_wake(e, k),
      maintenance_wake(e, k),
      reconciled(e, k),
      ended(e, k) {}

NodeAgentStats NodeAgent::Impl::view() const {
    auto out = stats;
    out.lease_held = clock->now() < lease_until;
    out.monitors = set.size();
    return out;
}

Task<> NodeAgent::Impl::run() {
    const auto self = shared_from_this();
    co_await register_self();
    if (stopping) co_return;
    const std::weak_ptr<Impl> weak = self;
    engine.on_fenced = [weak] {
        if (const auto agent = weak.lock()) agent->hint();
    };
    engine.on_superseded = [weak, before = engine.on_superseded] {
        if (const auto agent = weak.lock()) agent->superseded();
        if (before) before();
    };
    tasks.spawn("lease", self, lease_loop());
    tasks.spawn("poll", self, poll_loop());
    tasks.spawn("maintenance", self, maintenance_loop());
    while (!stopping) co_await ended.wait(Deadline{});
}

void NodeAgent::Impl::stop() {
    stopping = true;
    poll_wake.notify();
    lease_wake.notify();
    maintenance_wake.notify();
    reconciled.open();
    ended.open();
}

Task<> NodeAgent::Impl::drain(Deadline deadline) {
    const auto self = shared_from_this();
    stop();
    co_await tasks.wait(deadline);
}

void NodeAgent::Impl::superseded() {
    if (stats.superseded) return;
    stats.superseded = true;
    stats.last_error = "another process has registered as " + config.self.id.value;
    spdlog::error("{}: this one stops its monitors and writes no more", stats.last_error);
    for (const auto& id : set.ids()) {
        engine.stop(id);
        set.stopped(id);
    }
    stop();
}

void NodeAgent::Impl::hint() {
    ++stats.hints;
    hinted = true;
    poll_wake.notify();
}

// Registers however long the database takes; each cause is told once.
Task<> NodeAgent::Impl::register_self() {
    auto back_off = kFirstBackOff;
    std::optional<ErrorKind> said;
    while (!stopping) {
        const auto asked_at = clock->now();
        auto job = [node = config.self, lease = config.lease](store::Connection& c) {
            return store::register_node(c, node, lease);
        };
        const auto got = co_await db.run(Deadline::after(*clock, kCallTimeout), std::move(job));
        if (got) {
            stats.incarnation = *got;
            stats.registered = true;
            stats.last_error.clear();
            lease_until = asked_at + config.lease;
            engine.set_incarnation(*got);
            spdlog::info("registered as {} (incarnation {})", config.self.id.value, got->value);
            co_return;
        }
        const auto& failure = got.error();
        stats.last_error = failure.message;
        ++stats.failures;
        const bool denied = failure.kind == ErrorKind::denied;
        if (said != failure.kind) {
            said = failure.kind;
            if (denied) {
                spdlog::error("the database refuses this node: {}", failure.message);
            } else {
                spdlog::warn("waits for the database: {}", failure.message);
            }
        }
        co_await lease_wake.wait_for(denied ? kDeniedBackOff : back_off);
        back_off = std::min(back_off * 2, kLongestBackOff);
    }
}

Task<> NodeAgent::Impl::renew_lease() {
    const auto asked_at = clock->now();
    auto job = [id = config.self.id, mine = stats.incarnation, lease = config.lease](
                   store::Connection& c) { return store::renew_node_lease(c, id, mine, lease); };
    const auto renewed = co_await db.run(Deadline::after(*clock, kCallTimeout), std::move(job));
    if (stopping) co_return;
    if (renewed) {
        if (lease_said) spdlog::info("the lease is renewed again");
        lease_said = false;
        lease_until = asked_at + config.lease;
        co_return;
    }
    const auto& failure = renewed.error();
    ++stats.failures;
    stats.last_error = failure.message;
    if (failure.kind == ErrorKind::stale) {
        engine.on_superseded();  // the same way as a refused beat, with what the program adds to it
    } else if (failure.kind == ErrorKind::not_found) {
        spdlog::warn("the row of {} is gone: it is registered again", config.self.id.value);
        co_await register_self();
        hint();
    } else if (!lease_said) {
        lease_said = true;
        spdlog::warn("the lease cannot be renewed, checks go on: {}", failure.message);
    }
}

Task<> NodeAgent::Impl::lease_loop() {
    while (!stopping) {
        co_await lease_wake.wait_for(config.renew_interval);
        if (!stopping) co_await renew_lease();
    }
}

Task<> NodeAgent::Impl::poll_loop() {
    while (!stopping) {
        bool wanted = std::exchange(hinted, false) || full_due();
        if (!wanted) {
            auto job = [](store::Connection& c) { return store::current_change_seq(c); };
            const auto seq = co_await db.run(Deadline::after(*clock, kCallTimeout), std::move(job));
            if (!seq) stats.last_error = seq.error().message;
            wanted = seq && *seq != position;
        }
        if (stopping) break;
        if (wanted) {
            const auto done = co_await reconcile(Deadline::after(*clock, kReconcileTimeout));
            if (!done) {
                spdlog::warn("not reconciled, tried again soon: {}", done.error().message);
                hinted = true;
            }
        }
        co_await poll_wake.wait_for(config.poll_interval);
    }
}

bool NodeAgent::Impl::full_due() const {
    return !last_full || clock->now() - *last_full >= config.full_reload_interval;
}

Task<> NodeAgent::Impl::maintenance_loop() {
    bool said = false;
    while (!stopping) {
        auto job = [now = clock->wall_now()](store::Connection& c) {
            return store::monitors_in_maintenance(c, now);
        };
        auto found = co_await db.run(Deadline::after(*clock, kCallTimeout), std::move(job));
        if (stopping) break;
        if (found) {
            engine.set_maintenance(std::move(*found));
        } else if (!said) {
            spdlog::warn("maintenance windows not read: {}", found.error().message);
        }
        said = !found;
        co_await maintenance_wake.wait_for(config.maintenance_interval);
    }
}

}  // namespace higuma::cluster
