// What the database says: the node table, the change sequence and whether a user is there, once a
// second.
#include <spdlog/spdlog.h>

#include "cluster/controller_impl.hpp"
#include "store/monitors.hpp"
#include "store/nodes.hpp"
#include "store/users.hpp"

namespace higuma::cluster {

namespace {
constexpr Millis kPollTimeout{3'000};
// Finds what other programs wrote to `monitor` without taking a change number.
constexpr Seconds kFullLoadInterval{300};
}  // namespace

Task<> Controller::Impl::poll_loop() {
    while (!services.stopping) {
        const auto result = co_await poll();
        if (services.stopping) break;
        note_database(result);
        co_await poll_wake.wait_for(services.config.poll_interval);
    }
}

Task<Result<void>> Controller::Impl::poll() {
    auto job = [](store::Connection& db) -> Result<Polled> {
        // The nodes first: a monitor that names a newer node then finds it unknown, not lost.
        auto nodes = store::list_nodes(db);
        if (!nodes) return nodes.error();
        const auto seq = store::current_change_seq(db);
        if (!seq) return seq.error();
        const auto users = store::count_users(db);
        if (!users) return users.error();
        auto settings = store::list_cluster_settings(db);
        if (!settings) return settings.error();
        const auto at = store::database_time(db);
        if (!at) return at.error();
        return Polled{std::move(*nodes), *seq, *users, std::move(*settings), *at};
    };
    const auto deadline = services.after(kPollTimeout);
    auto polled = co_await within<Polled>(services.executor, services.clock, deadline,
                                          services.db.run(deadline, std::move(job)));
    if (!polled) co_return polled.error();
    const Result<void> nothing_to_load;
    if (services.stopping) co_return nothing_to_load;
    const auto seq = polled->seq;
    took_poll(std::move(*polled));

    const auto now = services.clock->now();
    const bool full = !cache.loaded() || now - last_full_load >= kFullLoadInterval;
    // Rows that a stock Uptime Kuma adds carry no number either, but a delta names them.
    const bool due = now - last_load >= services.config.load_update_interval;
    if (!full && !due && seq == cache.seq()) co_return nothing_to_load;
    auto loaded = co_await loader.refresh(full);
    if (loaded) last_load = now;
    if (loaded && full) last_full_load = now;
    co_return loaded;
}

void Controller::Impl::took_poll(Polled polled) {
    setup_complete = polled.users > 0;
    database_now = polled.now;
    nodes_known = true;
    sync_watchers(polled.nodes);
    refresh_cached_nodes();
    forced_node = polled.settings[store::kForcedNodeSetting];
    rebalancer->took(polled.settings[store::kRebalancingSetting]);
    if (lease.leader()) repair_stored_states();
    publisher->nodes_changed();  // written only when something in it differs
}

void Controller::Impl::note_database(const Result<void>& result) {
    if (result) {
        if (database_said) spdlog::info("the database is back");
        database_said = false;
        const bool was_away = !database_reachable;
        database_reachable = true;
        database_error.clear();
        if (!was_away) return;
        lease.check_now();
        mover->request();
        publisher->nodes_changed();
        return;
    }
    database_error = result.error().message;
    if (!database_said) {
        spdlog::warn("the database is away ({}); routing goes on with what is known, nothing moves",
                     database_error);
    }
    database_said = true;
    const bool was_reachable = database_reachable;
    database_reachable = false;
    if (was_reachable) publisher->nodes_changed();
}

void Controller::Impl::sync_watchers(const std::vector<Node>& nodes) {
    std::map<std::string, std::shared_ptr<NodeWatcher>> next;
    for (const auto& node : nodes) {
        if (!is_valid_node_id(node.id.value)) continue;  // no program of ours made it
        if (next.size() >= routing::kMaxNodes) {
            spdlog::warn("more than {} nodes: {} is not watched", routing::kMaxNodes,
                         node.id.value);
            break;
        }
        const auto known = watchers.find(node.id.value);
        if (known != watchers.end()) {
            known->second->update(node);
            next.insert(*known);
            continue;
        }
        spdlog::info("watches {} at '{}'", node.id.value, node.host);
        auto watcher = std::make_shared<NodeWatcher>(
            services, node, tasks, [this](policy::HealthEvent event) { count(event); },
            [this](NodeWatcher& which, const policy::HealthStep& step,
                   const policy::NodeHealth& before) { on_step(which, step, before); },
            [this](NodeWatcher&) { publisher->nodes_changed(); });
        next.emplace(node.id.value, watcher);
        struct Keep {
            std::shared_ptr<Impl> impl;
            std::shared_ptr<NodeWatcher> watcher;
        };
        tasks.spawn("watcher of " + node.id.value,
                    std::make_shared<Keep>(Keep{shared_from_this(), watcher}), watcher->run());
    }
    for (const auto& [id, watcher] : watchers) {
        if (next.contains(id)) continue;
        spdlog::info("{} is no longer in the node table", id);
        watcher->stop();
    }
    watchers = std::move(next);
}

}  // namespace higuma::cluster
