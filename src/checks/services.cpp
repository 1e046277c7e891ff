#include "checks/services.hpp"

namespace higuma::checks {

namespace {

constexpr std::size_t kBesideChecks = 256;  // tokens, pushes passed on, look-ups of domains

}  // namespace

Services::Services(ServicesConfig config, boost::asio::any_io_executor executor,
                   std::shared_ptr<const Clock> clock)
    : clock_(clock),
      http_(executor, clock, config.checks_under_way + kBesideChecks),
      resolver_(executor, clock, config.resolver),
      web_(executor, http_, *clock_),
      pinger_(executor, clock) {}

}  // namespace higuma::checks
