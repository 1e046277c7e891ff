// What the live page shows: nodes from the controller's memory, monitors with their last beats and
// recent events from the database, read at most once a second however many browsers look.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/fwd.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "cluster/controller.hpp"
#include "store/database.hpp"

namespace higuma::api {

struct LiveQuery {
    std::string search;
    std::string status;  // "", "down", "up", "pending", "maintenance", "unknown", "paused"
    std::string node;    // "", or a node id
    std::size_t offset = 0;
    std::size_t limit = 60;        // at most 200
    std::int64_t beats_after = 0;  // beats with an id up to this are known to the browser
};

// The query's parameters, each optional; a bad one is named.
Result<LiveQuery> live_query_from(
    const std::vector<std::pair<std::string, std::string>>& parameters);

class LiveView {
  public:
    LiveView(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
             store::Database& db, const cluster::Controller& controller);
    // `self` and `version` of the gateway, for the answer.
    void set_identity(std::string self, std::string version);
    ~LiveView();

    // The JSON of GET /lb/live. With the database away it answers what it knows and says so.
    // Failures: invalid_input (status), overloaded, timeout (a search).
    Task<Result<boost::json::object>> snapshot(LiveQuery query, Deadline deadline);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::api
