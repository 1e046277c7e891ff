#include "checks/certificate_readings.hpp"

namespace higuma::checks {

namespace {

// An expiry that is told is never older than an hour, whatever the monitor's interval below that.
constexpr std::chrono::minutes kReadAgain{30};
constexpr std::size_t kMost = 200'000;

}  // namespace

bool CertificateReadings::due(MonitorId monitor, Instant now) const {
    const auto found = at_.find(monitor.value);
    return found == at_.end() || now - found->second >= kReadAgain;
}

void CertificateReadings::read(MonitorId monitor, Instant now) {
    // Monitors that left stay listed until the list is full; then all are read once more.
    if (at_.size() >= kMost && !at_.contains(monitor.value)) at_.clear();
    at_[monitor.value] = now;
}

}  // namespace higuma::checks
