#include <fmt/format.h>

#include "checks/check_types.hpp"
#include "checks/http_exchange.hpp"
#include "checks/http_request.hpp"
#include "checks/http_services.hpp"
#include "policy/schedule.hpp"

namespace higuma::checks {

using policy::CheckOutcome;

namespace {

constexpr std::size_t kMaxAsked = 4 << 20;

JsonQuestion question_of(const Monitor& monitor, const std::string& body) {
    const auto text = [&monitor](Option option) {
        return std::string(monitor.options.text(option));
    };
    return {body, text(Option::json_path), text(Option::json_path_operator),
            text(Option::expected_value)};
}

}  // namespace

Task<CheckOutcome> check_json_query(const CheckContext& context, const Monitor& monitor,
                                    Deadline deadline) {
    const Millis timeout = policy::check_timeout(monitor);
    deadline.at = std::min(deadline.at, context.clock.now() + timeout);
    auto result = co_await exchange(context, monitor, kMaxAsked, deadline);
    if (!result.good()) co_return failed(monitor, std::move(result));
    if (result.answer->body_cut) {
        co_return rejected(monitor, std::move(result),
                           "Error evaluating JSON query: the answer is larger than 4 MiB");
    }
    const auto verdict = co_await context.web.queries.ask(
        question_of(monitor, valid_utf8(result.answer->body)), deadline);
    if (!verdict) {
        std::string msg = verdict.error().kind == ErrorKind::timeout
                              ? fmt::format("timeout of {}ms exceeded", timeout.count())
                              : verdict.error().message;
        co_return rejected(monitor, std::move(result), std::move(msg));
    }
    if (verdict->ok) co_return passed(monitor, std::move(result), verdict->message);
    CheckOutcome outcome = rejected(monitor, std::move(result), verdict->message);
    // A retry is for servers that do not answer, where the monitor says so.
    outcome.conclusive =
        verdict->conclusive && monitor.options.flag(Option::retry_only_on_status_code_failure);
    co_return outcome;
}

}  // namespace higuma::checks
