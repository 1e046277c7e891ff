#include "cluster/monitor_set.hpp"

#include <functional>
#include <string_view>
#include <unordered_set>

namespace higuma::cluster {

namespace {

class Mixer {
  public:
    Mixer& add(std::string_view text) { return mix(std::hash<std::string_view>{}(text)); }
    Mixer& add(std::int64_t number) { return mix(std::hash<std::int64_t>{}(number)); }
    std::uint64_t value() const { return value_; }

  private:
    Mixer& mix(std::uint64_t part) {
        value_ ^= part + 0x9e3779b97f4a7c15ULL + (value_ << 6) + (value_ >> 2);
        return *this;
    }
    std::uint64_t value_ = 0;
};

}  // namespace

std::uint64_t digest(const Monitor& m) {
    Mixer mixer;
    mixer.add(m.name).add(m.type).add(m.user ? m.user->value : -1);
    mixer.add(m.parent ? m.parent->value : -1);
    mixer.add(m.interval.count()).add(m.retry_interval.count()).add(m.max_retries);
    mixer.add(m.resend_interval).add(m.timeout.count()).add(m.upside_down);
    mixer.add(m.url).add(m.method).add(m.body).add(m.headers).add(m.http_body_encoding);
    for (const auto& codes : m.accepted_statuscodes) mixer.add(codes);
    mixer.add(m.max_redirects).add(m.ignore_tls).add(m.cache_bust);
    mixer.add(m.auth_method).add(m.basic_auth_user).add(m.basic_auth_pass).add(m.bearer_token);
    mixer.add(m.ip_family).add(m.keyword).add(m.invert_keyword);
    mixer.add(m.hostname).add(m.port.value_or(-1)).add(m.push_token);
    return mixer.value();
}

ReconcilePlan MonitorSet::plan(store::MonitorDelta delta) const {
    ReconcilePlan out;
    std::unordered_set<MonitorId> listed;
    for (auto& monitor : delta.mine) {
        if (delta.full) listed.insert(monitor.id);
        const auto known = known_.find(monitor.id);
        if (!monitor.active) {
            if (known != known_.end()) out.stop.push_back(monitor.id);
        } else if (known == known_.end()) {
            out.start.push_back(std::move(monitor));
        } else if (known->second.epoch != monitor.assignment.epoch) {
            out.restarts.push_back(monitor.id);
            out.start.push_back(std::move(monitor));
        } else if (known->second.digest != digest(monitor)) {
            out.change.push_back(std::move(monitor));
        }
    }
    for (const auto& id : delta.not_mine) {
        if (known_.contains(id)) out.stop.push_back(id);
    }
    if (!delta.full) return out;
    for (const auto& [id, entry] : known_) {
        if (!listed.contains(id)) out.stop.push_back(id);
    }
    return out;
}

void MonitorSet::started(const Monitor& monitor) {
    known_[monitor.id] = {monitor.assignment.epoch, digest(monitor)};
}

std::vector<MonitorId> MonitorSet::ids() const {
    std::vector<MonitorId> out;
    out.reserve(known_.size());
    for (const auto& [id, entry] : known_) out.push_back(id);
    return out;
}

}  // namespace higuma::cluster
