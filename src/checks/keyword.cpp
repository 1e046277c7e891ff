#include <fmt/format.h>

#include "checks/check_types.hpp"
#include "checks/http_exchange.hpp"
#include "checks/http_request.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

// A keyword behind this is not found; the message says so.
constexpr std::size_t kMaxSearched = 4 << 20;

}  // namespace

Task<CheckOutcome> check_keyword(const CheckContext& context, const Monitor& monitor,
                                 Deadline deadline) {
    const auto response = co_await exchange(context, monitor, kMaxSearched, deadline);
    if (!response) co_return CheckOutcome::down(response.error().message);
    const bool found = response->body.find(monitor.keyword) != std::string::npos;
    const std::string status = status_line(*response);
    if (found == monitor.invert_keyword) {
        const std::string cut = response->body_cut && !found ? " (only 4 MiB were searched)" : "";
        co_return CheckOutcome::down(fmt::format("{}, but keyword is {} in [{}]{}", status,
                                                 found ? "present" : "not",
                                                 excerpt_of(response->body), cut));
    }
    co_return CheckOutcome::up(fmt::format("{}, keyword {} found", status, found ? "is" : "not"),
                               response->took);
}

}  // namespace higuma::checks
