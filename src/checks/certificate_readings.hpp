// When each monitor's certificate was last read in full. Reading it costs a whole handshake and a
// page of JSON, so it is done now and then, and at once after the monitor was new.
#pragma once

#include <unordered_map>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace higuma::checks {

class CertificateReadings {
  public:
    bool due(MonitorId monitor, Instant now) const;
    void read(MonitorId monitor, Instant now);
    std::size_t size() const { return at_.size(); }

  private:
    std::unordered_map<std::int64_t, Instant> at_;
};

}  // namespace higuma::checks
