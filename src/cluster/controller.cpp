#include "cluster/controller.hpp"

#include <spdlog/spdlog.h>

#include "cluster/controller_impl.hpp"

namespace higuma::cluster {

namespace {
constexpr int kMissedHeartbeats = 3;
}

Controller::Controller(ControllerConfig config, boost::asio::any_io_executor executor,
                       std::shared_ptr<const Clock> clock, store::Database& db,
                       net::Resolver& resolver, net::HttpClient& http,
                       std::function<std::string()> service_token)
    : impl_(
          std::make_shared<Impl>(Services{std::move(config), std::move(executor), std::move(clock),
                                          db, resolver, http, std::move(service_token)})) {}

Controller::~Controller() { impl_->services.stopping = true; }

Task<> Controller::run() { return impl_->run(); }
Task<Result<CycleResult>> Controller::trigger_health_check(Deadline deadline) {
    return impl_->trigger(deadline);
}
std::shared_ptr<Operations> Controller::operations() const {
    return {impl_, impl_->operations.get()};
}
void Controller::record(store::Operation operation) {
    impl_->recorder.operation(std::move(operation));
}
ControllerView Controller::view() const { return impl_->view(); }
Task<> Controller::drain(Deadline deadline) { return impl_->drain(deadline); }

Controller::Impl::Impl(Services given)
    : services(std::move(given)),
      tasks(services.executor, services.clock),
      lease(services),
      registry(services),
      loader(services, cache),
      recorder(services, lease),
      hints(std::make_shared<HintSender>(services, tasks)),
      poll_wake(services.executor, services.clock),
      cycle_wake(services.executor, services.clock),
      ramp_wake(services.executor, services.clock),
      scan_wake(services.executor, services.clock),
      placement_wake(services.executor, services.clock),
      stopped(services.executor, services.clock) {
    statistics.started = services.clock->wall_now();
    publisher = std::make_unique<RoutePublisher>(services, cache, pool,
                                                 [this] { return make_node_table(); });
    full_cycle = std::make_unique<FullCycle>(
        services, tasks,
        [this] {
            std::vector<std::shared_ptr<NodeWatcher>> all;
            for (const auto& [id, watcher] : watchers) all.push_back(watcher);
            return all;
        },
        [this](const CycleResult& result) { on_cycle(result); });
    const auto hint = [this](const std::string& node) {
        hints->send(shared_from_this(), node, address_of(node));
    };
    mover = std::make_unique<Mover>(services, Mover::Links{lease, cache, loader, recorder, pool,
                                                           [this] { return may_move(); }, hint});
    // A failover goes first, and a plan is made anew when nothing of it is under way any more.
    const auto may_rebalance = [this] { return may_move() && !mover->moving(); };
    rebalancer = std::make_unique<Rebalancer>(
        services, Rebalancer::Links{lease, cache, loader, recorder, pool, may_rebalance, hint});
    operations = std::make_unique<Operations>(
        services,
        Operations::Links{cache, loader, *rebalancer, pool, [this] { poll_wake.notify(); }, hint});
    loader.on_changed = [this] {
        publisher->owners_changed();
        publisher->nodes_changed();
        mover->request();
    };
    lease.on_gained = [this] { on_gained(); };
    lease.on_lost = [this] {
        recorder.forget_statuses();
        rebalancer->forget();
        publisher->nodes_changed();
    };
}

Task<> Controller::Impl::run() {
    const auto self = shared_from_this();
    tasks.spawn("loop pulse", self, services.pulse.run());
    tasks.spawn("lease keeper", self, lease.run());
    tasks.spawn("gateway registry", self, registry.run());
    tasks.spawn("recorder", self, recorder.run());
    tasks.spawn("mover", self, mover->run());
    tasks.spawn("rebalancer", self, rebalancer->run());
    tasks.spawn("node table writer", self, publisher->run_nodes());
    tasks.spawn("owner table writer", self, publisher->run_owners());
    tasks.spawn("poll", self, poll_loop());
    tasks.spawn("full cycle", self, cycle_loop());
    tasks.spawn("slow start", self, ramp_loop());
    tasks.spawn("fault scan", self, scan_loop());
    tasks.spawn("placement check", self, placement_loop());
    while (!services.stopping) co_await stopped.wait(Deadline{});
}

Task<> Controller::Impl::drain(Deadline deadline) {
    const auto self = shared_from_this();
    services.stopping = true;
    for (const auto& [id, watcher] : watchers) watcher->stop();
    services.pulse.stop();
    lease.check_now();
    registry.stop();
    recorder.stop();
    mover->stop();
    rebalancer->stop();
    publisher->stop();
    poll_wake.notify();
    cycle_wake.notify();
    ramp_wake.notify();
    scan_wake.notify();
    placement_wake.notify();
    stopped.open();
    co_await tasks.wait(deadline);
    if (tasks.running() > 0) spdlog::warn("still running at the end: {}", tasks.running_names());
}

Task<Result<CycleResult>> Controller::Impl::trigger(Deadline deadline) {
    const auto self = shared_from_this();
    if (!lease.leader()) {
        if (!database_reachable) {
            co_return Failure{ErrorKind::unavailable,
                              "the database is away, so nobody leads: " + database_error, ""};
        }
        co_return Failure{ErrorKind::conflict,
                          lease.holder().empty()
                              ? "no controller leads yet"
                              : "this controller does not lead; " + lease.holder() + " does",
                          ""};
    }
    co_return co_await full_cycle->run(self, deadline);
}

NodeView Controller::Impl::view_of(const NodeWatcher& watcher) const {
    NodeView out;
    out.node = watcher.node();
    out.health = watcher.health();
    if (lease.leader()) {
        out.node.status = out.health.status;
        out.node.last_error = out.health.last_error;
    }
    out.address = watcher.address().text();
    out.address_error = watcher.address().error();
    const auto load = cache.load(out.node.id);
    out.monitors = load.monitors;
    out.checks_per_second = cache.checks_per_second(out.node.id);
    out.load = load.load;
    out.pinned = cache.pinned(out.node.id);
    out.ramp_permille = static_cast<int>(ramp_of(watcher));
    out.limit = limit_of(out.node);
    const auto& figures = watcher.figures();
    out.last_check = figures.last_check;
    out.last_latency = figures.last_latency;
    out.announced_load = figures.announced_load;
    out.checks_ok = figures.checks_ok;
    out.checks_failed = figures.checks_failed;
    return out;
}

std::vector<GatewayView> Controller::Impl::gateway_views() const {
    const auto* leading = leading_gateway(registry.gateways(), lease.holder());
    std::vector<GatewayView> views;
    for (const auto& gateway : registry.gateways()) {
        GatewayView view;
        view.gateway = gateway;
        view.self = gateway.id == services.config.gateway;
        view.leads = &gateway == leading;
        view.seen_lately = database_now - gateway.last_seen <
                           kMissedHeartbeats * services.config.heartbeat_interval;
        views.push_back(std::move(view));
    }
    return views;
}

ControllerView Controller::Impl::view() const {
    ControllerView out;
    out.now = services.clock->wall_now();
    out.leader = lease.leader();
    out.leader_holder = lease.holder();
    out.leader_term = lease.term_number();
    out.database_reachable = database_reachable;
    out.database_error = database_error;
    out.setup_complete = setup_complete;
    out.statistics = statistics;
    out.suspects = suspects;
    for (const auto& [id, watcher] : watchers) {
        out.nodes.push_back(view_of(*watcher));
        if (watcher->node().is_primary && out.primary_node.empty()) out.primary_node = id;
    }
    out.statistics.cycles = full_cycle->cycles();
    out.statistics.last_cycle = full_cycle->last();
    const auto& moves = mover->figures();
    out.statistics.failovers = moves.failovers;
    out.statistics.recoveries = moves.recoveries;
    out.statistics.monitors_moved = moves.moved;
    out.statistics.moves_refused = moves.refused;
    out.statistics.last_failover_took = moves.last_failover_took;
    out.statistics.failovers_took_sum = moves.failovers_took_sum;
    out.route_generation = publisher->generation();
    out.route_write_failures = publisher->failures();
    out.monitors_total = cache.total();
    out.monitors_active = cache.active();
    out.monitors_unplaced = cache.unplaced();
    out.moving = mover->moving();
    out.rebalancing = rebalancer->record();
    out.forced_node = forced_node;
    out.algorithm = services.config.algorithm;
    out.loads_read = loader.last_read();
    out.gateways = gateway_views();
    out.queues = recorder.queues();
    const auto names = services.resolver.stats();
    const auto requests = services.http.stats();
    out.queues.push_back({"dns_names", names.cached, names.limit, names.failures});
    out.queues.push_back(
        {"http_requests", requests.in_flight + requests.waiting, requests.limit, 0});
    out.hints_sent = hints->stats().sent;
    out.hints_failed = hints->stats().failed;
    return out;
}

}  // namespace higuma::cluster
