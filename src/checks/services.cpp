#include "checks/services.hpp"

namespace higuma::checks {

Services::Services(ServicesConfig config, boost::asio::any_io_executor executor,
                   std::shared_ptr<const Clock> clock)
    : clock_(clock),
      http_(executor, clock),
      resolver_(executor, clock, config.resolver),
      web_(executor, http_, *clock_),
      pinger_(executor, clock) {}

}  // namespace higuma::checks
