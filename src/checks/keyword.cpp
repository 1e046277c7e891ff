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
    auto result = co_await exchange(context, monitor, kMaxSearched, deadline);
    if (!result.good()) co_return failed(monitor, std::move(result));
    result.answer->body = text_of_answer(std::move(result.answer->body));
    const bool found = result.answer->body.find(monitor.keyword) != std::string::npos;
    const std::string status = status_line(*result.answer);
    if (found == monitor.invert_keyword) {
        const bool cut = result.answer->body_cut && !found;
        std::string msg =
            fmt::format("{}, but keyword is {} in [{}]{}", status, found ? "present" : "not",
                        excerpt_of(result.answer->body), cut ? " (only 4 MiB were searched)" : "");
        co_return rejected(monitor, std::move(result), std::move(msg));
    }
    std::string msg = fmt::format("{}, keyword {} found", status, found ? "is" : "not");
    co_return passed(monitor, std::move(result), std::move(msg));
}

}  // namespace higuma::checks
