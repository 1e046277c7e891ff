#include "checks/check_types.hpp"
#include "checks/http_exchange.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

Task<CheckOutcome> check_http(const CheckContext& context, const Monitor& monitor,
                              Deadline deadline) {
    auto result = co_await exchange(context, monitor, kept_of_success(monitor), deadline);
    if (!result.good()) co_return failed(monitor, std::move(result));
    std::string msg = status_line(*result.answer);
    co_return passed(monitor, std::move(result), std::move(msg));
}

}  // namespace higuma::checks
