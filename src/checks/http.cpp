#include "checks/check_types.hpp"
#include "checks/http_exchange.hpp"

namespace higuma::checks {

Task<policy::CheckOutcome> check_http(const CheckContext& context, const Monitor& monitor,
                                      Deadline deadline) {
    constexpr std::size_t kNoBody = 0;
    const auto response = co_await exchange(context, monitor, kNoBody, deadline);
    if (!response) co_return down(response.error().message);
    co_return policy::CheckOutcome{true, status_line(*response), response->took, std::nullopt};
}

}  // namespace higuma::checks
