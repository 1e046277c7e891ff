#include "checks/check_types.hpp"
#include "checks/http_exchange.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

Task<CheckOutcome> check_http(const CheckContext& context, const Monitor& monitor,
                              Deadline deadline) {
    constexpr std::size_t kNoBody = 0;
    const auto response = co_await exchange(context, monitor, kNoBody, deadline);
    if (!response) co_return CheckOutcome::down(response.error().message);
    co_return CheckOutcome::up(status_line(*response), response->took);
}

}  // namespace higuma::checks
