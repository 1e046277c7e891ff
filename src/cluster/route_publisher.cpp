#include "cluster/route_publisher.hpp"

#include <spdlog/spdlog.h>

namespace higuma::cluster {

namespace {
constexpr Millis kRetry{1'000};
constexpr Millis kTouchEvery{1'000};
constexpr std::uint32_t kFullShare = 1'000;
constexpr std::uint32_t kFirstShare = 50;  // not nothing: the first requests warm the node up
// Writing owners may take this share of the time at most: one part in five.
constexpr int kRestPerWrite = 4;
}  // namespace

bool same_content(const routing::NodeTable& a, const routing::NodeTable& b) {
    const auto same = [](const routing::RouteNode& x, const routing::RouteNode& y) {
        return x.id == y.id && x.address == y.address && x.state == y.state &&
               x.suspect == y.suspect && x.primary == y.primary && x.monitors == y.monitors &&
               x.ramp_permille == y.ramp_permille && x.weight == y.weight &&
               x.announced_load_permille == y.announced_load_permille;
    };
    return a.setup_complete == b.setup_complete && a.forced == b.forced &&
           a.algorithm == b.algorithm &&
           std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(), same);
}

std::uint32_t ramp_permille(std::optional<Instant> came_online, Instant now, Millis slow_start) {
    if (!came_online || slow_start.count() <= 0) return kFullShare;
    const auto age = std::chrono::floor<Millis>(now - *came_online);
    if (age >= slow_start) return kFullShare;
    const auto share = static_cast<std::uint32_t>(
        kFullShare * std::max<std::int64_t>(age.count(), 0) / slow_start.count());
    return std::max(share, kFirstShare);
}

void WriteBudget::wrote(Instant started, Instant ended) {
    next_ = std::max<Instant>(started + interval_, ended + kRestPerWrite * (ended - started));
}

RoutePublisher::RoutePublisher(Services& services, const StateCache& cache,
                               boost::asio::thread_pool& pool, MakeNodes make_nodes)
    : services_(services),
      cache_(cache),
      pool_(pool),
      make_nodes_(std::move(make_nodes)),
      nodes_wake_(services.executor, services.clock),
      owners_wake_(services.executor, services.clock),
      budget_(services.config.owners_write_interval) {}

void RoutePublisher::nodes_changed() {
    nodes_dirty_ = true;
    nodes_wake_.notify();
}

void RoutePublisher::owners_changed() {
    owners_dirty_ = true;
    owners_wake_.notify();
}

void RoutePublisher::stop() {
    nodes_wake_.notify();
    owners_wake_.notify();
}

std::uint64_t RoutePublisher::next_generation() {
    const auto wall = services_.clock->wall_now().time_since_epoch().count();
    generation_ = std::max(generation_ + 1, static_cast<std::uint64_t>(wall));
    return generation_;
}

bool RoutePublisher::note(const std::string& error, bool& said) {
    if (error.empty()) {
        if (said) spdlog::info("the route table is written again");
        said = false;
        return true;
    }
    ++failures_;
    if (!said) spdlog::error("route table not written, nginx goes on with the last one: {}", error);
    said = true;
    return false;
}

void RoutePublisher::write_nodes() {
    auto table = make_nodes_();
    // A write that failed is repeated even if nothing changed meanwhile: the file may be gone.
    if (!table || (written_ && !said_nodes_ && same_content(*written_, *table))) {
        nodes_dirty_ = false;
        return;
    }
    table->generation = next_generation();
    const auto path = services_.config.route_directory + "/nodes.route";
    if (!note(routing::write_node_table(path, *table), said_nodes_)) return;  // stays dirty
    written_ = std::move(*table);
    nodes_dirty_ = false;
}

Task<> RoutePublisher::run_nodes() {
    while (!services_.stopping) {
        const auto now = services_.clock->now();
        co_await nodes_wake_.wait_until(now + (nodes_dirty_ ? kRetry : kTouchEvery));
        if (nodes_dirty_) {
            write_nodes();
        } else if (written_ && !services_.stopping) {
            // nginx tells a quiet controller from one that is gone by the file's age.
            const auto path = services_.config.route_directory + "/nodes.route";
            if (!note(routing::touch_table(path), said_nodes_)) nodes_dirty_ = true;
        }
    }
}

Task<> RoutePublisher::run_owners() {
    while (!services_.stopping) {
        const auto now = services_.clock->now();
        const auto at = owners_dirty_ ? std::max<Instant>(budget_.next(), now) : Instant::max();
        co_await owners_wake_.wait_until(at);
        const auto started = services_.clock->now();
        if (!owners_dirty_ || !cache_.loaded() || started < budget_.next()) continue;
        owners_dirty_ = false;
        auto work = [snapshot = cache_.owners(), generation = next_generation(),
                     path = services_.config.route_directory + "/owners.route"]() mutable {
            routing::OwnerTable table;
            table.generation = generation;
            table.node_ids = std::move(snapshot.names);
            table.monitors = std::move(snapshot.owners);
            table.push_tokens = std::move(snapshot.push_tokens);
            return routing::write_owner_table(path, table);
        };
        const auto error = co_await offload(pool_, std::move(work));
        auto ended = services_.clock->now();
        if (!note(error, said_owners_)) {
            owners_dirty_ = true;
            ended += kRetry;
        }
        budget_.wrote(started, ended);
    }
}

}  // namespace higuma::cluster
