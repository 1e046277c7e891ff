#include "cluster/gateway_registry.hpp"

namespace higuma::cluster {

namespace {
constexpr Millis kTimeout{3'000};
constexpr Millis kRetry{5'000};  // until the first beat is written

using Gateways = std::vector<store::Gateway>;
}  // namespace

GatewayRegistry::GatewayRegistry(Services& services)
    : services_(services), wake_(services.executor, services.clock) {}

Task<> GatewayRegistry::beat() {
    const auto& config = services_.config;
    const store::Gateway self{config.gateway, config.gateway_address, config.version, {}, {}};
    auto job = [self, restarted = !noted_](store::Connection& db) -> Result<Gateways> {
        const auto written = store::note_gateway(db, self, restarted);
        if (!written) return written.error();
        return store::list_gateways(db);
    };
    const auto deadline = services_.after(kTimeout);
    auto work = services_.db.run(deadline, std::move(job));
    auto all =
        co_await within<Gateways>(services_.executor, services_.clock, deadline, std::move(work));
    if (!all) co_return;  // the poll says when the database is away
    noted_ = true;
    gateways_ = std::move(*all);
}

Task<> GatewayRegistry::leave() {
    auto job = [id = services_.config.gateway](store::Connection& db) {
        return store::forget_gateway(db, id);
    };
    const auto deadline = services_.after(services_.config.lease_renew);
    auto work = services_.db.run(deadline, std::move(job));
    co_await within<void>(services_.executor, services_.clock, deadline, std::move(work));
}

Task<> GatewayRegistry::run() {
    while (!services_.stopping) {
        co_await beat();
        const auto pause = noted_ ? services_.config.heartbeat_interval : kRetry;
        if (!services_.stopping) co_await wake_.wait_for(pause);
    }
    if (noted_) co_await leave();
}

const store::Gateway* leading_gateway(const std::vector<store::Gateway>& gateways,
                                      std::string_view holder) {
    const store::Gateway* found = nullptr;
    for (const auto& gateway : gateways) {
        const bool fits = holder == gateway.id || holder.starts_with(gateway.id + "-");
        if (fits && (!found || gateway.id.size() > found->id.size())) found = &gateway;
    }
    return found;
}

}  // namespace higuma::cluster
