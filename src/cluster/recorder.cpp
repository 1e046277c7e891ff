#include "cluster/recorder.hpp"

#include <spdlog/spdlog.h>

namespace higuma::cluster {

namespace {
constexpr Millis kRetry{1'000};
constexpr Millis kWriteTimeout{10'000};

bool is_status_event(const store::ClusterEvent& event) {
    return event.kind == "online" || event.kind == "offline" || event.kind == "recovering" ||
           event.kind == "draining";
}
}  // namespace

Recorder::Recorder(Services& services, LeaseKeeper& lease)
    : services_(services), lease_(lease), wake_(services.executor, services.clock) {}

void Recorder::status(const NodeId& id, NodeStatus status, const std::string& error, bool seen) {
    auto& entry = statuses_[id.value];
    entry = {status, error, seen};
    wake_.notify();
}

void Recorder::event(std::string kind, std::optional<NodeId> node, std::int64_t monitors,
                     std::int64_t took_ms, std::string detail) {
    if (events_.size() >= kEventLimit) {
        events_.pop_front();
        ++events_dropped_;
    }
    spdlog::info("{}", detail);
    store::ClusterEvent event;
    event.time = services_.clock->wall_now();
    event.kind = std::move(kind);
    event.node = std::move(node);
    event.monitors = monitors;
    event.took_ms = took_ms;
    event.detail = std::move(detail);
    events_.push_back(std::move(event));
    wake_.notify();
}

std::vector<QueueView> Recorder::queues() const {
    return {{"events", events_.size(), kEventLimit, events_dropped_},
            {"operations", operations_.size(), kEventLimit, operations_dropped_}};
}

void Recorder::forget_statuses() {
    statuses_.clear();
    std::erase_if(events_, is_status_event);
}

Task<bool> Recorder::write_statuses() {
    if (statuses_.empty() || !lease_.leader()) co_return true;
    const auto batch = std::exchange(statuses_, {});
    const auto term = lease_.term();
    auto job = [batch, term](store::Connection& db) -> Result<void> {
        for (const auto& [id, entry] : batch) {
            auto written = store::write_node_status(db, term, NodeId{id}, entry.status, entry.error,
                                                    entry.seen);
            // A row that was deleted meanwhile has no state to keep.
            if (!written && written.error().kind != ErrorKind::not_found) return written;
        }
        return {};
    };
    const auto written = co_await services_.db.run(services_.after(kWriteTimeout), std::move(job));
    if (written) co_return true;
    if (written.error().kind == ErrorKind::stale) {
        lease_.refused();
        co_return true;
    }
    spdlog::debug("node states not written yet: {}", written.error().message);
    if (lease_.leader()) statuses_.insert(batch.begin(), batch.end());  // newer ones stay
    co_return false;
}

Task<bool> Recorder::write_events() {
    while (!events_.empty()) {
        const auto event = events_.front();
        events_.pop_front();
        auto job = [event](store::Connection& db) { return store::add_event(db, event); };
        const auto written =
            co_await services_.db.run(services_.after(kWriteTimeout), std::move(job));
        if (written) continue;
        spdlog::debug("event not written yet: {}", written.error().message);
        if (events_.size() < kEventLimit) events_.push_front(event);
        co_return false;
    }
    co_return true;
}

void Recorder::operation(store::Operation operation) {
    if (operations_.size() >= kEventLimit) {
        operations_.pop_front();
        ++operations_dropped_;
    }
    operations_.push_back(std::move(operation));
    wake_.notify();
}

Task<bool> Recorder::write_operations() {
    while (!operations_.empty()) {
        const auto operation = operations_.front();
        operations_.pop_front();
        auto job = [operation](store::Connection& db) {
            return store::add_operation(db, operation);
        };
        const auto written =
            co_await services_.db.run(services_.after(kWriteTimeout), std::move(job));
        if (written) continue;
        spdlog::debug("operation not written yet: {}", written.error().message);
        if (operations_.size() < kEventLimit) operations_.push_front(operation);
        co_return false;
    }
    co_return true;
}

Task<> Recorder::run() {
    bool retry = false;
    while (!services_.stopping) {
        co_await wake_.wait_until(retry ? services_.clock->now() + kRetry : Instant::max());
        const bool statuses = co_await write_statuses();
        const bool events = co_await write_events();
        const bool operations = co_await write_operations();
        retry = !statuses || !events || !operations;
    }
}

}  // namespace higuma::cluster
