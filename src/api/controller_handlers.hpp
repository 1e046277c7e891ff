// The handlers of the controller's endpoints, by topic, and what they share. controller_api.cpp
// holds the table from path to handler.
#pragma once

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "api/controller_api.hpp"
#include "api/controller_json.hpp"
#include "cluster/async.hpp"

namespace higuma::api {

using ControllerContext = std::shared_ptr<ControllerApiContext>;

// What the audit log says of an action; handlers fill in what they know.
struct ActionNote {
    std::string actor;
    std::string target;  // "node2", "monitor 7 to node2"
    std::string reason;  // the operator's own words
    std::string detail;  // what was done; a refusal's own words otherwise
};
using Note = std::shared_ptr<ActionNote>;

// Answers that need the database are wanted quickly or not at all.
inline constexpr Millis kDatabaseWait{1'500};
// Actions that wait end before the server's and nginx's own limits of a request.
inline constexpr Millis kActionWait{20'000};

// A database that cannot be asked, or has too much to do, is one thing to the caller: try again
// later.
Failure away(const Failure& failure);

ViewTime view_time(const ControllerApiContext& context);
Deadline action_deadline(const ControllerApiContext& context, const Request& request);

template <class T, class Job>
Task<Result<T>> ask_database(ControllerContext context, Request request, Job job) {
    const auto soon = Deadline::after(*context->clock, kDatabaseWait);
    const Deadline deadline{std::min(soon.at, request.deadline.at)};
    const auto executor = co_await boost::asio::this_coro::executor;
    auto answer = co_await cluster::within<T>(executor, context->clock, deadline,
                                              context->db.run(deadline, std::move(job)));
    if (!answer) co_return away(answer.error());
    co_return answer;
}

using ReadHandler = Task<Response> (*)(ControllerContext, Request);
using ActHandler = Task<Response> (*)(ControllerContext, Request, Note);

// controller_reads.cpp
Task<Response> get_liveness(ControllerContext context, Request request);
Task<Response> get_page(ControllerContext context, Request request);
Task<Response> get_operator_page(ControllerContext context, Request request);
Task<Response> get_system_status(ControllerContext context, Request request);
Task<Response> get_node_status(ControllerContext context, Request request);
Task<Response> get_health_status(ControllerContext context, Request request);
Task<Response> get_setup_status(ControllerContext context, Request request);
Task<Response> get_available_nodes(ControllerContext context, Request request);
Task<Response> get_stored_health(ControllerContext context, Request request);
Task<Response> get_stored_capacity(ControllerContext context, Request request);
Task<Response> get_health_check_status(ControllerContext context, Request request);
Task<Response> get_events(ControllerContext context, Request request);
Task<Response> get_live(ControllerContext context, Request request);
Task<Response> get_fault_detection(ControllerContext context, Request request);
Task<Response> trigger_health_check(ControllerContext context, Request request, Note note);

// controller_drains.cpp
Task<Response> drain_node(ControllerContext context, Request request, Note note);
Task<Response> undrain_node(ControllerContext context, Request request, Note note);

// controller_moves.cpp
Task<Response> switch_monitor(ControllerContext context, Request request, Note note);
Task<Response> switch_batch(ControllerContext context, Request request, Note note);
Task<Response> pin_monitor(ControllerContext context, Request request, Note note);
Task<Response> unpin_monitor(ControllerContext context, Request request, Note note);

// controller_routing.cpp
Task<Response> get_routing_mode(ControllerContext context, Request request);
Task<Response> force_route(ControllerContext context, Request request, Note note);
Task<Response> restore_route(ControllerContext context, Request request, Note note);
Task<Response> get_load_balancer_status(ControllerContext context, Request request);
Task<Response> update_loads(ControllerContext context, Request request, Note note);

// nginx's own counters, or why there are none.
Task<Result<boost::json::object>> nginx_counters(ControllerContext context);

// controller_metrics.cpp
Task<Response> get_metrics(ControllerContext context, Request request);

// controller_balance.cpp
Task<Response> trigger_rebalancing(ControllerContext context, Request request, Note note);
Task<Response> force_rebalance_all(ControllerContext context, Request request, Note note);
Task<Response> get_rebalancing_status(ControllerContext context, Request request);

// controller_fixed_node.cpp
Task<Response> set_fixed_node_page(ControllerContext context, Request request);
Task<Response> clear_fixed_node_page(ControllerContext context, Request request);
Task<Response> clear_fixed_node(ControllerContext context, Request request);
Task<Response> set_fixed_node(ControllerContext context, Request request);
Task<Response> get_fixed_node_status(ControllerContext context, Request request);

// controller_debug.cpp
Task<Response> get_debug_config(ControllerContext context, Request request);
Task<Response> set_debug_config(ControllerContext context, Request request, Note note);
Task<Response> get_debug_logs(ControllerContext context, Request request);
Task<Response> get_operations(ControllerContext context, Request request);

}  // namespace higuma::api
