// Tells the other gateways and people that this gateway runs, and knows which others do. Writes at
// the start, at every interval, and removes its row when it is drained.
#pragma once

#include "cluster/async.hpp"
#include "cluster/services.hpp"
#include "store/gateways.hpp"

namespace higuma::cluster {

class GatewayRegistry {
  public:
    explicit GatewayRegistry(Services& services);
    Task<> run();
    void stop() { wake_.notify(); }
    const std::vector<store::Gateway>& gateways() const { return gateways_; }

  private:
    Task<> beat();
    Task<> leave();

    Services& services_;
    Wake wake_;
    std::vector<store::Gateway> gateways_;  // as of the last beat
    bool noted_ = false;
};

}  // namespace higuma::cluster
