#include "cluster/node_watcher.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/json.hpp>

namespace higuma::cluster {

namespace asio = boost::asio;

namespace {
// A wait on the kept connection looks up this often, for a full check may have moved the next
// check.
constexpr Millis kWaitSlice{250};
constexpr Millis kHeldUp{250};
}  // namespace

void NodeAddress::set_host(const std::string& host) {
    if (host == host_ && ip_) return;
    host_ = host;
    ip_.reset();
    literal_ = false;
    if (host.empty()) {
        error_ = "host is empty";
        return;
    }
    const auto parts = net::parse_host_port(host, "host");
    if (!parts) {
        error_ = parts.error().message;
        return;
    }
    name_ = parts->host;
    port_ = parts->port;
    boost::system::error_code bad;
    const auto ip = asio::ip::make_address(name_, bad);
    if (bad) {
        error_ = fmt::format("{} is not resolved yet", name_);
        return;
    }
    ip_ = ip;
    literal_ = true;
    error_.clear();
}

Task<bool> NodeAddress::refresh(Deadline deadline) {
    if (literal_ || name_.empty() || !net::parse_host_port(host_, "host")) co_return false;
    const std::string asked = host_;
    auto answer = co_await services_.resolver.resolve(name_, "", deadline);
    if (asked != host_) co_return false;  // the host changed meanwhile
    if (!answer || answer->addresses.empty()) {
        error_ = answer ? fmt::format("{} has no address", name_)
                        : fmt::format("{}: {}", name_, answer.error().message);
        co_return false;
    }
    error_ =
        answer->stale ? fmt::format("{}: DNS fails, the last good address is used", name_) : "";
    const auto& found = answer->addresses;
    // Of several addresses the current one is kept while it is still listed.
    if (ip_ && std::find(found.begin(), found.end(), *ip_) != found.end()) co_return false;
    ip_ = found.front();
    co_return true;
}

std::string NodeAddress::text() const {
    if (!ip_) return "";
    return ip_->is_v6() ? fmt::format("[{}]:{}", ip_->to_string(), port_)
                        : fmt::format("{}:{}", ip_->to_string(), port_);
}

NodeWatcher::NodeWatcher(Services& services, Node node, TaskGroup& tasks, OnEvent on_event,
                         OnStep on_step, OnAddress on_address)
    : services_(services),
      node_(std::move(node)),
      tasks_(tasks),
      on_event_(std::move(on_event)),
      on_step_(std::move(on_step)),
      on_address_(std::move(on_address)),
      address_(services),
      connection_(services.executor, services.clock),
      wake_(services.executor, services.clock),
      health_(policy::initial_health(node_.status, services.clock->now())),
      checked_at_(services.clock->now()),
      next_timeout_(services.config.detector.liveness_timeout) {
    health_ = policy::on_drain_wish(std::move(health_), node_.draining, health_.since).health;
    address_.set_host(node_.host);
}

void NodeWatcher::stop() {
    stopped_ = true;
    connection_.close();
    wake_.notify();
}

void NodeWatcher::update(const Node& node) {
    const bool moved = node.host != node_.host;
    node_ = node;
    if (node.draining != health_.draining) follow_drain_wish();
    if (!moved) return;
    spdlog::info("{} is now at '{}'", node_.id.value, node_.host);
    address_.set_host(node_.host);
    connection_.close();
    next_check_ = services_.clock->now();
    if (on_address_) on_address_(*this);
    wake_.notify();
}

void NodeWatcher::follow_drain_wish() {
    const auto before = health_;
    const auto step = policy::on_drain_wish(health_, node_.draining, services_.clock->now());
    health_ = step.health;
    if (step.came_online) figures_.came_online = health_.since;
    on_step_(*this, step, before);
}

std::optional<double> announced_load_in(const std::string& body) {
    boost::json::parse_options options;
    options.max_depth = 8;
    boost::system::error_code bad;
    const auto value = boost::json::parse(body, bad, {}, options);
    if (bad || !value.is_object()) return std::nullopt;
    const auto* load = value.get_object().if_contains("load");
    if (!load || !load->is_number()) return std::nullopt;
    const auto number = load->to_number<double>(bad);
    if (bad || !(number >= 0 && number <= 1)) return std::nullopt;
    return number;
}

Duration NodeWatcher::since_check() const { return services_.clock->now() - checked_at_; }

void NodeWatcher::check_soon() {
    const auto soon = services_.clock->now() + services_.config.detector.fast_interval;
    next_check_ = std::min<Instant>(next_check_, soon);
    wake_.notify();
}

bool NodeWatcher::suspect() const {
    return health_.consecutive_failures > 0 || health_.status == NodeStatus::offline;
}

std::string NodeWatcher::judge(int status) const {
    if (services_.config.health_codes.contains(status)) return "";
    return fmt::format("answered {} to {}", status, services_.config.health_path);
}

void NodeWatcher::feed(policy::HealthEvent event, const std::string& error, Duration spent) {
    if (stopped_) return;
    const auto before = health_;
    const auto now = services_.clock->now();
    const auto step =
        policy::on_health_event(services_.config.detector, health_, event, error, now);
    health_ = step.health;
    const bool failed = event == policy::HealthEvent::check_failed ||
                        event == policy::HealthEvent::connection_closed;
    if (failed) last_failed_ = now;
    next_check_ = now + std::max<Duration>(step.next_check_in - spent, Duration::zero());
    next_timeout_ = step.next_timeout;
    if (step.came_online) figures_.came_online = now;
    on_step_(*this, step, before);
}

// Checks overlap: two that fail in one outage are one failure, and a check that began before a
// later one succeeded says nothing new.
bool NodeWatcher::is_old_news(Instant began) const {
    return began < last_failed_ || began < last_ok_began_;
}

bool NodeWatcher::says_nothing(const Outcome& outcome, Instant began) const {
    return outcome.timed_out && services_.pulse.held_up_since(began) >= kHeldUp;
}

void NodeWatcher::checked(const Outcome& outcome, Instant began) {
    if (stopped_) return;
    const auto now = services_.clock->now();
    const bool ok = outcome.error.empty();
    auto event = ok ? policy::HealthEvent::check_ok : policy::HealthEvent::check_failed;
    if (says_nothing(outcome, began)) event = policy::HealthEvent::inconclusive;
    figures_.last_check = services_.clock->wall_now();
    checked_at_ = now;
    if (event == policy::HealthEvent::check_failed) ++figures_.checks_failed;
    on_event_(event);
    if (ok) {
        ++figures_.checks_ok;
        figures_.last_latency = std::chrono::round<Millis>(now - began);
        last_ok_began_ = std::max(last_ok_began_, began);
    } else if (is_old_news(began)) {
        if (next_check_ <= now) next_check_ = now + services_.config.detector.fast_interval;
        return;
    }
    feed(event, outcome.error);
}

Task<> NodeWatcher::refresh_address(Deadline deadline) {
    if (refreshing_) co_return;
    refreshing_ = true;
    const bool changed = co_await address_.refresh(deadline);
    refreshing_ = false;
    if (!changed || stopped_) co_return;
    connection_.close();
    if (on_address_) on_address_(*this);
    wake_.notify();
}

void NodeWatcher::refresh_in_background() {
    if (refreshing_) return;
    const auto deadline = services_.after(services_.config.detector.check_timeout);
    tasks_.spawn("resolver of " + node_.id.value, shared_from_this(), refresh_address(deadline));
}

Task<> NodeWatcher::liveness_check() {
    const auto started = services_.clock->now();
    const auto deadline = services_.after(next_timeout_);
    // With an address at hand DNS is asked beside the check: names that do not resolve any more
    // must not make a healthy node late.
    if (address_.ip()) {
        refresh_in_background();
    } else {
        co_await refresh_address(deadline);
    }
    if (stopped_) co_return;
    Outcome outcome;
    if (!address_.ip()) {
        outcome.error = address_.error();
    } else {
        auto reply = co_await connection_.get(*address_.ip(), address_.port(), address_.host(),
                                              services_.config.health_path, deadline);
        outcome.error = reply ? judge(reply->status) : reply.error().message;
        outcome.timed_out = !reply && reply.error().kind == ErrorKind::timeout;
        if (!reply) connection_.close();
        if (reply) note_load(reply->body);
    }
    checked(outcome, started);
}

void NodeWatcher::note_load(const std::string& body) {
    const auto load = announced_load_in(body);
    if (load == figures_.announced_load) return;
    figures_.announced_load = load;
    if (on_address_) on_address_(*this);
}

Task<> NodeWatcher::wait_for_next() {
    while (!stopped_ && !services_.stopping && services_.clock->now() < next_check_) {
        const auto until = std::min<Instant>(next_check_, services_.clock->now() + kWaitSlice);
        if (!connection_.connected()) {
            co_await wake_.wait_until(until);
            continue;
        }
        const bool closed = co_await connection_.wait_closed(Deadline{until});
        if (!closed || stopped_ || services_.stopping) continue;
        connection_.close();
        on_event_(policy::HealthEvent::connection_closed);
        feed(policy::HealthEvent::connection_closed, "the node closed its connection");
    }
}

Task<> NodeWatcher::run() {
    while (!stopped_ && !services_.stopping) {
        co_await liveness_check();
        co_await wait_for_next();
    }
    connection_.close();
}

Task<CycleResult::OneNode> NodeWatcher::full_check(Deadline deadline) {
    CycleResult::OneNode out;
    out.node = node_.id;
    const auto started = services_.clock->now();
    if (!address_.ip()) co_await refresh_address(deadline);
    Outcome outcome{address_.error()};
    if (address_.ip()) {
        net::HttpRequest request;
        request.url = fmt::format("http://{}{}", address_.text(), services_.config.health_path);
        request.headers = {{"Host", address_.host()}};
        request.max_redirects = 0;
        request.fresh_connection = true;
        auto response = co_await services_.http.send(std::move(request), deadline);
        outcome.error = response ? judge(response->status) : response.error().message;
        outcome.timed_out = !response && response.error().kind == ErrorKind::timeout;
    }
    out.took = std::chrono::round<Millis>(services_.clock->now() - started);
    checked(outcome, started);
    out.ok = outcome.error.empty();
    out.error = outcome.error;
    out.status = health_.status;
    co_return out;
}

}  // namespace higuma::cluster
