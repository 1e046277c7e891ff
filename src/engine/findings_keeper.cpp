#include "engine/findings_keeper.hpp"

#include <functional>

namespace higuma::engine {

namespace {

std::size_t hash_of(const Findings& findings) {
    const std::hash<std::string> hash;
    return hash(findings.tls_info) * 31 + hash(findings.dns_last_result);
}

}  // namespace

std::size_t FindingsKeeper::size_of(const store::MonitorFindings& one) {
    return one.findings->tls_info.size() + one.findings->dns_last_result.size();
}

void FindingsKeeper::offer(store::MonitorFindings one, Instant now) {
    if (!one.findings || size_of(one) == 0) return;
    const auto known = known_.find(one.monitor);
    if (known != known_.end() && known->second.hash == hash_of(*one.findings) &&
        now - known->second.at < limits_.stale) {
        forget_waiting(one.monitor);  // it is again as it was
        return;
    }
    forget_waiting(one.monitor);
    if (waiting_.size() >= limits_.waiting || bytes_ + size_of(one) > limits_.bytes) {
        ++dropped_;  // the next check offers it again
        return;
    }
    bytes_ += size_of(one);
    waiting_.emplace(one.monitor, std::move(one));
}

void FindingsKeeper::forget(MonitorId id) {
    known_.erase(id);
    forget_waiting(id);
}

void FindingsKeeper::forget_waiting(MonitorId id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    bytes_ -= size_of(found->second);
    waiting_.erase(found);
}

std::vector<store::MonitorFindings> FindingsKeeper::take() {
    std::vector<store::MonitorFindings> batch;
    std::size_t bytes = 0;
    while (!waiting_.empty() && batch.size() < limits_.batch) {
        const auto next = waiting_.begin();
        const std::size_t size = size_of(next->second);
        if (!batch.empty() && bytes + size > limits_.batch_bytes) break;
        bytes += size;
        bytes_ -= size;
        batch.push_back(std::move(next->second));
        waiting_.erase(next);
    }
    return batch;
}

void FindingsKeeper::put_back(std::vector<store::MonitorFindings> batch) {
    for (auto& one : batch) {
        const std::size_t size = size_of(one);
        if (waiting_.emplace(one.monitor, std::move(one)).second) bytes_ += size;
    }
}

void FindingsKeeper::written(const std::vector<store::MonitorFindings>& batch, Instant now) {
    for (const auto& one : batch) known_[one.monitor] = {hash_of(*one.findings), now};
}

}  // namespace higuma::engine
